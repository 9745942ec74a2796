"""The outbox's file as it is written to: what waits to be written, and what is done when the disk does not take it.

- What the agent appends is on the disk when the call returns. What a receipt says, and what is only noted, waits for
  the next transaction, at most some minutes: a kill before it costs one more sending.
- A **full** disk: what is kept only for `resend` goes first, then photographs, then the reserve, and then events of the
  cheapest class. Until there is a reserve again the file does not grow (`Room`).
- A disk that **refuses**, read-only or torn out: what is appended waits in memory, within bounds, and is tried again.
- A **damaged** file is set aside, and a new one begun with what can be read of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog

from edge.deliver.along import Along
from edge.deliver.contents import Epochs, read_contents
from edge.deliver.envelope import seal
from edge.deliver.held import Entry, Held
from edge.deliver.intake import Intake, Squeeze, unnumbered, untold
from edge.deliver.journal import Journal
from edge.deliver.outbox_rows import STATE_VALUE, Change
from edge.deliver.room import Room
from edge.deliver.sealing import PLAIN
from edge.deliver.troubles import DiskError, Trouble

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edge.contract.topics import Address
    from edge.deliver.capacity import OutboxLimits, Sheddable
    from edge.deliver.receive import Settled
    from edge.deliver.schedule import Schedule
    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

T = TypeVar("T")

_STATE = f"SELECT {STATE_VALUE} FROM state WHERE key = ?"  # noqa: S608 - constants

GROUP = 20
"""Entries in one transaction when many waited: a full disk has room for few at a time."""

RETRY_SECONDS = 5.0  # after which a disk that refused is tried again
LOOK_SECONDS = 30.0  # between two looks whether a full disk has room again


class Vault:
    """The file, and what is not in it yet. One thread at a time.

    Args:
        path: of the file.
        address: the device.
        limits: how much it may hold.
        evidence: photographs that share its room, and go first.
        schedule: is told what waits for a receipt.
        clock: monotonic seconds.
        at_rest: how events lie in it.

    Raises:
        DeliveryError: another agent uses it, it belongs to another device, its key is not here, or the disk does not do
            its work.
    """

    def __init__(
        self,
        path: Path,
        *,
        address: Address,
        limits: OutboxLimits,
        evidence: Sheddable | None,
        schedule: Schedule,
        clock: Callable[[], float],
        at_rest: AtRest = PLAIN,
    ) -> None:
        self._at_rest = at_rest
        self._address = address
        self._schedule = schedule
        self._clock = clock
        self._intake = Intake(address=address, limits=limits, evidence=evidence, clock=clock)
        self._room = Room(path, limits=limits, evidence=evidence)
        self._held = Held()
        self._along = Along()
        self._charge = 0
        self._tried_at = self._looked_at = clock()
        self._failure = ""
        self.journal = self._open(path)
        self._loaded = 0  # which file `epochs` and the schedule speak of
        self.epochs = self.safely(self._load)
        self._room.opened(charge=self._charge)
        self._room.look(charge=self._charge)

    @property
    def held(self) -> int:
        """How many events wait in memory for the disk."""
        return len(self._held)

    @property
    def settled(self) -> Mapping[int, Settled]:
        """Rows that were answered, and stand in the file as if they waited."""
        return self._along.settled

    @property
    def trouble(self) -> str:
        """What is the matter with the disk; empty when it does its work."""
        return self._failure or ("the disk is full" if self._room.full else "")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read the file.

        Raises:
            DiskError: the disk refuses, or the file is damaged.
        """
        with self.journal.reading() as database:
            if self.journal.opened != self._loaded:
                self.epochs = self._load()
            yield database

    @contextmanager
    def changing(self) -> Iterator[tuple[sqlite3.Connection, Change]]:
        """A transaction that takes along what waits to be written, and tells the schedule once it is on the disk.

        Raises:
            DiskError: the disk is full or refuses, or the file is damaged; nothing was changed.
        """
        change = Change()
        with self.reading(), self.journal.writing() as database:
            self._along.write(database)
            yield database, change
        self._along.written()
        self._take_over(change)

    def safely(self, work: Callable[[], T]) -> T:
        """Do something with the file; if it is damaged, exchange it and do it with the new one.

        Raises:
            DiskError: the disk is full or refuses.
        """
        try:
            return work()
        except DiskError as error:
            if error.trouble is not Trouble.DAMAGED:
                raise
            log.warning("outbox.unreadable", error=str(error))
        self.journal.begin_anew()
        return work()

    def put(self, entry: Entry) -> list[int]:
        """Take events in.

        Returns:
            Their numbers; none when the disk does not take them, and they wait in memory.

        Raises:
            DeliveryError: one is too long; nothing was taken in.
        """
        try:
            return self._write([*self._held.entries, entry])
        except DiskError as error:
            for draft in entry.drafts:  # what is too long is told now, not when the disk is back
                seal(draft, stamp=entry.stamp, address=self._address, epoch=self.epochs.name, seq=2**53 - 1)
            self._held.add(entry)
            self._failed(error)
            return []

    def leave(self, entries: Sequence[Entry], keep: Sequence[str]) -> None:
        """Take events in and forget every cursor and note but some, all or nothing.

        Raises:
            DiskError: the disk is full or refuses; nothing was changed.
        """
        with self.changing() as (database, change):
            self._intake.enter(database, entries, epochs=self.epochs, age=self.journal.age, change=change)
            marks = ", ".join("?" * len(keep))
            database.execute(f"DELETE FROM state WHERE key NOT IN ({marks})", tuple(keep))  # noqa: S608 - marks

    def state(self, key: str) -> str | None:
        """The latest value of a cursor or note, written or not."""
        waiting = self._along.notes.get(key) or self._held.state(key)
        if waiting is not None:
            return waiting
        with self.reading() as database:
            found = database.execute(_STATE, (key,)).fetchone()
        if found is not None and found[0] is None:
            raise DiskError(f"the outbox has lost its state {key}", Trouble.DAMAGED)
        return None if found is None else str(found[0])

    def note(self, state: Mapping[str, str]) -> None:
        """Keep some values with the next transaction."""
        self._along.note(state, now=self._clock())

    def settle(self, answered: Sequence[Settled]) -> None:
        """These rows wait for no receipt any more; it is written down with the next transaction."""
        for one in answered:
            self._schedule.forget(one.row.row)
        self._along.settle(answered, now=self._clock())

    def tend(self) -> None:
        """Write what waited long enough, and see whether the disk does its work again. Cheap when there is nothing."""
        now = self._clock()
        if now - self._tried_at >= RETRY_SECONDS:
            if self._held.waiting:
                self._try(lambda: self._write(self._held.entries))
            elif self._along.is_due(now):
                self._try(self.flush)
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._room.look(charge=self._charge)

    def learn_epochs(self) -> None:
        """A new epoch may have begun."""
        with self.reading() as database:
            self.epochs = Epochs.read(database)

    def flush(self) -> None:
        """Write receipts and notes down.

        Raises:
            DiskError: the disk is full or refuses.
        """
        if self._along.waiting:
            self._tried_at = self._clock()
            self._write_group(())

    def close(self) -> None:
        """Write what waits, if the disk takes it, and close the file; a second time does nothing."""
        if not self.journal.closed:
            self._try(lambda: self._write(self._held.entries))
            self._try(self.flush)
        self.journal.close()

    def _open(self, path: Path) -> Journal:
        ways = self._room.ways(lambda: None, charge=0)
        while True:
            try:
                return Journal(path, address=self._address, clock=self._clock, at_rest=self._at_rest)
            except DiskError as error:
                if error.trouble is not Trouble.FULL or next(ways, None) is None:
                    raise

    def _load(self) -> Epochs:
        """Learn what a file holds that was just opened."""
        with self.journal.reading() as database:
            try:
                held = read_contents(database)
            except (TypeError, ValueError) as error:
                raise DiskError(f"{self.journal.path}: {error}", Trouble.DAMAGED) from error
        self._schedule.clear()
        for one in held.waiting:
            self._schedule.add(one, now=self._clock(), live=False)
        self._along.settled.clear()  # rows of another file
        self._charge = held.charge
        self._loaded = self.journal.opened
        return held.epochs

    def _write(self, entries: Sequence[Entry]) -> list[int]:
        """Write the held entries, and those behind them; what was written is held no more."""
        seqs: list[int] = []
        for start in range(0, len(entries), GROUP):
            group = entries[start : start + GROUP]
            self._tried_at = self._clock()
            seqs = self._write_group(group)
            self._held.written(len(group))
        if entries:
            self._succeeded()
        return seqs

    def _write_group(self, group: Sequence[Entry]) -> list[int]:
        try:
            return self.safely(lambda: self._commit(group, Squeeze.NOTHING))
        except DiskError as error:
            if error.trouble is not Trouble.FULL:
                raise
            full = error
        for squeeze in self._room.ways(self.journal.checkpoint, charge=self._charge, sparing=not group):
            try:
                return self._commit(group, squeeze)
            except DiskError as error:
                if error.trouble is not Trouble.FULL:
                    raise
        raise full

    def _commit(self, group: Sequence[Entry], squeeze: Squeeze) -> list[int]:
        age, most = self.journal.age, self._room.most
        last = next((entry for entry in reversed(group) if entry.drafts), None)
        with self.changing() as (database, change):
            losses = []
            if last is not None:
                losses += unnumbered(database, self._held.dropped, epoch=self.epochs.current) + untold(database)
            if squeeze is not Squeeze.NOTHING or self._room.full:
                wanted = sum(entry.charge for entry in group)
                losses += self._intake.squeeze(
                    database, squeeze, wanted=wanted, most=most, charge=self._charge, change=change
                )
            seqs = self._intake.enter(database, group, epochs=self.epochs, age=age, change=change)
            if last is not None:
                losses += self._intake.keep_within(database, most=most, charge=self._charge, age=age, change=change)
                self._intake.tell(
                    database,
                    losses,
                    at=last.drafts[-1].time,
                    stamp=last.stamp,
                    epochs=self.epochs,
                    age=age,
                    change=change,
                )
        self._intake.committed()
        if last is not None:
            self._held.dropped.clear()
        return seqs

    def _take_over(self, change: Change) -> None:
        now = self._clock()
        self._charge += change.charge
        for row in change.gone:
            self._schedule.forget(row)
        gone = set(change.gone)
        for waiting in change.added:
            if waiting.row not in gone:
                self._schedule.add(waiting, now=now, live=True)
        for waiting, times in change.again:
            # The first re-issue goes at once. One that meets a conflict again and again must not go in a circle.
            wait = self._schedule.timing.wait(times - 1, self._schedule.rng.random()) if times > 1 else 0.0
            self._schedule.add(waiting, now=now, live=False, wait=wait)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except DiskError as error:
            self._failed(error)

    def _failed(self, error: DiskError) -> None:
        self._tried_at = self._clock()
        if not self._failure:
            log.warning("outbox.failing", error=str(error), held=len(self._held))
        self._failure = str(error)

    def _succeeded(self) -> None:
        if self._failure:
            self._failure = ""
            log.info("outbox.back")
