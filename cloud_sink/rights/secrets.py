"""Secrets that are made here: 256 random bits each, so that a plain hash of them is as good as they are."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

_PREFIX = "fck"
"""What keys begin with, so that scanners of leaked secrets know one."""


@dataclass(frozen=True, slots=True)
class KeyParts:
    """An API key as it is sent: its id finds it, its secret proves it."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"{_PREFIX}_{self.id}_{self.secret}"


def new_id() -> str:
    """A name for something new."""
    return secrets.token_hex(8)


def new_token() -> str:
    """A secret for a session, a link, a sign-in."""
    return secrets.token_urlsafe(32)


def new_key() -> KeyParts:
    """An API key."""
    return KeyParts(new_id(), secrets.token_hex(32))


def parse_key(text: str) -> KeyParts | None:
    """The parts of a key; None for what is none."""
    parts = text.split("_")
    return KeyParts(parts[1], parts[2]) if len(parts) == 3 and parts[0] == _PREFIX else None  # noqa: PLR2004 - as `KeyParts` writes it


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_same(secret: str, stored: str) -> bool:
    """Whether a secret is the stored one; takes as long for every answer."""
    return hmac.compare_digest(digest(secret), stored)


def csrf_of(session: str) -> str:
    """The word that a page must send along with a change: who only has the cookie sent for it cannot know it."""
    return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()
