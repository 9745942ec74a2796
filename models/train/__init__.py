"""Training of the shipped models (extra `train`): one command each, seeded and resumable."""

import os

# OpenMP threads that wait spin by default: beside any other busy program every step then took five times as long here.
# It is read when torch is loaded, so it is set before any module of this package can load it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
