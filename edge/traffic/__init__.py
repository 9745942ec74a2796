"""Foot traffic: tracks of people, counting lines, zones, dwell and heat, as pure functions on boxes and times."""
