"""The statements on an outbox's rows, each within the caller's transaction."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from edge.contract.payloads import EventClass
from edge.deliver.outbox_schema import WAITING, charge_of, new_epoch
from edge.deliver.schedule import Waiting

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from edge.contract.ranges import Range
    from edge.deliver.envelope import Sealed

EVENT_BODY = "opened(CAST(body AS BLOB), CAST('event/' || epoch || '/' || seq AS BLOB))"
STATE_VALUE = "CAST(opened(CAST(value AS BLOB), CAST('state/' || key AS BLOB)) AS TEXT)"
ANSWER_REPLY = "CAST(opened(CAST(reply AS BLOB), CAST('answer/' || id AS BLOB)) AS TEXT)"
"""What may be sealed, as it was given; NULL where it cannot be opened any more (`outbox_sealing.teach`).

Bytes go in and come out: damaged text that is no UTF-8 would end the statement."""

COLUMNS = "row, epoch, seq, type, kind, status, charge, reissues"


@dataclass(frozen=True, slots=True)
class Row:
    """One event in the outbox, without its body."""

    row: int
    epoch: int
    seq: int
    type: str
    kind: str
    status: int
    charge: int
    reissues: int


@dataclass(slots=True)
class Change:
    """What a transaction does to the schedule and the totals in memory; it takes hold once it is committed."""

    added: list[Waiting] = field(default_factory=list)
    again: list[tuple[Waiting, int]] = field(default_factory=list)  # with how often it was sent in vain under a key
    gone: list[int] = field(default_factory=list)
    charge: int = 0


def insert(
    database: sqlite3.Connection, sealed: Sealed, *, epoch: int, born: float, reissues: int = 0, change: Change
) -> None:
    """Enter an event that waits from now on."""
    label = f"event/{epoch}/{sealed.seq}"
    body: bytes = database.execute("SELECT sealed(?, ?)", (sealed.body, label)).fetchone()[0]
    charge = charge_of(len(body))
    cursor = database.execute(
        "INSERT INTO event (epoch, seq, type, kind, status, charge, born, time, evidence, reissues, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            epoch,
            sealed.seq,
            sealed.type,
            sealed.kind,
            WAITING,
            charge,
            born,
            sealed.time,
            sealed.evidence,
            reissues,
            body,
        ),
    )
    assert cursor.lastrowid is not None
    change.charge += charge
    waiting = Waiting(cursor.lastrowid, len(body), urgent=sealed.kind == "stockout")
    if reissues:
        change.again.append((waiting, reissues))
    else:
        change.added.append(waiting)


def body_of(database: sqlite3.Connection, row: int) -> bytes | None:
    """The body of an event; None where it is gone, or damaged and cannot be opened."""
    found = database.execute(f"SELECT {EVENT_BODY} FROM event WHERE row = ?", (row,)).fetchone()  # noqa: S608 - constants
    return None if found is None else found[0]


def write_state(
    database: sqlite3.Connection, state: Mapping[str, str], *, how: Literal["REPLACE", "IGNORE"] = "REPLACE"
) -> None:
    """Write the agent's cursors and notes; `how` says what becomes of those that are there."""
    database.executemany(
        f"INSERT OR {how} INTO state VALUES (?1, sealed(?2, 'state/' || ?1))",  # noqa: S608 - constants
        state.items(),
    )


def write_answer(database: sqlite3.Connection, ident: str, born: float, reply: str) -> None:
    """Write the reply to a command, unless there is one already."""
    database.execute("INSERT OR IGNORE INTO answer VALUES (?1, ?2, sealed(?3, 'answer/' || ?1))", (ident, born, reply))


def delete(database: sqlite3.Connection, gone: Iterable[Row], *, change: Change) -> None:
    """Take events out for good."""
    for row in gone:
        database.execute("DELETE FROM event WHERE row = ?", (row.row,))
        change.charge -= row.charge
        change.gone.append(row.row)


