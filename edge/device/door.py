"""A cooler's door at work: its sensor is watched, openings are told, and the best capture after each is asked for."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from edge.contract.errors import SourceError
from edge.contract.payloads import CoolerDoor, CoolerStatus
from edge.deliver.envelope import Draft, Stamp
from edge.device.door_memory import dump_door, load_door
from edge.shelf.door import Door, DoorRules, Happening, step

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from edge.contract.config import DoorSection
    from edge.device.door_sensors import Sensor
    from edge.device.surroundings import Surroundings

log = structlog.get_logger(__name__)

LONGEST_ID = 63

TICK = 0.1
"""Seconds that a sensor is waited for at most: so precisely a door's settling time is kept."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings since the last capture that was looked at."""

    seconds: float | None  # open in all; None: nobody knows
    refill: bool
    ids: tuple[str, ...] = ()  # of those whose id is known


class Looks(Protocol):
    """Who takes a fixture's captures about an opening. Each may take its time."""

    def keep(self) -> None:
        """Keep a frame in memory: the door is closed."""
        ...

    def before(self, opened: float) -> None:
        """Read the best frame from before the door opened, monotonic seconds."""
        ...

    def after(self, openings: Openings) -> bool:
        """Read the best frame after openings; whether it was accepted."""
        ...


class Watcher(Protocol):
    """Something beside the cameras that a crew keeps going in a thread of its own."""

    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        ...


class DoorWatch:
    """Watches one door.

    Args:
        fixture: whose door it is.
        section: its configuration.
        sensor: says whether it is open.
        around: outbox and clock.
        looks: takes the captures before and after openings.
    """

    def __init__(
        self,
        fixture: str,
        section: DoorSection,
        *,
        sensor: Sensor,
        around: Surroundings,
        looks: Looks,
    ) -> None:
        self.name = f"door-{fixture}"
        self._fixture = fixture
        self._section = section
        self._sensor = sensor
        self._around = around
        self._looks = looks
        self._rules = DoorRules(section.settle, section.too_long, section.lost)
        self._door = Door()
        self._opening: str | None = None  # the id of the one under way, or of the last
        self._unseen: list[tuple[str | None, float | None]] = []  # openings after which nobody has looked, seconds open
        self._failing = ""

    def run(self, stop: threading.Event) -> None:
        """See `Watcher`."""
        now = self._around.clock.now()
        self._door, self._opening = load_door(self._around.outbox.get_state(self._key), now=now)
        last = kept = time.monotonic()
        looks: deque[Future[None]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix=self.name) as pool:
            try:
                while not stop.is_set():
                    while looks and looks[0].done():
                        looks.popleft().result()  # what went wrong in it goes wrong here
                    said = self._ask(stop)
                    passed, last = time.monotonic() - last, time.monotonic()
                    self._door, happened = step(self._door, said=said, seconds=passed, rules=self._rules)
                    for one in happened:
                        self._tell(one)
                        looks += self._looks_at(one, pool)
                    if self._keeps(looks, since=last - kept):
                        kept = last
                        looks.append(pool.submit(self._looks.keep))
            finally:
                self._sensor.close()

    @property
    def _key(self) -> str:
        """Where the outbox keeps the door's state."""
        return f"door/{self._fixture}"

    def _looks_at(self, happening: Happening, pool: ThreadPoolExecutor) -> list[Future[None]]:
        """Have the captures taken that belong to what happened."""
        if happening.kind == "opened" and self._section.before:
            return [pool.submit(self._looks.before, time.monotonic() - self._door.seconds)]
        if happening.kind == "closed":
            self._unseen.append((self._opening, happening.seconds))
            return [pool.submit(self._look_after)]
        return []

    def _keeps(self, looks: Sequence[Future[None]], *, since: float) -> bool:
        """Whether it is time to keep a frame: the door is closed, and no capture is under way."""
        closed = not self._door.open and self._door.otherwise is None and not self._door.stuck
        return closed and not looks and 0 < self._section.before <= since

    def _ask(self, stop: threading.Event) -> bool | None:
        """What the sensor says; one that fails is told once when it fails, once when it is back."""
        try:
            said = self._sensor.ask(TICK)
        except SourceError as error:
            if self._failing != str(error):
                log.warning("door.failing", fixture=self._fixture, error=str(error))
            self._failing = str(error)
            stop.wait(TICK)
            return None
        if self._failing and said is not None:
            log.info("door.back", fixture=self._fixture)
            self._failing = ""
        return said

    def _tell(self, happening: Happening) -> None:
        now = self._around.clock.now()
        payload: CoolerDoor | CoolerStatus
        if happening.kind == "too_long":
            log.warning("door.open_too_long", fixture=self._fixture, seconds=happening.seconds)
            payload = CoolerStatus(fixture=self._fixture, door_open_seconds=happening.seconds)
        else:
            seconds = round(happening.seconds, 2) if happening.seconds is not None else None
            if happening.kind == "opened":
                self._opening = f"{self._fixture}-{now:%Y%m%dt%H%M%S}"[-LONGEST_ID:].lstrip("-_")
            payload = CoolerDoor(
                fixture=self._fixture,
                opening=self._opening,
                state=happening.kind,
                seconds_open=seconds if happening.kind == "closed" else None,
            )
            if happening.kind == "closed" and seconds is None:
                log.warning("door.closing_lost", fixture=self._fixture)
                self._sensor.forget()
        append(self._around, now, payload, state={self._key: dump_door(self._door, now=now, opening=self._opening)})

    def _look_after(self) -> None:
        """Have the shelves looked at, unless the door is open again; then the next closing does it for both."""
        if self._door.open or not self._unseen:
            return
        waiting = list(self._unseen)
        known = [seconds for _, seconds in waiting if seconds is not None]
        longest = max(known, default=None)
        openings = Openings(
            seconds=sum(known) if len(known) == len(waiting) else None,
            refill=longest is None or longest >= self._section.refill,
            ids=tuple(opening for opening, _ in waiting if opening is not None),
        )
        if self._looks.after(openings):
            del self._unseen[: len(waiting)]


def append(
    around: Surroundings, at: datetime, payload: CoolerDoor | CoolerStatus, *, state: dict[str, str] | None = None
) -> None:
    """Say something of a cooler, and remember what belongs to it, in one transaction."""
    clock = around.clock
    stamp = Stamp(zone=around.zone, clock="synced" if clock.synced() else "unsynced", boot=clock.boot, up=clock.up())
    around.outbox.append([Draft(at, payload)], stamp=stamp, state=state or {})
    around.wake()
