"""The command `sink`."""
