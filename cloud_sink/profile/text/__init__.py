"""The profile as tables on a terminal."""
