"""What templates show, made by pure functions."""
