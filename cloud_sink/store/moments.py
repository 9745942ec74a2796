"""Moments as the database keeps them: integer milliseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970, rounded down; exact, where `timestamp()` would go through a float."""
    return (at - _EPOCH) // _MS


def now() -> datetime:
    """The moment, as exactly as the database keeps it: what is told of a new row is what is told of it later."""
    return from_ms(to_ms(datetime.now(UTC)))


def from_ms(ms: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + ms * _MS
