"""One simulated device's outbox: what waits, what was receipted, what is sent when. No socket, no clock.

The order of sending, the window, the repeats and the arrays are the device's own (`edge.deliver.schedule`,
`edge.deliver.batches`). Only the disk is missing: rows stand in the fleet's book, and what became of each in a byte.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract import ranges
from edge.contract.receipts import CommandName, Reply, ResendArguments, ResendResult
from edge.deliver.batches import Batch, Body, gather
from edge.deliver.schedule import Schedule, Timing, Waiting
from fleet.book import FORGOTTEN, LOST, URGENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.contract.receipts import Command, Receipt
    from edge.contract.topics import Address
    from fleet.book import Book, Chapter

UNBORN, WAITING, SETTLED, DROPPED = range(4)


class Unit:
    """A device.

    Args:
        address: where it stands.
        epoch: of its outbox.
        book: the fleet's events.
        chapter: which of them are its own.
        timing: when what has no receipt is sent again.
        seed: for the jitter of its repeats.
    """

    def __init__(
        self, address: Address, *, epoch: str, book: Book, chapter: Chapter, timing: Timing, seed: int
    ) -> None:
        self.address = address
        self.epoch = epoch
        self._book = book
        self._first = chapter.first - 1  # the row before that of seq 1
        self._status = bytearray(chapter.count + 1)  # by seq
        self._schedule = Schedule(timing=timing, rng=random.Random(seed))  # noqa: S311 - jitter, no secret
        self.refused = 0
        self.conflicts = 0
        self.resent = 0  # numbers that went out again because a collector asked

    def row(self, seq: int) -> int:
        """Where an event stands in the book."""
        return self._first + seq

    @property
    def waiting(self) -> int:
        """Events that happened and have no receipt."""
        return self._schedule.waiting

    def numbers_waiting(self) -> list[int]:
        """Their numbers."""
        return [seq for seq, status in enumerate(self._status) if status == WAITING]

    def waits(self, seq: int) -> bool:
        """Whether an event has no receipt yet."""
        return self._status[seq] == WAITING

    def happen(self, seq: int, *, now: float) -> None:
        """An event enters the outbox."""
        row = self._first + seq
        flags = self._book.flags[row]
        if flags & LOST:
            self._status[seq] = DROPPED
        elif flags & FORGOTTEN:
            self._status[seq] = SETTLED
        else:
            self._status[seq] = WAITING
            self._schedule.add(Waiting(seq, self._book.size(row), bool(flags & URGENT)), now=now, live=True)

    def due(self, *, now: float, most_octets: int) -> list[Batch]:
        """The messages to send now, in order."""
        turns = self._schedule.take(now=now)
        if not turns:
            return []
        bodies = (
            Body(turn.row, self.epoch, turn.row, self._book.body(self._first + turn.row), turn.live, turn.alone)
            for turn in turns
        )
        return gather(bodies, most_octets=most_octets)

    def next_due(self) -> float | None:
        """When the next repeat is due."""
        return self._schedule.next_due()

    def cut_off(self, seqs: Iterable[int], *, now: float) -> None:
        """The connection broke before the broker acknowledged these."""
        self._schedule.lost(seqs, now=now)

    def take_receipt(self, receipt: Receipt, *, now: float) -> list[int]:
        """Let go what is stored; returns the numbers that waited for it."""
        if receipt.epoch != self.epoch:
            return []
        self.refused += len(receipt.refused)
        self.conflicts += len(receipt.conflicts)
        settled = []
        for seq in ranges.numbers(receipt.ranges):
            if seq < len(self._status) and self._status[seq] == WAITING and self._schedule.may_be_known(seq):
                self._status[seq] = SETTLED
                self._schedule.forget(seq)
                settled.append(seq)
        if settled:
            self._schedule.heard(now=now)
        return settled

    def take_command(self, command: Command, *, now: float) -> Reply:
        """Answer a command; `resend` is the only one that such a device knows."""
        if command.name is not CommandName.RESEND:
            return Reply(id=command.id, ok=False, error=f"{command.name} is not simulated")
        try:
            asked = ResendArguments.model_validate(command.arguments)
        except ValidationError as error:
            return Reply(id=command.id, ok=False, error=str(error.errors()[0]["msg"]))
        sent: list[int] = []
        dropped: list[int] = []
        for seq in ranges.numbers(asked.ranges if asked.epoch == self.epoch else []):
            status = self._status[seq] if seq < len(self._status) else UNBORN
            if status == SETTLED:
                row = self._first + seq
                self._status[seq] = WAITING
                self._schedule.add(Waiting(seq, self._book.size(row), urgent=False), now=now, live=False)
            elif status == WAITING:
                self._schedule.hurry(seq, now=now)
            (sent if status in {SETTLED, WAITING} else dropped if status == DROPPED else []).append(seq)
        self.resent += len(sent)
        result = ResendResult(sent=list(ranges.from_numbers(sent)), dropped=list(ranges.from_numbers(dropped)))
        return Reply(id=command.id, ok=True, result=result.model_dump(mode="json"))
