"""The outbox: every event stays here until the collector's receipt. A broker's PUBACK does not count.

What goes in is fixed as bytes in the same transaction that moves the agent's own cursor, so that a kill between any
two lines neither loses nor doubles an observation. What comes out is marked by sequence number, never by time.

A **conflict** says that the collector holds other bytes under a key of ours: this database was cloned, or restored
from a copy. From then on the epoch is unsafe, since any number after the copy may be taken. So the outbox begins a
new epoch, in which all new events are numbered, and gives the conflicting events new keys in it. Other events that
still wait keep their old keys: one of them may be stored already with its receipt on the way, and would be stored
twice under a new key; sent again under its old one it is answered for certain, by a receipt or by a conflict of its
own. Receipts for old epochs hold as before (docs/decisions/0003-outbox-epochs.md).

A disk that does not do its work ends nothing (docs/decisions/0018-faulty-disks.md): on a full one room is made, what a
refusing one does not take waits in memory, and a damaged file is exchanged for a new one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import structlog

from edge.contract import ranges
from edge.contract.events import MAX_EVENT_BYTES
from edge.deliver import outbox_rows
from edge.deliver.answers import AnswerBook
from edge.deliver.batches import Batch, Body, gather
from edge.deliver.capacity import OutboxLimits, Sheddable
from edge.deliver.figures import Figures, count_events, read_figures
from edge.deliver.held import Entry
from edge.deliver.outbox_schema import WAITING
from edge.deliver.receive import Taken, read_receipts, reissue_all, settled
from edge.deliver.schedule import Schedule
from edge.deliver.sealing import PLAIN
from edge.deliver.troubles import DiskError, Trouble
from edge.deliver.vault import Vault

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edge.contract.ranges import Range, Ranges
    from edge.contract.receipts import Receipt
    from edge.contract.topics import Address
    from edge.deliver.envelope import Draft, Stamp
    from edge.deliver.schedule import Turn
    from edge.deliver.sealing import AtRest

__all__ = ["Figures", "Outbox"]

log = structlog.get_logger(__name__)

_BODY = f"SELECT epoch, seq, {outbox_rows.EVENT_BODY} FROM event WHERE row = ?"  # noqa: S608 - constants


class Outbox:
    """The events of one device that are not surely stored. Safe to use from several threads.

    Args:
        vault: its file.
        address: the device; events of one that moved keep the store they were seen in.
        limits: how much it may hold.
        schedule: when to send what.
        clock: monotonic seconds.
    """

    def __init__(
        self, vault: Vault, *, address: Address, limits: OutboxLimits, schedule: Schedule, clock: Callable[[], float]
    ) -> None:
        self.address = address
        self.answers = AnswerBook(vault.journal, keep_hours=limits.keep_receipted_hours)
        self._vault = vault
        self._schedule = schedule
        self._clock = clock
        self._turn = threading.RLock()
        self._known = Figures()
        self.on_append: Callable[[Sequence[Draft]], None] | None = None
        """Is told of what was taken in; for those who count."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        address: Address,
        limits: OutboxLimits | None = None,
        evidence: Sheddable | None = None,
        schedule: Schedule | None = None,
        clock: Callable[[], float] = time.monotonic,
        at_rest: AtRest = PLAIN,
    ) -> Outbox:
        """Open the outbox at `path`, or begin one there. A damaged file is set aside as `.corrupt-<n>`.

        Raises:
            DeliveryError: another agent uses it, it belongs to another device, it is sealed with a key that is not
                here, or the disk does not do its work.
        """
        limits, schedule = limits or OutboxLimits(), schedule or Schedule()
        vault = Vault(
            path,
            address=address,
            limits=limits,
            evidence=evidence,
            schedule=schedule,
            clock=clock,
            at_rest=at_rest,
        )
        return cls(vault, address=address, limits=limits, schedule=schedule, clock=clock)

    def close(self) -> None:
        """Write what waits to be written, and close the file; a second time does nothing."""
        with self._turn:
            self._vault.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged file was put in this life of the agent; None when it was sound."""
        return self._vault.journal.set_aside

    @property
    def epoch(self) -> str:
        """The epoch in which new events are numbered."""
        with self._turn:
            return self._vault.epochs.name

    @property
    def depth(self) -> int:
        """How many events wait for a receipt, those included that the disk has not taken yet."""
        with self._turn:
            return self._schedule.waiting + self._vault.held

    @property
    def holding(self) -> bool:
        """Whether events wait in memory, since the disk does not take them: a replay should wait meanwhile."""
        with self._turn:
            return self._vault.held > 0

    def append(self, drafts: Sequence[Draft], *, stamp: Stamp, state: Mapping[str, str] | None = None) -> list[int]:
        """Take in events, and move the agent's cursors with them, in one durable transaction.

        On a disk that does not do its work they wait in memory, within bounds, cursors and all; that is told in the log
        and by `figures`, and what the bounds do not hold is told by `outbox.dropped.v1` once something can be written.

        Returns:
            The sequence number of each draft in the current epoch; none when they wait in memory.

        Raises:
            DeliveryError: an event is too long; then nothing was taken in.
        """
        with self._turn:
            seqs = self._vault.put(Entry(tuple(drafts), stamp, dict(state or {})))
        if self.on_append is not None:
            self.on_append(drafts)
        return seqs

    def leave(self, said: Sequence[tuple[Draft, Stamp]], *, keep: Sequence[str]) -> None:
        """Say the last of a place and forget it: every value but some that was stored with `append` or `note`.

        All or nothing; nothing waits in memory.

        Raises:
            DeliveryError: the disk refuses; then nothing was changed.
        """
        entries = [Entry((draft,), stamp, {}) for draft, stamp in said]
        with self._turn:
            self._vault.safely(lambda: self._vault.leave(entries, keep))

    def note(self, state: Mapping[str, str]) -> None:
        """Keep some values with the next transaction, or in some minutes: what a kill may well take."""
        with self._turn:
            self._vault.note(state)

    def get_state(self, key: str) -> str | None:
        """A value that was stored with `append` or `note`.

        Raises:
            DeliveryError: the disk refuses.
        """
        with self._turn:
            return self._vault.safely(lambda: self._vault.state(key))

    def due(self, *, most_octets: int = MAX_EVENT_BYTES) -> list[Batch]:
        """The messages to send now, in order. They count as sent, and come again when no receipt does.

        Raises:
            DeliveryError: the disk refuses.
        """

        def take() -> list[Batch]:
            with self._vault.reading() as database:
                turns = self._schedule.take(now=self._clock())
                return gather(self._bodies(database, turns), most_octets=most_octets)

        with self._turn:
            return self._vault.safely(take)

    def lost(self, rows: Iterable[int]) -> None:
        """The connection broke before the broker acknowledged these messages."""
        with self._turn:
            self._schedule.lost(rows, now=self._clock())

    def unheard(self, rows: Iterable[int]) -> None:
        """The broker took these messages for nobody: no collector subscribes yet."""
        with self._turn:
            self._schedule.unheard(rows, now=self._clock())

    def next_due(self) -> float | None:
        """When, by the monotonic clock, the next repeat is due; None when nothing waits for a receipt."""
        with self._turn:
            return self._schedule.next_due()

    def take_receipts(self, receipts: Sequence[Receipt]) -> Taken:
        """Mark what is stored or refused, and give conflicting events new keys.

        Raises:
            DeliveryError: the disk refuses; then nothing was marked.
        """
        with self._turn:
            taken = self._vault.safely(lambda: self._take(receipts))
            if taken.any:
                self._schedule.heard(now=self._clock())
            if taken.rotated:
                log.warning("outbox.cloned", conflicts=taken.conflicts, epoch=self.epoch)
        return taken

    def take_receipt(self, receipt: Receipt) -> Taken:
        """Mark what one receipt names."""
        return self.take_receipts([receipt])

    def resend(self, epoch: str, spans: Iterable[Range]) -> tuple[Ranges, Ranges]:
        """Let events go out once more, receipted or refused ones too.

        Returns:
            The sequence numbers that go out again, and those that once existed and are no longer here.

        Raises:
            DeliveryError: the disk is full or refuses.
        """
        wanted = ranges.merge(spans)
        with self._turn:
            return self._vault.safely(lambda: self._resend(epoch, wanted))

    def tend(self) -> None:
        """Do what waits for its time: write down receipts, try a disk that refused. To be called every second or so."""
        with self._turn:
            self._vault.tend()

    def figures(self) -> Figures:
        """What the health event says of the outbox; of a disk that cannot be read, what was known of it last."""

        def read() -> Figures:
            with self._vault.reading() as database:
                waiting = tuple(self._schedule.unreceipted())
                return read_figures(database, epoch=self._vault.epochs.current, waiting=waiting)

        with self._turn:
            try:
                self._known = self._vault.safely(read)
            except DiskError as error:
                return replace(self._known, depth=self.depth, trouble=str(error))
            return replace(self._known, depth=self.depth, trouble=self._vault.trouble)

    def count(self, *, epoch: str | None = None) -> dict[str, int]:
        """How many events wait, are receipted and are refused, in one epoch or in all."""
        with self._turn, self._vault.reading() as database:
            number = None if epoch is None else self._vault.epochs.numbers[epoch]
            return count_events(database, epoch=number, settled=self._vault.settled)

    def _take(self, receipts: Sequence[Receipt]) -> Taken:
        vault = self._vault
        with vault.reading() as database:
            verdict = read_receipts(
                database, receipts, epochs=vault.epochs.numbers, may_be_known=self._schedule.may_be_known
            )
        rotated = False
        if verdict.conflicts:  # new keys must be on the disk before they are used
            with vault.changing() as (database, change):
                rotated = reissue_all(database, verdict.conflicts, current=vault.epochs.current, change=change)
            vault.learn_epochs()
        vault.settle(settled(verdict, age=vault.journal.age))
        refused = tuple(refusal for _, refusal in verdict.refused)
        return Taken(len(verdict.stored), refused, len(verdict.conflicts), rotated)

    def _resend(self, epoch: str, wanted: Ranges) -> tuple[Ranges, Ranges]:
        with self._vault.changing() as (database, change):
            number = self._vault.epochs.numbers.get(epoch)
            if number is None:
                return (), wanted
            last: int = database.execute("SELECT last_seq FROM epoch WHERE number = ?", (number,)).fetchone()[0]
            found = [row for span in wanted for row in outbox_rows.in_range(database, number, span)]
            for row in found:
                if row.status == WAITING:
                    self._schedule.hurry(row.row, now=self._clock())
                else:
                    outbox_rows.revive(database, row, change=change)
        sent = ranges.from_numbers(row.seq for row in found)
        return sent, ranges.subtract(ranges.intersect(wanted, [(1, last)] if last else []), sent)

    def _bodies(self, database: sqlite3.Connection, turns: Iterable[Turn]) -> Iterator[Body]:
        for turn in turns:
            found = database.execute(_BODY, (turn.row,)).fetchone()
            if found is None or found[0] not in self._vault.epochs.names or found[2] is None:
                raise DiskError(f"the outbox has lost event {turn.row}", Trouble.DAMAGED)
            epoch, seq, body = found
            yield Body(turn.row, self._vault.epochs.names[epoch], seq, body, live=turn.live, alone=turn.alone)
