"""What an outbox's file holds when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.deliver.outbox_schema import WAITING
from edge.deliver.schedule import Waiting

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True)
class Epochs:
    """The epochs an outbox ever had; the one with the highest number is the current one."""

    names: dict[int, str]
    numbers: dict[str, int]
    current: int

    @classmethod
    def read(cls, database: sqlite3.Connection) -> Epochs:
        """Read them from the outbox."""
        names = {number: str(name) for number, name in database.execute("SELECT number, epoch FROM epoch")}
        return cls(names, {name: number for number, name in names.items()}, max(names))

    @property
    def name(self) -> str:
        """Of the current one."""
        return self.names[self.current]


@dataclass(frozen=True, slots=True)
class Contents:
    """The epochs, what waits for a receipt in the order of entry, and the bytes that all events take up."""

    epochs: Epochs
    waiting: tuple[Waiting, ...]
    charge: int


def read_contents(database: sqlite3.Connection) -> Contents:
    """Learn what a file holds.

    Raises:
        ValueError, TypeError: what stands in it makes no sense.
    """
    found = database.execute("SELECT row, length(body), kind FROM event WHERE status = ? ORDER BY row", (WAITING,))
    waiting = tuple(Waiting(row, size, urgent=kind == "stockout", inherited=True) for row, size, kind in found)
    charge = database.execute("SELECT coalesce(sum(charge), 0) FROM event").fetchone()[0]
    return Contents(Epochs.read(database), waiting, int(charge))
