"""The outbox's tables, and what a row of them costs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

PLAIN_VERSION = 1
SEALED_VERSION = 2
"""Of a file with sealed rows: an agent that knows nothing of them must not send them as they are."""

SCHEMA_VERSION = SEALED_VERSION
"""The newest that is known here."""

PAGE = 1024
"""Bytes. A commit writes whole pages one after another into the journal, and few of their bytes are new: small pages
halve what an SD card gets to write (docs/decisions/0018-faulty-disks.md)."""

SLACK = 256 * 1024
"""Bytes of free pages that a new file begins with: so much it takes even on a disk that is full from then on."""

TABLES = frozenset({"meta", "state", "epoch", "event", "answer"})

WAITING, RECEIPTED, REFUSED = 0, 1, 2

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE epoch (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL);
CREATE TABLE event (
    row INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL REFERENCES epoch (number),
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    status INTEGER NOT NULL,
    charge INTEGER NOT NULL,
    born REAL NOT NULL,
    settled REAL,
    time TEXT NOT NULL,
    evidence TEXT,
    reissues INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX event_key ON event (epoch, seq);
CREATE INDEX event_shed ON event (status, kind, row);
CREATE INDEX event_evidence ON event (evidence) WHERE evidence IS NOT NULL;
CREATE TABLE answer (id TEXT PRIMARY KEY, born REAL NOT NULL, reply TEXT NOT NULL) WITHOUT ROWID;
"""
_SLACK_PAGES = f"CREATE TABLE slack (x); INSERT INTO slack VALUES (zeroblob({SLACK})); DROP TABLE slack;"  # noqa: S608 - constant
# `row` is the order of entry over all epochs. `born` and `settled` are ages: seconds this outbox has been in use, kept
# in meta. No wall clock takes part, so a device that starts in 1970 and is then set right drops nothing by mistake.


def new_epoch() -> str:
    """A name that no other outbox has: 128 random bits."""
    return secrets.token_hex(16)


def create(database: sqlite3.Connection) -> None:
    """Make the tables and the first epoch.

    Raises:
        sqlite3.Error: there is no room, or some tables are there already.
    """
    # One transaction: a process killed here leaves an empty database, not half a one.
    database.executescript(
        f"BEGIN IMMEDIATE; {_SCHEMA}"  # noqa: S608 - constants, and hex made here
        f"{_SLACK_PAGES}"
        f"INSERT INTO epoch VALUES (1, '{new_epoch()}', 0);"
        f"PRAGMA user_version = {PLAIN_VERSION}; COMMIT;"
    )


def give_slack(database: sqlite3.Connection) -> None:
    """Give a file that has none the free pages that a new one begins with.

    Raises:
        sqlite3.Error: there is no room.
    """
    database.executescript(f"BEGIN IMMEDIATE; {_SLACK_PAGES} COMMIT;")


def charge_of(size: int) -> int:
    """Bytes of the file that a body of `size` bytes takes up, rounded up as SQLite's pages round it.

    Small rows share a page; a row that does not fit spills into pages of its own.
    """
    cell = size + 220  # the other columns and the entries in three indexes
    if cell <= PAGE - 40:
        return -(-PAGE // ((PAGE - 40) // cell))
    return -(-cell // (PAGE - 4)) * PAGE + PAGE // 8
