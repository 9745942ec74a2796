"""When to send what: live before backlog, stock-outs before the rest, again when no receipt came. Memory only.

The outbox knows what waits; this knows what was sent in this life of the agent, how often, and when it is due again.
Times are seconds of the monotonic clock and come in as arguments. After a restart everything is due at once, and the
window paces it.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for a receipt, in seconds, and for how long an event counts as live."""

    first: float = 60.0
    unheard: float = 5.0  # the first wait after a broker said that nobody subscribes; a collector may just be starting
    longest: float = 900.0
    jitter: float = 0.2  # up to this share more, so that a fleet does not ask in step
    live: float = 60.0

    def wait(self, attempts: int, share: float) -> float:
        """Seconds to wait for the receipt of the `attempts`-th sending, the first being 1.

        `share` is a random number from 0 to 1: one for all that is sent together, so that an array stays one.
        """
        doubled: float = min(self.first * 2.0 ** min(attempts - 1, 32), self.longest)
        return doubled * (1 + self.jitter * share)


@dataclass(frozen=True, slots=True)
class Window:
    """How much may be under way without a receipt; live events may use the reserve beyond it."""

    events: int = 256
    octets: int = 1024 * 1024
    reserve: int = 64


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event without a receipt: its row, its size in bytes, and whether it is a stock-out."""

    row: int
    size: int
    urgent: bool
    inherited: bool = False  # from an earlier life of the agent, which may have sent it


@dataclass(frozen=True, slots=True)
class Turn:
    """An event whose turn it is. One that got no receipt in company is sent alone, to find the one that hurts."""

    row: int
    live: bool
    alone: bool


@dataclass(slots=True)
class _Sent:
    waiting: Waiting
    attempts: int
    sent_at: float
    due_at: float


@dataclass(slots=True)
class Schedule:
    """The order of sending."""

    timing: Timing = field(default_factory=Timing)
    window: Window = field(default_factory=Window)
    rng: random.Random = field(default_factory=random.Random)
    _fresh: dict[int, Waiting] = field(default_factory=dict)
    _sent: dict[int, _Sent] = field(default_factory=dict)
    _octets: int = 0
    _share: float = 0.0
    # By urgency: stock-outs first. Rows that were settled meanwhile are skipped when their turn comes.
    _live: tuple[deque[tuple[float, int]], ...] = field(default_factory=lambda: (deque(), deque()))
    _backlog: tuple[list[int], ...] = field(default_factory=lambda: ([], []))
    _heard_at: float = float("-inf")

    def add(self, waiting: Waiting, *, now: float, live: bool, wait: float = 0.0) -> None:
        """An event begins to wait; `wait` seconds pass before its first turn."""
        if wait > 0:
            self._send(waiting, attempts=0, now=now, due_at=now + wait)
            return
        self._fresh[waiting.row] = waiting
        if live:
            self._live[not waiting.urgent].append((now, waiting.row))
        else:
            heapq.heappush(self._backlog[not waiting.urgent], waiting.row)

    def clear(self) -> None:
        """Nothing waits any more: the rows belong to another file."""
        self._fresh.clear()
        self._sent.clear()
        self._octets = 0
        self._live = (deque(), deque())
        self._backlog = ([], [])

    @property
    def waiting(self) -> int:
        """How many events wait for a receipt, sent or not."""
        return len(self._fresh) + len(self._sent)

    def unreceipted(self) -> Iterator[Waiting]:
        """Every event that waits for a receipt, sent or not, in no order."""
        yield from self._fresh.values()
        for sent in self._sent.values():
            yield sent.waiting

    def forget(self, row: int) -> None:
        """An event waits no more: it was receipted, refused, dropped or re-issued."""
        self._fresh.pop(row, None)
        self._unsend(row)

    def may_be_known(self, row: int) -> bool:
        """Whether a collector can have heard of a row: it was sent now, or perhaps in an earlier life."""
        if row in self._sent:
            return True
        waiting = self._fresh.get(row)
        return waiting is not None and waiting.inherited

    def hurry(self, row: int, *, now: float) -> None:
        """Give a row that waits for its receipt its next turn at once."""
        if (sent := self._sent.get(row)) is not None:
            sent.due_at = now

    def heard(self, *, now: float) -> None:
        """A receipt came. After a long silence the collector is back: nobody needs to sit out a long wait."""
        if now - self._heard_at > self.timing.first:
            for sent in self._sent.values():
                sent.due_at = min(sent.due_at, sent.sent_at + self.timing.first)
        self._heard_at = now

    def lost(self, rows: Iterable[int], *, now: float) -> None:
        """The connection broke before the broker acknowledged these: their first repeat comes at once.

        Later ones wait their time, or an event that makes a broker hang up would be sent in a circle.
        """
        for row in rows:
            sent = self._sent.get(row)
            if sent is not None and sent.attempts <= 1:
                sent.due_at = now

    def unheard(self, rows: Iterable[int], *, now: float) -> None:
        """Nobody subscribed to these: no receipt is on its way, and the next try need not wait for one."""
        for row in rows:
            if (sent := self._sent.get(row)) is not None:
                wait = self.timing.wait(sent.attempts, self._share) * self.timing.unheard / self.timing.first
                sent.due_at = min(sent.due_at, now + wait)

    def take(self, *, now: float) -> list[Turn]:
        """Everything whose turn it is, in the order to send it; it counts as sent from now on."""
        self._age(now)
        self._share = self.rng.random()
        retries = sorted((sent for sent in self._sent.values() if sent.due_at <= now), key=_order)
        return [
            *self._take_live(0, now),
            *self._take_live(1, now),
            *self._again((sent for sent in retries if sent.waiting.urgent), now),
            *self._take_backlog(0, now),
            *self._again((sent for sent in retries if not sent.waiting.urgent), now),
            *self._take_backlog(1, now),
        ]

    def next_due(self) -> float | None:
        """When the next repeat is due; None when nothing waits for a receipt."""
        return min((sent.due_at for sent in self._sent.values()), default=None)

    @property
    def under_way(self) -> int:
        """How many events were sent and have no receipt."""
        return len(self._sent)

    def _age(self, now: float) -> None:
        for queue, backlog in zip(self._live, self._backlog, strict=True):
            while queue and now - queue[0][0] > self.timing.live:
                heapq.heappush(backlog, queue.popleft()[1])

    def _take_live(self, rank: int, now: float) -> list[Turn]:
        queue, turns = self._live[rank], []
        while queue and len(self._sent) < self.window.events + self.window.reserve:
            _, row = queue.popleft()
            waiting = self._fresh.pop(row, None)
            if waiting is not None:
                self._send(waiting, attempts=1, now=now)
                turns.append(Turn(row, live=True, alone=True))
        return turns

    def _take_backlog(self, rank: int, now: float) -> list[Turn]:
        heap, turns = self._backlog[rank], []
        while heap:
            waiting = self._fresh.get(heap[0])
            if waiting is None:
                heapq.heappop(heap)
                continue
            if len(self._sent) >= self.window.events:
                break
            if self._sent and self._octets + waiting.size > self.window.octets:
                break
            del self._fresh[heapq.heappop(heap)]
            self._send(waiting, attempts=1, now=now)
            turns.append(Turn(waiting.row, live=False, alone=False))
        return turns

    def _again(self, sent: Iterable[_Sent], now: float) -> list[Turn]:
        turns = []
        for one in sent:
            one.attempts += 1
            one.sent_at = now
            one.due_at = now + self.timing.wait(one.attempts, self._share)
            turns.append(Turn(one.waiting.row, live=False, alone=one.attempts > 2))  # noqa: PLR2004 - once with others, once more
        return turns

    def _send(self, waiting: Waiting, *, attempts: int, now: float, due_at: float | None = None) -> None:
        due = now + self.timing.wait(attempts, self._share) if due_at is None else due_at
        self._sent[waiting.row] = _Sent(waiting, attempts, now, due)
        self._octets += waiting.size

    def _unsend(self, row: int) -> None:
        sent = self._sent.pop(row, None)
        if sent is not None:
            self._octets -= sent.waiting.size


def _order(sent: _Sent) -> int:
    return sent.waiting.row
