"""What an outbox lets go: first what is receipted, then evidence, then events in the order of how dear they are."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract import ranges
from edge.contract.payloads import EventClass, OutboxDropped
from edge.contract.receipts import MAX_RANGES
from edge.deliver import outbox_rows
from edge.deliver.capacity import LOW_WATER, SHED_ORDER, OutboxLimits, Sheddable
from edge.deliver.outbox_rows import COLUMNS, Row
from edge.deliver.outbox_schema import WAITING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from edge.deliver.outbox_rows import Change

NOTICE = "outbox.dropped.v1"

MOST_RETOLD = 1_000_000
"""Numbers in one notice. More were never told: the notice is damaged."""

MOST_RANGES = min(MAX_RANGES, 4096)


@dataclass(frozen=True, slots=True)
class Loss:
    """Events of one epoch and class that were let go, and why."""

    epoch: int
    kind: EventClass
    seqs: tuple[int, ...]
    reason: str
    again: bool = False  # it was told before, by a notice that went itself

    def notices(self) -> Iterator[OutboxDropped]:
        """The payloads that say so."""
        spans = ranges.from_numbers(self.seqs)
        for start in range(0, len(spans), MOST_RANGES):
            part = list(spans[start : start + MOST_RANGES])
            yield OutboxDropped(ranges=part, kind=self.kind, reason=self.reason)


def let_expire(database: sqlite3.Connection, *, limits: OutboxLimits, age: float, change: Change) -> list[Loss]:
    """Delete what was receipted long ago, and drop what waited longer than the limit."""
    kept = age - limits.keep_receipted_hours * 3600
    old = database.execute(
        f"SELECT {COLUMNS} FROM event WHERE status != {WAITING} AND settled < ?",  # noqa: S608 - constants
        (kept,),
    ).fetchall()
    outbox_rows.delete(database, (Row(*values) for values in old), change=change)
    stale = database.execute(
        f"SELECT {COLUMNS} FROM event WHERE status = {WAITING} AND born < ?",  # noqa: S608 - constants
        (age - limits.max_hours * 3600,),
    ).fetchall()
    gone = [Row(*values) for values in stale]
    return _let_go(database, gone, f"waited longer than {limits.max_hours:g} h", change=change)


def make_room(
    database: sqlite3.Connection,
    *,
    most: int,
    reason: str,
    charge: int,
    evidence: Sheddable | None,
    change: Change,
) -> list[Loss]:
    """Bring the outbox and its evidence back to at most so many bytes.

    Args:
        database: in a transaction.
        most: bytes that may be held.
        reason: why no more.
        charge: bytes held before this transaction; `change` holds what it added.
        evidence: the photographs that share the room.
        change: is told what goes.
    """

    def held() -> int:
        return charge + change.charge + (0 if evidence is None else evidence.size)

    if held() <= most:
        return []
    release(database, need=held() - most, change=change)
    if evidence is not None and held() > most:
        evidence.shed(held() - most)
    if held() <= most:
        return []
    losses: list[Loss] = []
    target = int(most * LOW_WATER)
    for kind in SHED_ORDER:
        need = held() - target
        if need <= 0:
            break
        oldest = _oldest(database, f"status = {WAITING} AND kind = '{kind}'", need=need)
        losses += _let_go(database, oldest, reason, change=change)
    return losses


def release(database: sqlite3.Connection, *, need: int, change: Change) -> None:
    """Let events go that are kept for `resend` only: the oldest, until `need` bytes are free."""
    outbox_rows.delete(database, _oldest(database, f"status != {WAITING}", need=need), change=change)


def evidence_lost(database: sqlite3.Connection, hashes: Sequence[str]) -> tuple[list[Loss], list[str]]:
    """Which events lost their photographs, and which of the photographs those are."""
    seqs: dict[int, list[int]] = defaultdict(list)
    found: list[str] = []
    for sha256 in hashes:
        named = database.execute("SELECT epoch, seq FROM event WHERE evidence = ?", (sha256,)).fetchall()
        for epoch, seq in named:
            seqs[epoch].append(seq)
        if named:
            found.append(sha256)
    return [Loss(epoch, "evidence", tuple(one), "no room for evidence") for epoch, one in seqs.items()], found


def _oldest(database: sqlite3.Connection, where: str, *, need: int) -> list[Row]:
    """The oldest rows that together free at least `need` bytes, or all there are."""
    rows: list[Row] = []
    cursor = database.execute(f"SELECT {COLUMNS} FROM event WHERE {where} ORDER BY row")  # noqa: S608 - constants
    for values in cursor:
        if need <= 0:
            break
        rows.append(Row(*values))
        need -= rows[-1].charge
    cursor.close()
    return rows


def _let_go(database: sqlite3.Connection, gone: Sequence[Row], reason: str, *, change: Change) -> list[Loss]:
    losses = [loss for row in gone if row.type == NOTICE for loss in _retold(database, row)]
    outbox_rows.delete(database, gone, change=change)
    seqs: dict[tuple[int, EventClass], list[int]] = defaultdict(list)
    for row in gone:
        kind: EventClass = next(one for one in SHED_ORDER if one == row.kind)
        seqs[row.epoch, kind].append(row.seq)
    return losses + [Loss(epoch, kind, tuple(found), reason) for (epoch, kind), found in seqs.items()]


def _retold(database: sqlite3.Connection, row: Row) -> Iterator[Loss]:
    """What a notice said that is let go itself; nothing where it cannot be read any more."""
    body = outbox_rows.body_of(database, row.row)
    try:
        said = OutboxDropped.model_validate(json.loads(body or b"")["data"])
    except (ValueError, KeyError, TypeError):
        return
    if ranges.size(said.ranges) > MOST_RETOLD:
        return
    seqs = tuple(seq for first, last in said.ranges for seq in range(first, last + 1))
    yield Loss(row.epoch, said.kind, seqs, said.reason, again=True)
