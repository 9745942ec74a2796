"""The outbox: every event stays here until the collector's receipt. A broker's PUBACK does not count.

What goes in is fixed as bytes in the same transaction that moves the agent's own cursor, so that a kill between any
two lines neither loses nor doubles an observation. What comes out is marked by sequence number, never by time.

A **conflict** says that the collector holds other bytes under a key of ours: this database was cloned, or restored
from a copy. From then on the epoch is unsafe, since any number after the copy may be taken. So the outbox begins a
new epoch, in which all new events are numbered, and gives the conflicting events new keys in it. Other events that
still wait keep their old keys: one of them may be stored already with its receipt on the way, and would be stored
twice under a new key; sent again under its old one it is answered for certain, by a receipt or by a conflict of its
own. Receipts for old epochs hold as before (docs/decisions/0003-outbox-epochs.md).
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

import structlog

from edge.contract import ranges
from edge.contract.events import MAX_EVENT_BYTES
from edge.deliver import outbox_rows
from edge.deliver.answers import AnswerBook
from edge.deliver.batches import Batch, Body, gather
from edge.deliver.capacity import OutboxLimits, Sheddable
from edge.deliver.envelope import Draft, Stamp, seal
from edge.deliver.journal import Journal
from edge.deliver.outbox_file import RECEIPTED, REFUSED, WAITING
from edge.deliver.outbox_rows import Change
from edge.deliver.receive import Taken, apply_receipts
from edge.deliver.schedule import Schedule, Turn, Waiting
from edge.deliver.shed import Loss, evidence_lost, let_expire, make_room

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from edge.contract.ranges import Range, Ranges
    from edge.contract.receipts import Receipt
    from edge.contract.topics import Address

log = structlog.get_logger(__name__)

EXPIRY_SECONDS = 60.0  # how often old rows are looked for


@dataclass(frozen=True, slots=True)
class Figures:
    """The outbox as the health event tells it."""

    depth: int  # events that wait for a receipt
    octets: int  # bytes of the file they take up
    last_seq: int  # of the current epoch
    oldest_unreceipted: datetime | None
    drops: dict[str, int]  # events let go since the outbox began, by class


class Outbox:
    """The events of one device that are not surely stored. Safe to use from several threads.

    Args:
        journal: its database.
        address: the device; events of one that moved keep the store they were seen in.
        limits: how much it may hold.
        evidence: photographs that share its room, and go first.
        schedule: when to send what.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        address: Address,
        limits: OutboxLimits,
        evidence: Sheddable | None,
        schedule: Schedule,
        clock: Callable[[], float],
    ) -> None:
        self.address = address
        self.answers = AnswerBook(journal, keep_hours=limits.keep_receipted_hours)
        self._journal = journal
        self._limits = limits
        self._evidence = evidence
        self._schedule = schedule
        self._clock = clock
        self._expired_at = float("-inf")
        with journal.reading() as database:
            self._charge: int = database.execute("SELECT coalesce(sum(charge), 0) FROM event").fetchone()[0]
            self._load_epochs(database)
            for row, size, kind in database.execute(
                "SELECT row, length(body), kind FROM event WHERE status = ? ORDER BY row", (WAITING,)
            ):
                waiting = Waiting(row, size, urgent=kind == "stockout", inherited=True)
                schedule.add(waiting, now=clock(), live=False)

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
    ) -> Outbox:
        """Open the outbox at `path`, or begin one there. A damaged file is set aside as `.corrupt-<n>`.

        Raises:
            DeliveryError: another agent uses it, it belongs to another device, or the folder is not usable.
        """
        return cls(
            Journal(path, address=address, clock=clock),
            address=address,
            limits=limits or OutboxLimits(),
            evidence=evidence,
            schedule=schedule or Schedule(),
            clock=clock,
        )

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged file was put when this outbox was opened; None when it was sound."""
        return self._journal.set_aside

    @property
    def epoch(self) -> str:
        """The epoch in which new events are numbered."""
        with self._journal.reading():
            return self._names[self._current]

    def append(self, drafts: Sequence[Draft], *, stamp: Stamp, state: Mapping[str, str] | None = None) -> list[int]:
        """Take in events, and move the agent's cursors with them, in one durable transaction.

        Returns:
            The sequence number of each draft in the current epoch.

        Raises:
            DeliveryError: the disk refuses, or an event is too long; then nothing was taken in.
        """
        with self._changing() as (database, change):
            database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", (state or {}).items())
            seqs = [self._enter(database, draft, epoch=self._current, stamp=stamp, change=change) for draft in drafts]
            if drafts:
                self._keep_within_limits(database, at=drafts[-1].time, stamp=stamp, change=change)
        return seqs

    def get_state(self, key: str) -> str | None:
        """A value that was stored with `append`."""
        with self._journal.reading() as database:
            found = database.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def due(self, *, most_octets: int = MAX_EVENT_BYTES) -> list[Batch]:
        """The messages to send now, in order. They count as sent, and come again when no receipt does."""
        with self._journal.reading() as database:
            turns = self._schedule.take(now=self._clock())
            return gather(self._bodies(database, turns), most_octets=most_octets)

    def lost(self, rows: Iterable[int]) -> None:
        """The connection broke before the broker acknowledged these messages."""
        with self._journal.reading():
            self._schedule.lost(rows, now=self._clock())

    def next_due(self) -> float | None:
        """When, by the monotonic clock, the next repeat is due; None when nothing waits for a receipt."""
        with self._journal.reading():
            return self._schedule.next_due()

    def take_receipts(self, receipts: Sequence[Receipt]) -> Taken:
        """Mark what is stored or refused, and give conflicting events new keys, in one transaction."""
        with self._journal.reading() as database:  # until the new epoch is known here, nobody may number events
            with self._changing() as (_, change):
                taken = apply_receipts(
                    database,
                    receipts,
                    epochs=self._epochs,
                    may_be_known=self._schedule.may_be_known,
                    age=self._journal.age,
                    change=change,
                )
            if taken.any:
                self._schedule.heard(now=self._clock())
            if taken.rotated:
                self._load_epochs(database)
                log.warning("outbox.cloned", conflicts=taken.conflicts, epoch=self.epoch)
        return taken

    def take_receipt(self, receipt: Receipt) -> Taken:
        """Mark what one receipt names."""
        return self.take_receipts([receipt])

    def resend(self, epoch: str, spans: Iterable[Range]) -> tuple[Ranges, Ranges]:
        """Let events go out once more, receipted or refused ones too.

        Returns:
            The sequence numbers that go out again, and those that once existed and are no longer here.
        """
        wanted = ranges.merge(spans)
        with self._changing() as (database, change):
            number = self._epochs.get(epoch)
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

    def figures(self) -> Figures:
        """What the health event says of the outbox."""
        with self._journal.reading() as database:
            depth, octets = database.execute(
                "SELECT count(*), coalesce(sum(charge), 0) FROM event WHERE status = ?", (WAITING,)
            ).fetchone()
            oldest = database.execute(
                "SELECT time FROM event WHERE status = ? ORDER BY row LIMIT 1", (WAITING,)
            ).fetchone()
            last = database.execute("SELECT last_seq FROM epoch WHERE number = ?", (self._current,)).fetchone()[0]
            drops = json.loads(outbox_rows.read_meta(database, "drops", "{}"))
        return Figures(depth, octets, last, datetime.fromisoformat(oldest[0]) if oldest else None, drops)

    def count(self, *, epoch: str | None = None) -> dict[str, int]:
        """How many events wait, are receipted and are refused, in one epoch or in all."""
        names = {WAITING: "waiting", RECEIPTED: "receipted", REFUSED: "refused"}
        with self._journal.reading() as database:
            found = database.execute(
                "SELECT status, count(*) FROM event WHERE ?1 IS NULL OR epoch = ?1 GROUP BY status",
                (None if epoch is None else self._epochs[epoch],),
            ).fetchall()
        return dict.fromkeys(names.values(), 0) | {names[status]: number for status, number in found}

    def _load_epochs(self, database: sqlite3.Connection) -> None:
        self._names: dict[int, str] = dict(database.execute("SELECT number, epoch FROM epoch").fetchall())
        self._epochs = {epoch: number for number, epoch in self._names.items()}
        self._current = max(self._names)

    def _enter(self, database: sqlite3.Connection, draft: Draft, *, epoch: int, stamp: Stamp, change: Change) -> int:
        seq = outbox_rows.next_seq(database, epoch)
        sealed = seal(draft, stamp=stamp, address=self.address, epoch=self._names[epoch], seq=seq)
        outbox_rows.insert(database, sealed, epoch=epoch, born=self._journal.age, change=change)
        return seq

    def _keep_within_limits(self, database: sqlite3.Connection, *, at: datetime, stamp: Stamp, change: Change) -> None:
        losses = self._expire(database, change)
        losses += make_room(database, limits=self._limits, charge=self._charge, evidence=self._evidence, change=change)
        if self._evidence is not None:
            losses += evidence_lost(database, self._evidence.take_shed())
        if losses:
            self._tell(database, losses, at=at, stamp=stamp, change=change)

    def _expire(self, database: sqlite3.Connection, change: Change) -> list[Loss]:
        now = self._clock()
        if now - self._expired_at < EXPIRY_SECONDS:
            return []
        self._expired_at = now
        return let_expire(database, limits=self._limits, age=self._journal.age, change=change)

    def _tell(
        self, database: sqlite3.Connection, losses: Sequence[Loss], *, at: datetime, stamp: Stamp, change: Change
    ) -> None:
        """Say what was let go, in the epoch whose numbers it names."""
        drops = json.loads(outbox_rows.read_meta(database, "drops", "{}"))
        for loss in losses:
            for notice in loss.notices():
                self._enter(database, Draft(at, notice), epoch=loss.epoch, stamp=stamp, change=change)
            drops[loss.kind] = drops.get(loss.kind, 0) + len(loss.seqs)
            log.warning("outbox.dropped", kind=loss.kind, events=len(loss.seqs), reason=loss.reason)
        outbox_rows.write_meta(database, "drops", json.dumps(drops))

    def _bodies(self, database: sqlite3.Connection, turns: Iterable[Turn]) -> Iterator[Body]:
        for turn in turns:
            epoch, seq, body = database.execute(
                "SELECT epoch, seq, CAST(body AS BLOB) FROM event WHERE row = ?", (turn.row,)
            ).fetchone()
            yield Body(turn.row, self._names[epoch], seq, body, live=turn.live, alone=turn.alone)

    @contextmanager
    def _changing(self) -> Iterator[tuple[sqlite3.Connection, Change]]:
        """A transaction, and what it means for the schedule once it is on disk."""
        change = Change()
        with self._journal.reading():  # nobody comes between the disk and the memory
            with self._journal.writing() as database:
                yield database, change
            self._take_over(change)

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
