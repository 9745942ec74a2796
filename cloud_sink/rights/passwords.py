"""Passwords: argon2id as OWASP's password storage cheat sheet sets it, and the length that NIST SP 800-63B asks for."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 200
"""Characters of a password."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("the password of nobody")

_TURN = threading.Semaphore(2)
"""How many are worked at together: each takes 19 MB and a core, and anybody may ask for it."""


def hash_password(password: str) -> str:
    """What is stored of a password."""
    with _TURN:
        return _HASHER.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Whether it is the one; takes as long for a user who has none, or is none."""
    with _TURN:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
