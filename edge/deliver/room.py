"""Room on the disk: who gives some up when there is none, and how much the outbox may take meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from edge.deliver import outbox_file
from edge.deliver.capacity import LOW_WATER
from edge.deliver.intake import Squeeze
from edge.deliver.outbox_schema import SLACK
from edge.deliver.reserve import Reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.deliver.capacity import OutboxLimits, Sheddable

log = structlog.get_logger(__name__)

EVIDENCE_STEP = 1024 * 1024  # bytes of photographs that go at a time
LEAST_BYTES = (
    SLACK * 3 // 4
)  # of events that may be held on a full disk, however few there were: the file has the pages


class Room:
    """What the outbox may take of the disk.

    A disk is full when nothing but the reserve was left, or not even that could be had. Until there is a reserve again,
    the outbox grows no more: new events take the pages of old ones, so that the journal always finds its room.

    Args:
        path: of the outbox.
        limits: how much it may take while there is room.
        evidence: photographs that share it, and go first.
    """

    def __init__(self, path: Path, *, limits: OutboxLimits, evidence: Sheddable | None) -> None:
        self._path = path
        self._limits = limits
        self._evidence = evidence
        self._reserve = Reserve(path)
        self._full_at: int | None = None  # bytes of events held when the disk was found full

    @property
    def full(self) -> bool:
        """Whether the disk is full."""
        return self._full_at is not None

    @property
    def most(self) -> int:
        """Bytes that events, and evidence while there is room, may take up."""
        return self._limits.max_bytes if self._full_at is None else min(self._limits.max_bytes, self._full_at)

    def ways(self, checkpoint: Callable[[], object], *, charge: int, sparing: bool = False) -> Iterator[Squeeze]:
        """One thing after the other that makes room, the cheapest first; each time: what a transaction may let go.

        Args:
            checkpoint: empties SQLite's journal into the file, so that it begins anew in the room it has.
            charge: bytes that events take up.
            sparing: what is to be written is not worth a photograph or an event.
        """
        checkpoint()
        yield Squeeze.RECEIPTED
        if aside := outbox_file.set_aside(self._path):
            outbox_file.remove(aside)
            yield Squeeze.RECEIPTED
        while not sparing and self._evidence is not None and (size := self._evidence.size):
            self._evidence.shed(EVIDENCE_STEP)
            if self._evidence.size >= size:
                break  # the disk refuses even that
            yield Squeeze.RECEIPTED
        self._close(charge)
        checkpoint()
        yield Squeeze.RECEIPTED if sparing else Squeeze.EVENTS

    def opened(self, *, charge: int) -> None:
        """The file was opened, and what it holds is known: on a full disk it may go on holding that."""
        if self._full_at is not None:
            self._full_at = self._bounded(charge)

    def look(self, *, charge: int) -> None:
        """See whether the reserve can be had, and so whether the disk is full."""
        if not self._reserve.hold():
            self._close(charge)
        elif self._full_at is not None:
            self._full_at = None
            if self._evidence is not None:
                self._evidence.closed = False
            log.info("outbox.disk_has_room", path=str(self._path))

    def _close(self, charge: int) -> None:
        self._reserve.give_up()
        if self._evidence is not None:
            self._evidence.closed = True
        if self._full_at is None:
            self._full_at = self._bounded(charge)
            log.warning("outbox.disk_full", path=str(self._path), mend="free some space on it", held=charge)

    @staticmethod
    def _bounded(charge: int) -> int:
        return max(int(charge * LOW_WATER), LEAST_BYTES)
