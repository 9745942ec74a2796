"""What goes into an outbox, and what it lets go for it. Everything here happens within the caller's transaction."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import structlog

from edge.deliver import outbox_rows
from edge.deliver.envelope import Draft, seal
from edge.deliver.shed import Loss, evidence_lost, let_expire, make_room, release

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from edge.contract.payloads import EventClass
    from edge.contract.topics import Address
    from edge.deliver.capacity import OutboxLimits, Sheddable
    from edge.deliver.contents import Epochs
    from edge.deliver.envelope import Stamp
    from edge.deliver.held import Entry
    from edge.deliver.outbox_rows import Change

log = structlog.get_logger(__name__)

EXPIRY_SECONDS = 3600.0
"""How often old rows are looked for, at most; with short limits more often. Together they cost few pages, one by one
many."""

SHARE_OF_LIMIT = 60
"""Old rows are looked for this often within the shortest limit."""

SPARE = 2
"""So many times the room that new events want is made on a full disk: pages are not filled to the last byte."""

MOST_GONE = 200
"""Photographs remembered whose events are not here; an event that was let go before them never comes."""


class Squeeze(IntEnum):
    """What is given up within a transaction that found the disk full."""

    NOTHING = 0
    RECEIPTED = 1
    EVENTS = 2


class Intake:
    """Enters events, keeps the limits, and says what was let go.

    Args:
        address: the device; events of one that moved keep the store they were seen in.
        limits: how much the outbox may hold.
        evidence: photographs that share its room, and go first.
        clock: monotonic seconds.
    """

    def __init__(
        self, *, address: Address, limits: OutboxLimits, evidence: Sheddable | None, clock: Callable[[], float]
    ) -> None:
        self._address = address
        self._limits = limits
        self._evidence = evidence
        self._clock = clock
        shortest = min(limits.max_hours, limits.keep_receipted_hours) * 3600
        self._expire_every = min(EXPIRY_SECONDS, shortest / SHARE_OF_LIMIT)
        self._expired_at = self._expiring_at = float("-inf")
        self._gone_photographs: list[str] = []  # which no notice told yet
        self._telling: list[str] = []  # which the transaction under way tells

    def enter(
        self,
        database: sqlite3.Connection,
        entries: Sequence[Entry],
        *,
        epochs: Epochs,
        age: float,
        change: Change,
    ) -> list[int]:
        """Number the events of some entries and fix their bytes; move the cursors.

        Returns:
            The numbers of the last entry's events.

        Raises:
            DeliveryError: one is too long.
        """
        seqs: list[int] = []
        for entry in entries:
            outbox_rows.write_state(database, entry.state)
            seqs = [
                self._enter(
                    database, draft, stamp=entry.stamp, epochs=epochs, number=epochs.current, age=age, change=change
                )
                for draft in entry.drafts
            ]
        return seqs

    def squeeze(
        self, database: sqlite3.Connection, how: Squeeze, *, wanted: int, most: int, charge: int, change: Change
    ) -> list[Loss]:
        """Free pages of the file before new events take them: on a full disk it cannot grow.

        Args:
            database: in a transaction.
            how: what may be given up although `most` would allow it.
            wanted: bytes that the new events will take up.
            most: bytes that all events may take up.
            charge: bytes they take up now.
            change: is told what goes.
        """
        over = charge + wanted - most
        if how is Squeeze.EVENTS:
            over = max(over, SPARE * wanted)
        if how is Squeeze.RECEIPTED:
            release(database, need=SPARE * wanted, change=change)
        if over <= 0:
            return []
        return make_room(
            database, most=max(0, charge - over), reason="disk full", charge=charge, evidence=None, change=change
        )

    def keep_within(
        self, database: sqlite3.Connection, *, most: int, charge: int, age: float, change: Change
    ) -> list[Loss]:
        """Let go what is too old or too much, evidence included."""
        self._expiring_at = self._expired_at
        losses: list[Loss] = []
        if self._clock() - self._expired_at >= self._expire_every:
            self._expiring_at = self._clock()
            losses += let_expire(database, limits=self._limits, age=age, change=change)
        reason = f"outbox full ({self._limits.max_mb:g} MB)" if most >= self._limits.max_bytes else "disk full"
        losses += make_room(database, most=most, reason=reason, charge=charge, evidence=self._evidence, change=change)
        if self._evidence is not None:
            self._gone_photographs += self._evidence.take_shed()
        photographs, self._telling = evidence_lost(database, self._gone_photographs)
        return losses + photographs

    def tell(
        self,
        database: sqlite3.Connection,
        losses: Iterable[Loss],
        *,
        at: datetime,
        stamp: Stamp,
        epochs: Epochs,
        age: float,
        change: Change,
    ) -> None:
        """Say what was let go, each in the epoch whose numbers it names."""
        drops = outbox_rows.read_drops(database)
        told = False
        for loss in losses:
            for notice in loss.notices():
                draft = Draft(at, notice)
                self._enter(database, draft, stamp=stamp, epochs=epochs, number=loss.epoch, age=age, change=change)
            told = True
            if loss.again:
                continue
            drops[loss.kind] = drops.get(loss.kind, 0) + len(loss.seqs)
            log.warning("outbox.dropped", kind=loss.kind, events=len(loss.seqs), reason=loss.reason)
        if told:
            outbox_rows.write_drops(database, drops)

    def committed(self) -> None:
        """What the last transaction said is on the disk."""
        self._expired_at = self._expiring_at
        told = set(self._telling)
        # The event of a photograph may come only now: a camera keeps the picture first.
        self._gone_photographs = [one for one in self._gone_photographs if one not in told][-MOST_GONE:]

    def _enter(
        self,
        database: sqlite3.Connection,
        draft: Draft,
        *,
        stamp: Stamp,
        epochs: Epochs,
        number: int,
        age: float,
        change: Change,
    ) -> int:
        seq = outbox_rows.next_seq(database, number)
        sealed = seal(draft, stamp=stamp, address=self._address, epoch=epochs.names[number], seq=seq)
        outbox_rows.insert(database, sealed, epoch=number, born=age, change=change)
        return seq


def unnumbered(database: sqlite3.Connection, dropped: dict[EventClass, int], *, epoch: int) -> list[Loss]:
    """Give numbers to events that were let go before they had any, so that a notice can name them."""
    losses = []
    for kind, number in dropped.items():
        last: int = database.execute("SELECT last_seq FROM epoch WHERE number = ?", (epoch,)).fetchone()[0]
        database.execute("UPDATE epoch SET last_seq = ? WHERE number = ?", (last + number, epoch))
        losses.append(Loss(epoch, kind, tuple(range(last + 1, last + number + 1)), "the disk took nothing"))
    return losses


def untold(database: sqlite3.Connection) -> list[Loss]:
    """What was lost with a damaged file and is told now."""
    return [Loss(epoch, kind, seqs, reason) for epoch, kind, seqs, reason in outbox_rows.take_untold(database)]
