"""How an outbox does, for the health event and for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from edge.deliver import outbox_rows
from edge.deliver.outbox_schema import RECEIPTED, REFUSED, WAITING, charge_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from edge.deliver.receive import Settled
    from edge.deliver.schedule import Waiting

_NAMES = {WAITING: "waiting", RECEIPTED: "receipted", REFUSED: "refused"}


@dataclass(frozen=True, slots=True)
class Figures:
    """The outbox as the health event tells it."""

    depth: int = 0  # events that wait for a receipt, those included that the disk has not taken yet
    octets: int = 0  # bytes of the file they take up
    last_seq: int = 0  # of the current epoch
    oldest_unreceipted: datetime | None = None
    drops: dict[str, int] = field(default_factory=dict)  # events let go since the outbox began, by class
    damaged: int = 0  # files that were set aside since the outbox began
    trouble: str = ""  # what is the matter with the disk; empty when it does its work


def read_figures(database: sqlite3.Connection, *, epoch: int, waiting: Collection[Waiting]) -> Figures:
    """Count what waits. Little is read: a full outbox would go through the memory of a small device each time.

    Args:
        database: is read only.
        epoch: the number of the current one.
        waiting: all that waits for a receipt.
    """
    last = database.execute("SELECT last_seq FROM epoch WHERE number = ?", (epoch,)).fetchone()[0]
    return Figures(
        depth=len(waiting),
        octets=sum(charge_of(one.size) for one in waiting),
        last_seq=last,
        oldest_unreceipted=_born(database, min((one.row for one in waiting), default=0)),
        drops={str(kind): number for kind, number in outbox_rows.read_drops(database).items()},
        damaged=outbox_rows.read_damaged(database),
    )


def count_events(database: sqlite3.Connection, *, epoch: int | None, settled: Mapping[int, Settled]) -> dict[str, int]:
    """How many events wait, are receipted and are refused, in one epoch or in all."""
    found = dict.fromkeys(_NAMES.values(), 0)
    for status, number in database.execute(
        "SELECT status, count(*) FROM event WHERE ?1 IS NULL OR epoch = ?1 GROUP BY status", (epoch,)
    ):
        found[_NAMES[status]] = number
    for one in settled.values():
        if epoch in {None, one.row.epoch}:
            found["waiting"] -= 1
            found[_NAMES[one.status]] += 1
    return found


def _born(database: sqlite3.Connection, row: int) -> datetime | None:
    found = database.execute("SELECT time FROM event WHERE row = ?", (row,)).fetchone()
    try:
        return None if found is None else datetime.fromisoformat(found[0])
    except (TypeError, ValueError):
        return None  # damaged; the body holds it too
