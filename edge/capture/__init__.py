"""Cameras, schedules and the quality gate."""
