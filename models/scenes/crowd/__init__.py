"""Simulated crowds before a camera, with exact truth: to measure the counting of people without a detector."""
