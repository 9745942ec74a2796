from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.releases.rings import Ring, RollOut, Standing, advanced, count, read_ring
from edge.contract.errors import ConfigError
from edge.contract.releases import Reach, ReleaseHealth, UpdateStage, share_of

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PAUSE = timedelta(hours=1)
RINGS = (Ring(name="pilot", stores=("s1",)), Ring(name="all", percent=100))


def rollout(**more: object) -> RollOut:
    begun = {"number": 2, "rings": RINGS, "pause": PAUSE, "most_failures": 0.1, "least_done": 0.9, "before": 1}
    return RollOut.model_validate(begun | {"since": NOW - PAUSE} | more)


def standing(
    device: str, *, store: str = "s1", running: int = 2, stage: UpdateStage = "current", **more: object
) -> Standing:
    failed = {2: "too slow"} if stage in {"refused", "rolled_back"} else {}
    release = ReleaseHealth(running=running, wanted=2, stage=stage, set_aside=failed)
    last_seen = more.get("last_seen", NOW)
    assert isinstance(last_seen, datetime)
    return Standing(device, store, last_seen, lost=bool(more.get("lost")), release=release)


def test_the_next_ring_comes_when_the_pause_is_over_and_the_devices_run_it() -> None:
    after = advanced(rollout(), [standing("d1"), standing("d2", store="s2", running=1)], NOW)
    assert (after.at, after.since, after.state) == (1, NOW, "running")


def test_no_ring_comes_before_its_pause_is_over() -> None:
    begun = rollout(since=NOW - PAUSE + timedelta(seconds=1))
    assert advanced(begun, [standing("d1")], NOW) == begun


def test_no_ring_comes_while_devices_are_on_probation() -> None:
    assert advanced(rollout(), [standing("d1", stage="probation")], NOW) == rollout()


def test_nobody_waits_for_a_device_that_is_silent() -> None:
    silent = standing("d2", running=1, stage="fetching", last_seen=NOW - timedelta(days=2))
    assert advanced(rollout(), [standing("d1"), silent], NOW).at == 1


def test_devices_that_fell_silent_under_a_release_hold_it_up() -> None:
    begun = rollout(since=NOW - timedelta(hours=9))
    dead = [standing(name, running=1, stage="waiting", last_seen=NOW - timedelta(hours=5)) for name in ("d2", "d3")]
    assert advanced(begun, [standing("d1"), *dead], NOW) == begun


def test_a_ring_of_which_nobody_comes_back_proves_nothing() -> None:
    gone = standing("d1", running=1, last_seen=NOW - timedelta(days=2))
    assert advanced(rollout(), [gone], NOW) == rollout()


def test_a_ring_without_a_device_is_gone_past() -> None:
    assert advanced(rollout(), [standing("d1", store="s2", running=1)], NOW).at == 1


@pytest.mark.parametrize("stage", ["refused", "rolled_back"])
def test_failures_stop_it_and_are_named(stage: UpdateStage) -> None:
    after = advanced(rollout(), [standing("d1"), standing("d2", running=1, stage=stage)], NOW)
    assert after.state == "stopped"
    assert after.said == "1 of 2 devices failed: d2"


def test_a_device_that_is_lost_with_it_counts_as_failed() -> None:
    assert advanced(rollout(), [standing("d1", lost=True)], NOW).state == "stopped"


def test_a_device_that_was_lost_before_it_took_the_release_is_no_failure() -> None:
    lost = standing("d2", running=1, stage="fetching", lost=True, last_seen=NOW - timedelta(days=2))
    assert advanced(rollout(), [standing("d1"), lost], NOW).state == "running"


def test_what_was_stopped_stays_so() -> None:
    stopped = rollout(state="stopped")
    assert advanced(stopped, [standing("d1")], NOW) is stopped


def test_after_the_last_ring_all_others_are_to_run_it_too() -> None:
    after = advanced(rollout(at=1), [standing("d1")], NOW)
    assert after.state == "done"
    assert after.plan.stable == 2
    assert after.plan.candidate is None


def test_devices_that_take_no_releases_are_left_out() -> None:
    assert count(rollout(), [Standing("d1", "s1", NOW, lost=True, release=None)], NOW).reached == 0


def test_whom_it_does_not_reach_yet_runs_what_was_before() -> None:
    plan = rollout().plan
    assert plan.wanted(store="s1", device="d1") == 2
    assert plan.wanted(store="s2", device="d1") == 1


def test_a_release_that_was_stopped_is_taken_up_by_nobody() -> None:
    assert rollout(state="stopped").plan.wanted(store="s1", device="d1") == 1


@given(st.integers(1, 1000), st.text(alphabet="abcdef0123456789", min_size=1, max_size=8))
def test_a_percentage_only_grows(number: int, device: str) -> None:
    reached = [Reach(percent=p).covers(number=number, store="s", device=device) for p in range(0, 101, 10)]
    assert reached == sorted(reached)
    assert not reached[0]
    assert reached[-1]


def test_a_percentage_is_spread_evenly_and_anew_for_each_release() -> None:
    first, second = ({one for one in range(2000) if share_of(f"unit-{one}", number) < 10} for number in (1, 2))
    assert 140 < len(first) < 260
    assert 140 < len(second) < 260
    assert len(first & second) < 60


@pytest.mark.parametrize("text", ["pilot", "pilot=", "pilot=110%", "pilot=rack:r1", "PILOT=5%", "a=store:"])
def test_a_ring_that_names_no_devices_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write NAME=10% or"):
        read_ring(text)


@pytest.mark.parametrize("text", ["pilot=device:d1,store:s1", "tenth=10%", "both=store:s1,2.5%"])
def test_a_ring_is_told_as_it_was_said(text: str) -> None:
    assert str(read_ring(text)) == text
