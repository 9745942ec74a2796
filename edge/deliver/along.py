"""What need not be written at once, and goes along with the next transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.deliver.outbox_rows import write_state
from edge.deliver.receive import Settled, write_settled

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

LATEST_SECONDS = 600.0  # for which it may wait for one
MOST_SETTLED = 1000  # receipted rows that may wait so


class Along:
    """Rows that were answered, and notes. A kill takes them: that costs one more sending, and a note."""

    def __init__(self) -> None:
        self.settled: dict[int, Settled] = {}
        self.notes: dict[str, str] = {}
        self._since: float | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is anything."""
        return bool(self.settled or self.notes)

    def settle(self, answered: Sequence[Settled], *, now: float) -> None:
        """These rows wait for no receipt any more."""
        self.settled |= {one.row.row: one for one in answered}
        self._begin(now)

    def note(self, state: Mapping[str, str], *, now: float) -> None:
        """Keep some values."""
        self.notes |= state
        self._begin(now)

    def is_due(self, now: float) -> bool:
        """Whether it waited long enough for a transaction of its own."""
        if self._since is None:
            return False
        return now - self._since >= LATEST_SECONDS or len(self.settled) >= MOST_SETTLED

    def write(self, database: sqlite3.Connection) -> None:
        """Write it down; within the caller's transaction."""
        write_settled(database, self.settled.values())
        write_state(database, self.notes)

    def written(self) -> None:
        """It is on the disk."""
        self.settled.clear()
        self.notes.clear()
        self._since = None

    def _begin(self, now: float) -> None:
        if self._since is None and self.waiting:
            self._since = now
