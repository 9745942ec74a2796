"""What of an outbox's file is sealed: the bodies of events, what cameras remember, replies to commands.

Readable stay the columns that the outbox itself is asked for: of each event its number, type, class, time, state,
length, the SHA-256 of its picture, and why it was refused; epochs, counts, and whose outbox it is.

A file is changed from one form to the other while it is opened, a few rows at a time. `meta.at_rest` names the key from
before the first row is sealed until after the last is plain; rows of both forms are read alike meanwhile.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import structlog

from edge.deliver.outbox_rows import ANSWER_REPLY, EVENT_BODY, STATE_VALUE, read_meta, write_meta
from edge.deliver.outbox_schema import PLAIN_VERSION, SEALED_VERSION, give_slack
from edge.deliver.sealing import MARK, SealError
from edge.deliver.troubles import Trouble, trouble_of

if TYPE_CHECKING:
    from pathlib import Path

    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

KEY = "at_rest"
CLEAN = "at_rest_clean"
"""Noted when no page of the file holds anything of before."""

BATCH = 200

_COLUMNS = (
    ("event", "row", "body", EVENT_BODY, "'event/' || epoch || '/' || seq"),
    ("state", "key", "value", STATE_VALUE, "'state/' || key"),
    ("answer", "id", "reply", ANSWER_REPLY, "'answer/' || id"),
)


def teach(database: sqlite3.Connection, at_rest: AtRest) -> None:
    """Give a connection the functions `sealed(text or blob, label)` and `opened(blob, blob of the label)`.

    `sealed` gives back what it is given where nothing is sealed; `opened` gives NULL where it cannot.
    """

    def sealed(value: str | bytes | None, label: str) -> str | bytes | None:
        if not at_rest.on or value is None:
            return value
        return at_rest.close(value.encode() if isinstance(value, str) else value, label)

    def opened(value: bytes | None, label: bytes | None) -> bytes | None:
        try:
            return None if value is None else at_rest.open(value, (label or b"").decode(errors="replace"))
        except SealError:
            return None

    database.create_function("sealed", 2, sealed)
    database.create_function("opened", 2, opened)


def check_key(database: sqlite3.Connection, path: Path, at_rest: AtRest) -> str:
    """The name of the key that an outbox is sealed with; empty where it is plain.

    Raises:
        SealError: it is another key than the one that is here.
        sqlite3.Error: it cannot be read.
    """
    named = read_meta(database, KEY, "")
    if named and not at_rest.opens(named):
        raise at_rest.lost(path, named)
    return named


def settle(database: sqlite3.Connection, path: Path, at_rest: AtRest) -> bool:
    """Bring a file into the form that is wanted; whether the last of another form was swept out of it now.

    On a full disk it stays of both forms until there is room at a later start.

    Raises:
        SealError: it is sealed with another key.
        sqlite3.Error: the disk refuses, or the file is damaged.
    """
    named = check_key(database, path, at_rest)
    try:
        if at_rest.on and at_rest.key is not None:
            return _seal(database, path, name=at_rest.key.name, begun=bool(named))
        if named:
            _unseal(database, path)
    except sqlite3.OperationalError as error:
        if database.in_transaction:
            database.execute("ROLLBACK")
        if trouble_of(error) is not Trouble.FULL:
            raise
        log.warning("outbox.partly_sealed", path=str(path), mend="free some space; the next start goes on")
    return False


def _seal(database: sqlite3.Connection, path: Path, *, name: str, begun: bool) -> bool:
    if read_meta(database, CLEAN, ""):
        return False
    if not begun:
        database.execute("BEGIN IMMEDIATE")
        write_meta(database, KEY, name)
        database.execute(f"PRAGMA user_version = {SEALED_VERSION}")
        database.execute("COMMIT")
    rows = _rewrite(database, plain=True)
    # What was deleted or written over lies in free pages and in the journal as it was.
    database.execute("VACUUM")
    give_slack(database)
    if database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False  # somebody reads: the next start sweeps
    write_meta(database, CLEAN, "1")
    if rows:
        log.info("outbox.sealed", path=str(path), rows=rows)
    return True


def _unseal(database: sqlite3.Connection, path: Path) -> None:
    database.execute("DELETE FROM meta WHERE key = ?", (CLEAN,))
    rows = _rewrite(database, plain=False)
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM meta WHERE key = ?", (KEY,))
    database.execute(f"PRAGMA user_version = {PLAIN_VERSION}")
    database.execute("COMMIT")
    log.info("outbox.unsealed", path=str(path), rows=rows)


def _rewrite(database: sqlite3.Connection, *, plain: bool) -> int:
    """Write the rows that are plain, or that are not, in the form that is wanted; how many there were."""
    written = 0
    for table, key, column, opened, label in _COLUMNS:
        which = f"(substr(CAST({column} AS BLOB), 1, {len(MARK)}) = x'{MARK.hex()}') = {int(not plain)}"
        # A value that cannot be opened stays as it is: whoever needs it finds it damaged.
        form = f"sealed({opened}, {label})"
        found = [one for (one,) in database.execute(f"SELECT {key} FROM {table} WHERE {which} ORDER BY {key}")]  # noqa: S608 - constants
        for start in range(0, len(found), BATCH):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                f"UPDATE {table} SET {column} = coalesce({form}, {column}) WHERE {key} = ?",  # noqa: S608 - constants
                [(one,) for one in found[start : start + BATCH]],
            )
            database.execute("COMMIT")
            written += len(found[start : start + BATCH])
    return written
