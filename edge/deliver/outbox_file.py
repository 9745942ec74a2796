"""The outbox's database file: its lock, how it is opened, and what happens when it is damaged.

Damage takes three steps, each of which may be the last before a kill: the file is moved to `<name>.damaged`, a new one
is begun, and what can still be read of the old one is carried over (`salvage`); only then it becomes
`<name>.corrupt-<n>`. Whoever opens the outbox next goes on where that ended.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, BinaryIO

import structlog

from edge.contract.errors import DeliveryError
from edge.deliver.outbox_schema import PAGE, SCHEMA_VERSION, TABLES, create
from edge.deliver.outbox_sealing import settle, teach
from edge.deliver.salvage import salvage
from edge.deliver.sealing import PLAIN
from edge.deliver.troubles import DiskError, Trouble, disk_error, trouble_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.contract.topics import Address
    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

BUSY_SECONDS = 10.0
LOOK_SECONDS = 0.3  # somebody may just be looking whether an agent runs, which takes the lock for an instant

WAL_PAGES = 1024
"""The journal is copied into the file once it has this many pages: a page written often till then is copied once."""

WAL_LIMIT = 3 * WAL_PAGES * PAGE // 2  # it is cut back to this after a checkpoint

CACHE_KB = 512
"""Pages held in memory. Writing goes to the last pages of table and indexes; SQLite's own 2 MB fill over a day."""

SET_ASIDE_KEPT = 2
"""Damaged files that stay for a person to look at."""

_JOURNALS = ("-wal", "-shm", "-journal")


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
    deadline = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < deadline:
                threading.Event().wait(LOOK_SECONDS / 10)
                continue
            handle.close()
            mend = "stop it, or give this one its own"
            raise DeliveryError(f"{path}: another agent uses this outbox", mend) from None
        return handle


def connect(path: Path, *, address: Address, at_rest: AtRest = PLAIN) -> tuple[sqlite3.Connection, Path | None]:
    """Open the database, or begin a new one where there is none or where it is damaged.

    Returns:
        The connection, and where a damaged file was set aside.

    Raises:
        DiskError: the disk is full or refuses.
        DeliveryError: a newer agent made the file, or it is sealed with a key that is not here.
    """
    damaged = path.with_name(path.name + ".damaged")
    try:
        if damaged.exists() and not path.exists():
            _move(path, damaged)  # a kill came before its journals had followed it
        database = _open_or_begin(path, at_rest)
        try:
            if settle(database, path, at_rest):
                _sweep(path)
            if not damaged.exists():
                return database, None
            salvage(damaged, database, address=address, at_rest=at_rest)
            return database, _keep(damaged, path)
        except BaseException:
            database.close()
            raise
    except sqlite3.Error as error:
        raise disk_error(path, error) from error
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror}", Trouble.REFUSING) from error


def give_up(path: Path) -> None:
    """Move a file that was found damaged at work out of the way; `connect` begins a new one.

    Raises:
        DiskError: the disk refuses.
    """
    damaged = path.with_name(path.name + ".damaged")
    log.warning("outbox.damaged", path=str(path), begun="a new epoch")
    try:
        if damaged.exists() and path.exists():
            _keep(damaged, path)
        _move(path, damaged)
    except OSError as error:
        raise DiskError(f"{path}: {error.strerror}", Trouble.REFUSING) from error


def set_aside(path: Path) -> list[Path]:
    """The damaged files that were set aside, the oldest first."""
    prefix = f"{path.name}.corrupt-"
    found = [one for one in path.parent.glob(f"{prefix}*") if one.name.removeprefix(prefix).isdigit()]
    return sorted(found, key=_number)


def remove(paths: Sequence[Path]) -> None:
    """Remove databases that nobody uses, with their journals."""
    for path in paths:
        for suffix in ("", *_JOURNALS):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _open_or_begin(path: Path, at_rest: AtRest) -> sqlite3.Connection:
    try:
        return _open(path, at_rest)
    except sqlite3.Error as error:
        if trouble_of(error) is not Trouble.DAMAGED:
            raise
        log.warning("outbox.unreadable", path=str(path), error=str(error))
    give_up(path)
    return _open(path, at_rest)


def _open(path: Path, at_rest: AtRest) -> sqlite3.Connection:
    if path.exists() and not path.stat().st_size and not path.with_name(path.name + "-wal").exists():
        raise sqlite3.DatabaseError("it is empty")
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        database.execute(f"PRAGMA page_size = {PAGE}")
        # Debian's SQLite overwrites what is deleted with zeros, which is written like everything else.
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        database.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        database.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        _check(database, path)
        teach(database, at_rest)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        create(database)
        return
    # The longer check compares the indexes with the table: a journal that belongs to another file shows there.
    verdict = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)
    if version > SCHEMA_VERSION:
        raise DeliveryError(f"{path}: made by a newer agent (version {version})", "install that agent again")
    if missing := TABLES - {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}:
        raise sqlite3.DatabaseError(f"it has no table {min(missing)}")
    if not database.execute("SELECT count(*) FROM epoch").fetchone()[0]:
        raise sqlite3.DatabaseError("it has no epoch")


def _sweep(path: Path) -> None:
    """Let go of the damaged files of a time when nothing was sealed; what could be read of them was carried over."""
    if aside := set_aside(path):
        log.warning("outbox.set_aside_removed", files=[one.name for one in aside], reason="they are not sealed")
        remove(aside)


def _move(path: Path, target: Path, *, journals_first: bool = False) -> None:
    """Rename a database with its journals, so that a kill in between loses none of them.

    A journal without its file is swept away by SQLite once a new file stands there.
    """
    for suffix in (*_JOURNALS, "") if journals_first else ("", *_JOURNALS):
        one = path.with_name(path.name + suffix)
        if one.exists():
            one.rename(target.with_name(target.name + suffix))
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep(damaged: Path, path: Path) -> Path:
    """Give a damaged file that was done with its last name, and let the oldest of many go."""
    kept = set_aside(path)
    aside = path.with_name(f"{path.name}.corrupt-{_number(kept[-1]) + 1 if kept else 1}")
    # The file last: while it is called `.damaged` it is not done with.
    _move(damaged, aside, journals_first=True)
    remove(kept[: max(0, len(kept) + 1 - SET_ASIDE_KEPT)])
    return aside


def _number(aside: Path) -> int:
    return int(aside.name.rpartition("-")[2])
