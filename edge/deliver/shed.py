"""What an outbox lets go: first what is receipted, then evidence, then events in the order of how dear they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract import ranges
from edge.contract.payloads import EventClass, OutboxDropped
from edge.contract.receipts import MAX_RANGES
from edge.deliver import outbox_rows
from edge.deliver.capacity import LOW_WATER, SHED_ORDER, OutboxLimits, Sheddable
from edge.deliver.outbox_file import WAITING
from edge.deliver.outbox_rows import COLUMNS, Row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from edge.deliver.outbox_rows import Change

MOST_RANGES = min(MAX_RANGES, 4096)


@dataclass(frozen=True, slots=True)
class Loss:
    """Events of one epoch and class that were let go, and why."""

    epoch: int
    kind: EventClass
    seqs: tuple[int, ...]
    reason: str

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
    outbox_rows.delete(database, gone, change=change)
    return _losses(gone, f"waited longer than {limits.max_hours:g} h")


def make_room(
    database: sqlite3.Connection, *, limits: OutboxLimits, charge: int, evidence: Sheddable | None, change: Change
) -> list[Loss]:
    """Bring the outbox and its evidence back under the limit in megabytes.

    Args:
        database: in a transaction.
        limits: the bounds.
        charge: bytes held before this transaction; `change` holds what it added.
        evidence: the photographs that share the room.
        change: is told what goes.
    """

    def held() -> int:
        return charge + change.charge + (0 if evidence is None else evidence.size)

    if held() <= limits.max_bytes:
        return []
    _delete_receipted(database, need=held() - limits.max_bytes, change=change)
    if evidence is not None and held() > limits.max_bytes:
        evidence.shed(held() - limits.max_bytes)
    if held() <= limits.max_bytes:
        return []
    gone: list[Row] = []
    target = int(limits.max_bytes * LOW_WATER)
    for kind in SHED_ORDER:
        need = held() - target
        if need <= 0:
            break
        oldest = _oldest(database, f"status = {WAITING} AND kind = '{kind}'", need=need)
        outbox_rows.delete(database, oldest, change=change)
        gone += oldest
    return _losses(gone, f"outbox full ({limits.max_mb:g} MB)")


def evidence_lost(database: sqlite3.Connection, hashes: Sequence[str]) -> list[Loss]:
    """Which events lost their photographs."""
    seqs: dict[int, list[int]] = defaultdict(list)
    for sha256 in hashes:
        for epoch, seq in database.execute("SELECT epoch, seq FROM event WHERE evidence = ?", (sha256,)):
            seqs[epoch].append(seq)
    return [Loss(epoch, "evidence", tuple(found), "no room for evidence") for epoch, found in seqs.items()]


def _delete_receipted(database: sqlite3.Connection, *, need: int, change: Change) -> None:
    outbox_rows.delete(database, _oldest(database, f"status != {WAITING}", need=need), change=change)


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


def _losses(gone: Sequence[Row], reason: str) -> list[Loss]:
    seqs: dict[tuple[int, EventClass], list[int]] = defaultdict(list)
    for row in gone:
        kind: EventClass = next(one for one in SHED_ORDER if one == row.kind)
        seqs[row.epoch, kind].append(row.seq)
    return [Loss(epoch, kind, tuple(found), reason) for (epoch, kind), found in seqs.items()]
