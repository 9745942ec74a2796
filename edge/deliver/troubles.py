"""What an error of SQLite says of the disk: it is full, it refuses, or what lies on it is damaged."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path


class Trouble(StrEnum):
    """What is the matter with a disk."""

    FULL = "full"  # room can be made
    REFUSING = "refusing"  # read-only, torn out, no permission: it can only be waited for
    DAMAGED = "damaged"  # the file is no outbox any more


MENDS = {
    Trouble.FULL: "free some space on it",
    Trouble.REFUSING: "see whether it is mounted read-only or worn out; it is tried again",
    Trouble.DAMAGED: "nothing: it is set aside, and a new one begun",
}

_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_CONSTRAINT,  # a number given twice: what was read of the file contradicts itself
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_TOOBIG,  # a length that nobody wrote
        sqlite3.SQLITE_ERROR,  # the statements are sound, so a table they name is gone
    }
)


class DiskError(DeliveryError):
    """The disk under the outbox does not do its work."""

    def __init__(self, what: str, trouble: Trouble) -> None:
        super().__init__(what, MENDS[trouble])
        self.trouble = trouble


def disk_error(path: Path, error: sqlite3.Error) -> DiskError:
    """The same error, with what it means."""
    return DiskError(f"{path}: {error}", trouble_of(error))


def trouble_of(error: sqlite3.Error) -> Trouble:
    """What an error means for the file it came from."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Not SQLite's own. Of a closed connection it is no word on the file; else: text that is not UTF-8, or ours.
        return Trouble.REFUSING if isinstance(error, sqlite3.ProgrammingError) else Trouble.DAMAGED
    if code in {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}:
        return Trouble.DAMAGED
    primary = code & 0xFF  # the rest says more of the same
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return Trouble.FULL
    return Trouble.DAMAGED if primary in _DAMAGED else Trouble.REFUSING