def revive(database: sqlite3.Connection, row: Row, *, change: Change) -> None:
    """A receipted or refused event waits again; a collector may know it already."""
    database.execute("UPDATE event SET status = ?, settled = NULL, reason = NULL WHERE row = ?", (WAITING, row.row))
    size = database.execute("SELECT length(body) FROM event WHERE row = ?", (row.row,)).fetchone()[0]
    change.again.append((Waiting(row.row, size, urgent=row.kind == "stockout", inherited=True), 1))


def next_seq(database: sqlite3.Connection, epoch: int) -> int:
    """Count an epoch's sequence up by one."""
    seq: int = database.execute("SELECT last_seq FROM epoch WHERE number = ?", (epoch,)).fetchone()[0] + 1
    database.execute("UPDATE epoch SET last_seq = ? WHERE number = ?", (seq, epoch))
    return seq


def begin_epoch(database: sqlite3.Connection) -> int:
    """Begin a new epoch; the old ones stay known."""
    cursor = database.execute("INSERT INTO epoch (epoch, last_seq) VALUES (?, 0)", (new_epoch(),))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def in_range(database: sqlite3.Connection, epoch: int, span: Range, *, waiting: bool | None = None) -> Iterator[Row]:
    """The events of a range of sequence numbers, ascending; those that wait, those that do not, or both."""
    which = {None: "", True: f" AND status = {WAITING}", False: f" AND status != {WAITING}"}[waiting]
    found = database.execute(
        f"SELECT {COLUMNS} FROM event WHERE epoch = ? AND seq BETWEEN ? AND ?{which} ORDER BY seq",  # noqa: S608 - constants
        (epoch, *span),
    ).fetchall()
    return (Row(*values) for values in found)


def read_meta(database: sqlite3.Connection, key: str, default: str) -> str:
    """One of the outbox's own notes."""
    found = database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return default if found is None else str(found[0])


def write_meta(database: sqlite3.Connection, key: str, value: str) -> None:
    """Write one of the outbox's own notes."""
    database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def read_age(database: sqlite3.Connection) -> float:
    """Seconds this outbox was in use before; 0 where that cannot be read."""
    try:
        age = float(read_meta(database, "age", "0"))
    except ValueError:
        return 0.0
    return age if math.isfinite(age) else 0.0


def read_drops(database: sqlite3.Connection) -> dict[EventClass, int]:
    """How many events were let go since the outbox began, by class; what cannot be read counts for nothing."""
    try:
        found = json.loads(read_meta(database, "drops", "{}"))
    except ValueError:
        return {}
    counts = found.items() if isinstance(found, dict) else ()
    known = get_args(EventClass)
    return {kind: number for kind, number in counts if kind in known and isinstance(number, int)}


def write_drops(database: sqlite3.Connection, drops: dict[EventClass, int]) -> None:
    """Write down how many events were let go."""
    write_meta(database, "drops", json.dumps(drops))


def read_damaged(database: sqlite3.Connection) -> int:
    """How many damaged files were set aside since the outbox began."""
    text = read_meta(database, "damaged", "0")
    return int(text) if text.isdigit() else 0


def add_untold(database: sqlite3.Connection, losses: Sequence[tuple[int, EventClass, Sequence[int], str]]) -> None:
    """Write down what was let go and cannot be told yet: epoch, class, numbers, reason of each."""
    known = json.loads(read_meta(database, "untold", "[]"))
    write_meta(database, "untold", json.dumps([*known, *losses]))


def take_untold(database: sqlite3.Connection) -> list[tuple[int, EventClass, tuple[int, ...], str]]:
    """What `add_untold` wrote down; it is told now."""
    found = json.loads(read_meta(database, "untold", "[]"))
    if found:
        database.execute("DELETE FROM meta WHERE key = 'untold'")
    return [(epoch, kind, tuple(seqs), reason) for epoch, kind, seqs, reason in found]
