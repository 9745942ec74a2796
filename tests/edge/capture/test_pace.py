"""Captures keep their pace whatever somebody does to the clock."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture.pace import Pace
from edge.contract.business_day import Clockwork, business_day, opening
from edge.contract.config import Schedule

CLOCKWORK = Clockwork(ZoneInfo("Asia/Ho_Chi_Minh"), time(4), time(8), time(22))
ALWAYS = Clockwork(ZoneInfo("UTC"), time(0), time(0), time(23, 59, 59, 999999))
NOON = datetime(2026, 3, 14, 5, 0, tzinfo=UTC)  # in the store
QUARTER = Schedule.model_validate({"every": "15m"})
HOURLY = Schedule.model_validate({"cron": "0 * * * *"})
DAY = timedelta(days=1)


class World:
    """A wall clock that is set, and a running clock that is not; captures as an agent would take them."""

    def __init__(self, schedule: Schedule, clockwork: Clockwork, *, wall: datetime) -> None:
        self.clockwork = clockwork
        self.off = wall
        self.running = 1000.0
        self.captures: list[tuple[float, datetime]] = []
        self._pace = Pace(schedule, clockwork)
        self._pace.begin(wall=self.wall, running=self.running)

    @property
    def wall(self) -> datetime:
        return self.off + timedelta(seconds=self.running)

    def set(self, by: timedelta) -> None:
        self.off += by

    def live(self, seconds: float, *, step: float = 30.0) -> None:
        """Let time pass, looking at the clocks at least every `step` seconds."""
        until = self.running + seconds
        while self.running < until:
            left = self._pace.left(wall=self.wall, running=self.running)
            if left == 0:
                self.captures.append((self.running, self.wall))
                self._pace.begin(wall=self.wall, running=self.running)
                continue
            self.running = min(until, self.running + min(step, left if left is not None else step))


def test_without_a_change_of_the_clock_captures_come_at_their_times() -> None:
    world = World(QUARTER, CLOCKWORK, wall=NOON)
    world.live(3 * 3600)
    minutes = [wall.astimezone(CLOCKWORK.zone).strftime("%H:%M:%S") for _, wall in world.captures]
    assert len(minutes) == 12
    assert all(minute[3:] in {"00:00", "15:00", "30:00", "45:00"} for minute in minutes)
    assert len(set(minutes)) == 12


@pytest.mark.parametrize("by", [-DAY, DAY, timedelta(hours=-3), timedelta(days=365 * 56), timedelta(minutes=-7)])
def test_a_clock_that_jumps_brings_neither_a_storm_nor_a_silence(by: timedelta) -> None:
    world = World(QUARTER, ALWAYS, wall=NOON)
    world.live(7200)
    world.set(by)
    world.live(7200)
    at = [running for running, _ in world.captures]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert max(gaps) <= 900 + 1
    assert min(gaps) >= 449
    assert 15 <= len(at) <= 18


def test_a_clock_that_was_never_set_and_then_is_brings_the_first_capture_by_the_right_time() -> None:
    world = World(HOURLY, CLOCKWORK, wall=datetime(1970, 1, 1, 20, 0, tzinfo=UTC))  # closed, for hours
    world.live(600)
    assert world.captures == []
    world.set(NOON - world.wall + timedelta(minutes=50))
    world.live(1200)
    assert [wall.astimezone(CLOCKWORK.zone).strftime("%H:%M") for _, wall in world.captures] == ["13:00"]


def test_a_clock_that_is_set_into_the_night_brings_no_capture_there() -> None:
    world = World(QUARTER, CLOCKWORK, wall=NOON)
    world.live(1000)
    before = len(world.captures)
    world.set(timedelta(hours=12))
    world.live(3 * 3600)
    assert len(world.captures) == before


def test_a_wall_clock_that_is_slowed_down_brings_no_moment_twice() -> None:
    world = World(QUARTER, ALWAYS, wall=NOON)
    for _ in range(4 * 3600):
        world.live(1.0)
        world.set(timedelta(milliseconds=-0.5))
    assert len(world.captures) == 16


@given(
    jumps=st.lists(st.tuples(st.floats(1, 4000), st.integers(-10_000_000, 10_000_000)), max_size=30),
    every=st.sampled_from(["1m", "15m", "1h"]),
)
def test_whatever_is_done_to_the_clock_captures_keep_their_pace(jumps: list[tuple[float, int]], every: str) -> None:
    schedule = Schedule.model_validate({"every": every})
    seconds = schedule.every
    assert seconds is not None
    world = World(schedule, ALWAYS, wall=NOON)
    for wait, by in jumps:
        world.live(wait)
        world.set(timedelta(seconds=by))
    world.live(2 * seconds + 60)
    at = [1000.0] + [running for running, _ in world.captures]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert max(gaps) <= seconds + 30
    assert all(wall < opening(business_day(wall, ALWAYS), ALWAYS).until for _, wall in world.captures)
    total = world.running - 1000.0
    assert len(world.captures) <= total / seconds + 2 + 2 * len(jumps)


@settings(max_examples=30)
@given(st.integers(0, 2**32))
def test_a_clock_that_is_set_every_second_brings_no_storm(seed: int) -> None:
    world, rng = World(QUARTER, ALWAYS, wall=NOON), random.Random(seed)
    for _ in range(400):
        world.live(5.0, step=1.0)
        world.set(timedelta(seconds=rng.randint(-100_000, 100_000)))
    assert 2 <= len(world.captures) <= 2000 / 450 + 1
