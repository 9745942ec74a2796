"""What time it is on a device whose clock is behind, ahead, or was never set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.device.clock import Clock, installed_at

INSTALLED = datetime(2026, 3, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEVER_SET = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)


class Hands(Clock):
    """A clock whose hands a test moves."""

    def __init__(self, shows: datetime, *, in_step: bool = True) -> None:
        self.shows, self.seconds, self.in_step = shows, 1000.0, in_step
        super().__init__(latest_provable=INSTALLED)

    def wall(self) -> datetime:
        return self.shows

    def running(self) -> float:
        return self.seconds

    def kernel_synced(self) -> bool:
        return self.in_step

    def live(self, seconds: float) -> None:
        self.shows += timedelta(seconds=seconds)
        self.seconds += seconds


def test_a_right_clock_is_believed() -> None:
    clock = Hands(NOON)
    assert (clock.now(), clock.synced()) == (NOON, True)
    clock.in_step = False
    assert (clock.now(), clock.synced()) == (NOON, False)


def test_a_clock_that_was_never_set_begins_when_the_software_was_installed_and_goes_on_from_there() -> None:
    clock = Hands(NEVER_SET)
    assert (clock.now(), clock.synced()) == (INSTALLED, False)
    clock.live(3600)
    assert clock.now() == INSTALLED + timedelta(hours=1)
    clock.shows = NOON
    assert (clock.now(), clock.synced()) == (NOON, True)


def test_the_collectors_word_raises_a_clock_that_is_behind() -> None:
    clock = Hands(NEVER_SET)
    clock.hear(NOON)
    clock.live(60)
    assert (clock.now(), clock.synced()) == (NOON + timedelta(seconds=60), False)


def test_a_jump_a_day_back_is_not_followed() -> None:
    clock = Hands(NOON)
    clock.hear(NOON)
    clock.live(600)
    clock.shows -= DAY
    assert (clock.now(), clock.synced()) == (NOON + timedelta(minutes=10), False)
    clock.live(600)
    assert clock.now() == NOON + timedelta(minutes=20)


def test_what_was_heard_holds_after_a_restart() -> None:
    clock = Hands(NOON)
    remembered = clock.hear(NOON)
    assert remembered is not None
    clock = Hands(NOON - DAY)
    clock.recall(remembered)
    assert (clock.now(), clock.synced()) == (NOON, False)


@pytest.mark.parametrize("text", [None, "", "rubbish", "[]", '{"heard": 5}', '{"heard": "yesterday"}'])
def test_what_cannot_be_remembered_is_forgotten(text: str | None) -> None:
    clock = Hands(NOON)
    clock.recall(text)
    assert clock.now() == NOON


def test_a_clock_ahead_of_the_collectors_by_more_than_five_minutes_counts_as_unsynced() -> None:
    clock = Hands(NOON)
    clock.hear(NOON - timedelta(minutes=4))
    assert clock.synced()
    clock.shows += DAY
    clock.hear(NOON)
    assert not clock.synced()
    clock.shows -= DAY
    clock.hear(NOON)
    assert clock.synced()


def test_a_collector_that_was_wrong_itself_is_corrected_by_its_next_word() -> None:
    clock = Hands(NOON)
    clock.hear(NOON + 365 * DAY)
    assert not clock.synced()
    clock.hear(NOON)
    assert (clock.now(), clock.synced()) == (NOON, True)


def test_of_a_collector_that_tells_no_time_our_own_counts_until_a_time_service_speaks() -> None:
    clock = Hands(NOON, in_step=False)
    remembered = clock.hear(None)
    clock = Hands(NOON - DAY, in_step=False)
    clock.recall(remembered)
    assert clock.now() == NOON
    clock.in_step = True
    assert (clock.now(), clock.synced()) == (NOON - DAY, True)


def test_what_was_heard_is_written_down_now_and_then_only() -> None:
    clock = Hands(NOON)
    assert clock.hear(NOON) is not None
    clock.live(60)
    assert clock.hear(NOON) is None
    clock.live(1800)
    assert clock.hear(NOON + timedelta(seconds=1860)) is not None


def test_a_clock_kept_in_step_by_being_slowed_down_stays_synced() -> None:
    clock = Hands(NOON)
    clock.hear(NOON)
    clock.live(600)
    clock.shows -= timedelta(seconds=2)
    assert (clock.now(), clock.synced()) == (clock.shows, True)


@pytest.mark.parametrize("when", ["1970-01-01 00:05:00", "-1d"])
def test_a_process_whose_clock_is_behind_knows_it(when: str) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None or shutil.which("faketime") is None:
        pytest.skip("faketime is missing: apt-get install faketime")
    code = (
        "from edge.device.clock import Clock, installed_at; c = Clock(latest_provable=installed_at());"
        "print(c.wall().isoformat(), c.now().isoformat(), c.synced())"
    )
    # The newest of the project's files may be of this minute: one made now is surely newer than a day ago.
    environment = {**os.environ, "LD_PRELOAD": str(library), "FAKETIME": when, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    wall, now, synced = done.stdout.split()
    if datetime.fromisoformat(wall) > installed_at():
        pytest.skip("this copy of the project is older than a day: nothing proves that yesterday is past")
    assert abs(datetime.fromisoformat(now) - installed_at()) < timedelta(seconds=60)
    assert synced == "False"
