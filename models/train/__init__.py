"""Training of the shipped models (extra `train`): one command each, seeded and resumable."""
