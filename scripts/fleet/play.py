"""The course of a run: who is away, who is killed when, and how long it takes to catch up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleet_events import mix

from fleet import database as db

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cloud_sink.store.database import Database
    from fleet.crowd import Crowd
    from fleet.site import Broker, Child
    from fleet.unit import Unit

LEAVE, RETURN = 0.15, 0.6
"""When those who go offline do so, and when they are back, as a share of the run."""

COLLECTORS_DIE = (0.25, 0.62)
"""When a collector gets its SIGKILL, one after the other; the second while the backlog comes in."""

BROKER_DIES = 0.42

_LOOK = 1.0
"""Seconds between looks at memory, backlog and progress."""

_SEEN_A_SECOND = 20_000
"""Waiting events that a second between two looks allows for."""


@dataclass(slots=True)
class CatchUp:
    """From some moment until everything that waited then has its receipt."""

    what: str
    since: float
    events: int
    seconds: float | None = None  # None: it has not come to an end
    _left: list[tuple[Unit, int]] = field(default_factory=list)
    _again: float = 0.0  # when it is looked at next

    def look(self, now: float) -> None:
        """See whether it is over; the more wait, the less often: a look at 20,000 takes some milliseconds."""
        if self.seconds is not None or now < self._again:
            return
        self._left = [(unit, seq) for unit, seq in self._left if unit.waits(seq)]
        self._again = now + len(self._left) / _SEEN_A_SECOND
        if not self._left:
            self.seconds = now - self.since


@dataclass(slots=True)
class Played:
    """What a run took."""

    seconds: float = 0.0  # from the first event to the last receipt
    settled_after: float = 0.0  # seconds from the last receipt until every day was settled
    busiest: float = 0.0  # events a second, in the busiest ten seconds
    caught_up: list[CatchUp] = field(default_factory=list)
    missing: int = 0  # events without a receipt when patience was over
    unsettled: int = 0  # days that waited then


class Play:
    """One run.

    Args:
        crowd: the devices.
        broker: killed once.
        collectors: killed once each; one that is alone likewise.
        engine: the database.
        seconds: in which the day is told.
        offline: the share of the devices that is away for a while.
        patience: seconds after the day that everything may take to come to rest.
        say: is told how far it is.
    """

    def __init__(
        self,
        crowd: Crowd,
        *,
        broker: Broker,
        collectors: Sequence[Child],
        engine: Database,
        seconds: float,
        offline: float,
        patience: float,
        say: Callable[[str], None],
    ) -> None:
        self._crowd = crowd
        self._broker = broker
        self._collectors = collectors
        self._engine = engine
        self._seconds = seconds
        self._patience = patience
        self._say = say
        many = len(crowd.lines)
        self._away = sorted(sorted(range(many), key=lambda device: mix(device, 13))[: round(offline * many)])
        self._down = min(5.0, seconds / 30)
        self._played = Played()
        self._course: list[tuple[int, float]] = []  # events stored by the second
        self._look_at = 0.0

    def run(self) -> Played:
        """Play it to its end."""
        everyone = range(len(self._crowd.lines))
        self._crowd.switch(everyone, on=True)
        self._wait(lambda: self._crowd.ready == len(self._crowd.lines), 60 + len(everyone) / 100, "devices connect")
        self._crowd.begin()
        for share, act in self._acts():
            self._wait(lambda share=share: self._crowd.elapsed >= share * self._seconds)  # type: ignore[misc]  # bound
            act()
        self._wait(lambda: self._crowd.done, self._patience + self._seconds, "events are receipted")
        self._played.seconds = self._crowd.tally.last_at - (time.monotonic() - self._crowd.elapsed)
        self._played.missing = self._crowd.expected - self._crowd.tally.stored
        self._played.busiest = self._busiest()
        self._rest()
        return self._played

    def _acts(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """What happens when, as a share of the run, in order."""
        down = self._down / self._seconds
        first, last = self._collectors[0], self._collectors[-1]
        yield LEAVE, lambda: self._crowd.switch(self._away, on=False)
        yield COLLECTORS_DIE[0], first.kill
        yield COLLECTORS_DIE[0] + down, lambda: self._revive(first, "a collector was killed")
        yield BROKER_DIES, self._broker.child.kill
        yield BROKER_DIES + down, lambda: self._revive(self._broker.child, "the broker was killed")
        yield RETURN, self._return
        yield COLLECTORS_DIE[1], last.kill
        yield COLLECTORS_DIE[1] + down, lambda: self._revive(last, "a collector was killed")

    def _revive(self, child: Child, what: str) -> None:
        child.start()
        self._begin_catch_up(what, range(len(self._crowd.lines)))

    def _return(self) -> None:
        self._crowd.switch(self._away, on=True)
        self._begin_catch_up(f"{len(self._away)} devices were away", self._away)

    def _begin_catch_up(self, what: str, devices: Sequence[int]) -> None:
        units = [self._crowd.lines[device].unit for device in devices]
        left = [(unit, seq) for unit in units for seq in unit.numbers_waiting()]
        self._played.caught_up.append(CatchUp(what, time.monotonic(), len(left), _left=left))

    def _rest(self) -> None:
        """Devices say goodbye; days come to rest."""
        began = time.monotonic()
        self._crowd.say_goodbye()
        self._wait(lambda: db.gone(self._engine) == len(self._crowd.lines), self._patience, "goodbyes are taken", 0.5)
        self._wait(lambda: db.unsettled(self._engine) == 0, self._patience, "days are settled", 0.5)
        self._played.unsettled = db.unsettled(self._engine)
        self._played.settled_after = time.monotonic() - began

    def _wait(
        self, done: Callable[[], bool], patience: float = float("inf"), what: str = "", pause: float = 0.02
    ) -> None:
        """Let the crowd play until something holds; it goes on without it when patience is over."""
        deadline = time.monotonic() + patience
        while not done() and (now := time.monotonic()) < deadline:
            until = now + pause
            while (left := until - time.monotonic()) > 0:
                self._crowd.turn(left)
            if now >= self._look_at:
                self._look_at = now + _LOOK
                self._look(now, what)

    def _look(self, now: float, what: str) -> None:
        for child in (*self._collectors, self._broker.child):
            child.look()
        for one in self._played.caught_up:
            one.look(now)
        tally = self._crowd.tally
        self._course.append((tally.stored, now))
        waiting = self._crowd.left(range(len(self._crowd.lines)))
        self._say(
            f"{max(0.0, self._crowd.elapsed):.0f} s of {self._seconds:.0f}{f', until {what}' if what else ''}: "
            f"{tally.stored} of {self._crowd.expected} events stored, {waiting} wait; {self._crowd.ready} connected"
        )

    def _busiest(self) -> float:
        spans = zip(self._course, self._course[10:], strict=False)
        return max(((later - earlier) / (end - start) for (earlier, start), (later, end) in spans), default=0.0)
