"""Ten thousand devices in one thread: their events happen as time goes by, their sockets are served as they come."""

from __future__ import annotations

import heapq
import math
import select
import time
from collections import deque
from typing import TYPE_CHECKING

from fleet_events import epoch, mix

from fleet.book import FORGOTTEN, LOST
from fleet.line import Line, Stage
from fleet.tally import Tally
from fleet.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edge.deliver.schedule import Timing
    from fleet.book import Book
    from fleet.day import Day

MOST_CONNECTING = 100
"""Handshakes at once: the length of the queue in which a broker lets connections wait."""

_DOUBLES = 40
"""One message of so many is sent twice."""


class Crowd:
    """The fleet at play.

    Args:
        days: of each device.
        book: what they say.
        port: the broker's.
        seconds: in which the day is told.
        timing: of the repeats of each device.
    """

    def __init__(self, days: Sequence[Day], book: Book, *, port: int, seconds: float, timing: Timing) -> None:
        self.tally = Tally(len(book))
        self.lines = [
            Line(
                Unit(day.address, epoch=epoch(day.device), book=book, chapter=chapter, timing=timing, seed=day.device),
                port=port,
                tally=self.tally,
                doubles=_DOUBLES,
                seed=mix(day.device, 12),
            )
            for day, chapter in zip(days, book.chapters, strict=True)
        ]
        self.expected = len(book) - book.count(LOST)
        self.forgotten = book.count(FORGOTTEN)
        self._seconds = seconds
        self._book = book
        self._rows = sorted(range(len(book)), key=book.after.__getitem__)
        self._pace = seconds / max(book.after)
        self._owner = [device for device, chapter in enumerate(book.chapters) for _ in range(chapter.count)]
        self._happened = 0
        self._began = math.inf
        self._epoll = select.epoll()
        self._by_fd: dict[int, int] = {}
        self._masks: dict[int, int] = {}
        self._timers: list[tuple[float, int]] = []
        self._wake = [math.inf] * len(self.lines)
        self._knocking: deque[int] = deque()
        self._connecting: set[int] = set()

    @property
    def elapsed(self) -> float:
        """Seconds since the first event could happen; less than 0 before."""
        return time.monotonic() - self._began

    @property
    def told(self) -> bool:
        """Whether the whole day has happened."""
        return self._happened == len(self._rows)

    @property
    def ready(self) -> int:
        """Devices that are connected."""
        return sum(line.stage is Stage.READY for line in self.lines)

    @property
    def done(self) -> bool:
        """Whether every event has its receipt, those included that collectors had to ask for."""
        return self.told and self.tally.stored == self.expected

    def left(self, devices: Iterable[int]) -> int:
        """Events of some devices that wait for their receipt."""
        return sum(self.lines[device].unit.waiting for device in devices)

    def begin(self) -> None:
        """The day begins now."""
        self._began = time.monotonic()

    def switch(self, devices: Iterable[int], *, on: bool) -> None:
        """Give some devices a network, or take it away: without a goodbye."""
        now = time.monotonic()
        for device in devices:
            line = self.lines[device]
            line.wanted = on
            if not on and line.stage is not Stage.DOWN:
                self._close(device, now)
            line.retry_at = now
            self._set_timer(device)

    def say_goodbye(self) -> None:
        """Let all devices say that they go."""
        now = time.monotonic()
        for device, line in enumerate(self.lines):
            line.wanted = False
            if line.stage is Stage.READY:
                line.leave(now)
                self._watch(device)

    def turn(self, seconds: float) -> None:
        """Do what is due, then wait for the network for at most `seconds`."""
        now = time.monotonic()
        self._let_happen(now)
        while self._timers and self._timers[0][0] <= now:
            when, device = heapq.heappop(self._timers)
            if when == self._wake[device]:
                self._wake[device] = math.inf
                self._tend(device, now)
        while self._knocking and len(self._connecting) < MOST_CONNECTING:
            self._connect(self._knocking.popleft(), now)
        ahead = self._timers[0][0] - now if self._timers else seconds
        for fd, mask in self._epoll.poll(max(0.0, min(seconds, ahead))):
            self._serve(self._by_fd[fd], mask, time.monotonic())

    def close(self) -> None:
        """End every connection."""
        now = time.monotonic()
        for device, line in enumerate(self.lines):
            line.wanted = False
            if line.stage is not Stage.DOWN:
                self._close(device, now)
        self._epoll.close()

    def _let_happen(self, now: float) -> None:
        passed = (now - self._began) / self._pace if self._began <= now else -1.0
        after = self._book.after
        while self._happened < len(self._rows) and after[row := self._rows[self._happened]] <= passed:
            self._happened += 1
            device = self._owner[row]
            line = self.lines[device]
            line.unit.happen(row - self._book.chapters[device].first + 1, now=now)
            if line.stage is Stage.READY:
                line.flush(now)
                self._watch(device)

    def _tend(self, device: int, now: float) -> None:
        line = self.lines[device]
        if line.stage is not Stage.DOWN:
            line.tend(now)
            self._watch(device)
        elif line.wanted:
            self._knocking.append(device)

    def _connect(self, device: int, now: float) -> None:
        line = self.lines[device]
        if line.stage is Stage.DOWN and line.wanted:
            line.connect(now)
            self._watch(device)

    def _serve(self, device: int, mask: int, now: float) -> None:
        line = self.lines[device]
        if mask & select.EPOLLOUT:
            line.write(now)
        if mask & ~select.EPOLLOUT and line.stage is not Stage.DOWN:
            line.read(now)
        self._watch(device)

    def _close(self, device: int, now: float) -> None:
        self.lines[device].drop(now)
        self._watch(device)

    def _watch(self, device: int) -> None:
        """Tell the kernel what a device waits for, and the clock when it is to be looked after."""
        line = self.lines[device]
        known = self._masks.get(device)
        if line.stage is Stage.DOWN:
            if known is not None:  # the kernel forgets a socket that is closed
                del self._masks[device]
        else:
            mask = select.EPOLLIN | (select.EPOLLOUT if line.writing else 0)
            if known is None:
                self._by_fd[line.fd] = device
                self._epoll.register(line.fd, mask)
            elif known != mask:
                self._epoll.modify(line.fd, mask)
            self._masks[device] = mask
        if line.stage is Stage.CONNECTING:
            self._connecting.add(device)
        else:
            self._connecting.discard(device)
        self._set_timer(device)

    def _set_timer(self, device: int) -> None:
        when = self.lines[device].due_at()
        if when < self._wake[device]:
            self._wake[device] = when
            heapq.heappush(self._timers, (when, device))
