"""The outbox's database file: its tables, its lock, and what happens when it is damaged."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
from typing import TYPE_CHECKING, BinaryIO

import structlog

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

SCHEMA_VERSION = 1
PAGE = 4096
BUSY_SECONDS = 10.0
WAL_LIMIT = 4 * 1024 * 1024  # the journal is cut back to this after a checkpoint

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
# `row` is the order of entry over all epochs. `born` and `settled` are ages: seconds this outbox has been in use, kept
# in meta. No wall clock takes part, so a device that starts in 1970 and is then set right drops nothing by mistake.


def new_epoch() -> str:
    """A name that no other outbox has: 128 random bits."""
    return secrets.token_hex(16)


def take_lock(path: Path) -> BinaryIO:
    """Keep a second agent from sending the same outbox; the lock ends with the process, however it ends.

    Raises:
        DeliveryError: another process holds it, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise DeliveryError(f"{path}: {error.strerror}", "give a folder the agent may write to") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise DeliveryError(f"{path}: another agent uses this outbox", "stop it, or give this one its own") from None
    return handle


def connect(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open the database, or begin a new one where there is none or where it is damaged.

    Returns:
        The connection, and where a damaged file was set aside.

    Raises:
        DeliveryError: the file cannot be opened for another reason than damage, or a newer agent made it.
    """
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # no permission, no space, locked: the events are unharmed
            raise DeliveryError(f"{path}: {error}", "check the folder's permissions and the free space") from None
        aside = _set_aside(path)
        log.warning("outbox.damaged", path=str(path), aside=str(aside), error=str(error), begun="a new epoch")
        return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        database.execute(f"PRAGMA page_size = {PAGE}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        _check(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise DeliveryError(f"{path}: made by a newer agent (version {version})", "install that agent again")
    if version == 0:
        _create(database)
    verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _create(database: sqlite3.Connection) -> None:
    # One transaction: a process killed here leaves an empty database, not half a one.
    first = f"INSERT INTO epoch VALUES (1, '{new_epoch()}', 0);"  # noqa: S608 - hex made here
    database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {first} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        journal = path.with_name(path.name + suffix)
        if journal.exists():
            journal.rename(aside.with_name(aside.name + suffix))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def charge_of(size: int) -> int:
    """Bytes of the file that a body of `size` bytes takes up, rounded up as SQLite's pages round it.

    Small rows share a page; a row that does not fit spills into pages of its own.
    """
    cell = size + 220  # the other columns and the entries in three indexes
    if cell <= PAGE - 40:
        return -(-PAGE // ((PAGE - 40) // cell))
    return -(-cell // (PAGE - 4)) * PAGE + PAGE // 8
