"""A look into an outbox that changes nothing: for `edge status` and `edge doctor`, whether its agent runs or not."""

from __future__ import annotations

import fcntl
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from edge.contract.errors import DeliveryError
from edge.deliver.outbox_rows import EVENT_BODY, read_meta
from edge.deliver.outbox_schema import RECEIPTED, REFUSED, SCHEMA_VERSION, WAITING
from edge.deliver.outbox_sealing import CLEAN, KEY, teach
from edge.deliver.sealing import PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from edge.deliver.sealing import AtRest

BUSY_SECONDS = 5.0

_CAPTURES = f"""
SELECT row, type, time, status, CAST({EVENT_BODY} AS TEXT) AS plain
FROM event WHERE type IN ('shelf.observed.v1', 'capture.rejected.v1')
"""  # noqa: S608 - constants
_LAST_CAPTURES = f"""
SELECT json_extract(plain, '$.data.camera'), type, json_extract(plain, '$.data.reason'), max(time)
FROM ({_CAPTURES})
GROUP BY 1, 2, 3 ORDER BY 4
"""  # noqa: S608 - constants
_CAPTURES_SINCE = f"""
SELECT json_extract(plain, '$.data.camera'), type, json_extract(plain, '$.data.reason'),
       json_extract(plain, '$.data.evidence'), status
FROM ({_CAPTURES}) WHERE row > ? ORDER BY row
"""  # noqa: S608 - constants
_LAST_ROW = "SELECT coalesce(max(row), 0) FROM event"
_LAST_HEALTH = f"SELECT {EVENT_BODY} FROM event WHERE type = 'device.health.v1' ORDER BY row DESC LIMIT 1"  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class LastCapture:
    """The last frame of a camera that was used, and the last that was not; None: none in what is still here."""

    accepted: datetime | None = None
    rejected: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of one frame."""

    camera: str
    reason: str  # why it was not used; empty: it was
    evidence: str | None  # SHA-256 of its picture, where that was kept
    receipted: bool


@dataclass(frozen=True, slots=True)
class OutboxLook:
    """What stands in an outbox. Captures and health are told from the events that are still here, receipted or not.

    A running agent writes receipts down some minutes later: what they name still counts as waiting here.
    """

    running: bool  # an agent has it open
    fault: str  # of the file; empty when it is sound, and then the rest is told
    file_bytes: int
    set_aside: tuple[str, ...] = ()  # damaged files of earlier
    owner: str = ""
    epoch: str = ""
    last_seq: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    receipted: int = 0
    refused: int = 0
    oldest_waiting: datetime | None = None
    drops: dict[str, int] = field(default_factory=dict)
    captures: dict[str, LastCapture] = field(default_factory=dict)
    health: dict[str, Any] | None = None  # the last health event, whole
    sealed: str = ""  # the name of the key that seals it
    opened: bool = True  # whether that key is here: without it captures and health are not told
    swept: bool = True  # nothing plain is left in a file that is sealed


def look_into(path: Path, at_rest: AtRest = PLAIN) -> OutboxLook | None:
    """Look into the outbox at `path`; None where there is none yet.

    Raises:
        DeliveryError: the file may not be read, or a newer agent made it.
    """
    try:
        size = sum(one.stat().st_size for one in (path, path.with_name(path.name + "-wal")) if one.exists())
        if not path.exists():
            return None
        path.open("rb").close()
    except OSError as error:
        raise DeliveryError(f"{path}: {error.strerror}", "run this as the user the agent runs as") from None
    running = _is_held(path.with_name(path.name + ".lock"))
    aside = tuple(sorted(one.name for one in path.parent.glob(f"{path.name}.corrupt-*") if not _is_journal(one.name)))
    try:
        with closing(_open(path, at_rest, running=running)) as database:
            return _look(database, path, at_rest, running=running, size=size, aside=aside)
    except sqlite3.Error as error:
        return OutboxLook(running=running, fault=str(error), file_bytes=size, set_aside=aside)


def last_row(path: Path) -> int:
    """Where an outbox ends now; 0 where there is none. For `captures_after`.

    Raises:
        DeliveryError: it cannot be read.
    """
    if not path.exists():
        return 0
    try:
        with closing(_open(path, PLAIN, running=True)) as database:
            return int(database.execute(_LAST_ROW).fetchone()[0])
    except sqlite3.Error as error:
        raise DeliveryError(f"{path}: {error}", "see edge doctor") from None


def captures_after(path: Path, row: int, at_rest: AtRest = PLAIN) -> list[Captured]:
    """The captures that entered an outbox after a row and are still here, the oldest first.

    Raises:
        DeliveryError: it cannot be read.
    """
    try:
        with closing(_open(path, at_rest, running=True)) as database:
            found = database.execute(_CAPTURES_SINCE, (row,)).fetchall()
    except sqlite3.Error as error:
        raise DeliveryError(f"{path}: {error}", "see edge doctor") from None
    return [
        Captured(camera, reason if kind == "capture.rejected.v1" else "", evidence, status == RECEIPTED)
        for camera, kind, reason, evidence, status in found
    ]


def _look(
    database: sqlite3.Connection, path: Path, at_rest: AtRest, *, running: bool, size: int, aside: tuple[str, ...]
) -> OutboxLook:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise DeliveryError(f"{path}: made by a newer agent (version {version})", "use that agent's edge")
    verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        return OutboxLook(running=running, fault=verdict, file_bytes=size, set_aside=aside)
    counts = {
        status: (number, charge)
        for status, number, charge in database.execute(
            "SELECT status, count(*), coalesce(sum(charge), 0) FROM event GROUP BY status"
        )
    }
    epoch, last_seq = database.execute("SELECT epoch, last_seq FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
    oldest = database.execute("SELECT time FROM event WHERE status = ? ORDER BY row LIMIT 1", (WAITING,)).fetchone()
    health = database.execute(_LAST_HEALTH).fetchone()
    sealed = read_meta(database, KEY, "")
    return OutboxLook(
        running=running,
        fault="",
        file_bytes=size,
        set_aside=aside,
        sealed=sealed,
        opened=at_rest.opens(sealed or None),
        swept=not sealed or bool(read_meta(database, CLEAN, "")),
        owner=read_meta(database, "owner", ""),
        epoch=epoch,
        last_seq=last_seq,
        waiting=counts.get(WAITING, (0, 0))[0],
        waiting_bytes=counts.get(WAITING, (0, 0))[1],
        receipted=counts.get(RECEIPTED, (0, 0))[0],
        refused=counts.get(REFUSED, (0, 0))[0],
        oldest_waiting=datetime.fromisoformat(oldest[0]) if oldest else None,
        drops=json.loads(read_meta(database, "drops", "{}")),
        captures=_captures(database),
        health=json.loads(health[0]) if health and health[0] else None,
    )


def _captures(database: sqlite3.Connection) -> dict[str, LastCapture]:
    found: dict[str, LastCapture] = {}
    for camera, kind, reason, time in database.execute(_LAST_CAPTURES):  # ascending in time
        if camera is None:
            continue  # it is sealed, and its key is not here
        one, at = found.get(camera, LastCapture()), datetime.fromisoformat(time)
        rejected = kind == "capture.rejected.v1"
        found[camera] = replace(one, rejected=at, reason=reason) if rejected else replace(one, accepted=at)
    return dict(sorted(found.items()))


def _open(path: Path, at_rest: AtRest, *, running: bool) -> sqlite3.Connection:
    """Open it to read. On a read-only disk that works only while nothing is left in the journal."""
    uri = f"{path.resolve().as_uri()}?mode=ro"
    database = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
    teach(database, at_rest)
    try:
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.OperationalError:
        database.close()
        journal = path.with_name(path.name + "-wal")
        if running or (journal.exists() and journal.stat().st_size):
            raise
        database = sqlite3.connect(f"{uri}&immutable=1", uri=True)
        teach(database, at_rest)
    return database


def _is_held(lock: Path) -> bool:
    """Whether a process holds the agent's lock. It is taken for an instant, which a starting agent waits for."""
    try:
        with lock.open("rb") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            return False
    except OSError:
        return False


def _is_journal(name: str) -> bool:
    return name.endswith(("-wal", "-shm"))
