"""What a traffic camera says: intervals, what was observed of them, and what clocks, kills and stops do to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.device.traffic import SAVE_SECONDS
from tests.edge.device.corner import RATE, Corner, crossed

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 14, 5, 0, tzinfo=UTC)  # in the store


def test_intervals_begin_and_end_at_round_times_of_the_store(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON + timedelta(seconds=4))
    corner.watch(30)
    first, second, third = corner.counts
    assert first.until == second.since == NOON + timedelta(seconds=10)
    assert second.until == third.since == NOON + timedelta(seconds=20)
    assert third.until == NOON + timedelta(seconds=30)
    assert abs((first.since - NOON).total_seconds() - 4.2) < 0.01
    assert second.seconds_observed == pytest.approx(10.0, abs=0.01)


def test_who_walks_by_is_counted_once_whatever_interval_it_is_in(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON)
    corner.watch(60)
    corner.camera.finish()
    assert crossed(corner.counts) == 6
    assert {(line.into, line.out) for count in corner.counts for line in count.lines} <= {(0, 1), (0, 0)}


def test_time_without_the_camera_is_not_observed_and_holds_no_interval_back(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON)
    corner.watch(15)
    corner.be_away(17)
    assert "no frame within 5 s" in corner.camera.error
    assert [count.until for count in corner.counts] == [NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)]
    corner.watch(8)
    assert corner.camera.error == ""
    corner.camera.finish()
    told = [(count.since, count.until, round(count.seconds_observed)) for count in corner.counts]
    assert told[1:] == [
        (NOON + timedelta(seconds=10), NOON + timedelta(seconds=20), 5),
        (NOON + timedelta(seconds=30), NOON + timedelta(seconds=40), 8),  # of 20 to 30 s nothing was seen
    ]


def test_a_stop_says_what_was_counted_so_far(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, interval="15m")
    corner.watch(25)
    corner.camera.finish()
    corner.restart()
    (count,) = corner.counts
    assert crossed([count]) == 3
    assert count.seconds_observed == pytest.approx(25, abs=0.2)
    assert count.until == NOON + timedelta(seconds=25)


def test_a_kill_costs_no_more_than_the_last_minute_and_doubles_nothing(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, interval="15m")
    corner.watch(SAVE_SECONDS + 15)
    assert corner.events == []
    corner.restart()  # from here on as after kill -9
    (saved,) = corner.counts
    assert saved.seconds_observed == pytest.approx(SAVE_SECONDS, abs=2 / RATE)
    assert (saved.until - saved.since).total_seconds() == pytest.approx(saved.seconds_observed)
    assert crossed([saved]) == SAVE_SECONDS // 10
    corner.running += 20  # until it is started again
    corner.watch(30)
    corner.restart()  # killed again, before there was anything to save
    corner.watch(20)
    corner.camera.finish()
    assert [crossed([count]) for count in corner.counts] == [6, 2]
    assert corner.counts[1].since >= saved.until


def test_what_is_written_down_of_an_interval_are_counts_and_times_alone(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, interval="15m", min_count=9)
    corner.watch(SAVE_SECONDS + 5)
    corner.outbox.close()
    with closing(sqlite3.connect(tmp_path / "outbox.db")) as database:
        ((kept,),) = database.execute("SELECT value FROM state WHERE key = 'traffic/entrance'").fetchall()
    assert len(kept) < 600
    assert '"withheld":["lines.entrance"]'.replace("entrance", "door") in kept  # not even on disk
    assert '"into"' not in kept


def test_a_clock_set_back_a_day_ends_the_interval_and_no_event_ends_before_it_begins(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, interval="15m")
    corner.watch(25)
    corner.clock.put_forward(timedelta(days=-1))
    corner.watch(25)
    corner.camera.finish()
    before, after = corner.counts
    assert NOON <= before.since < before.until <= NOON + timedelta(seconds=27)  # a look at the clock a second
    assert NOON - timedelta(days=1) <= after.since < after.until <= NOON - timedelta(days=1) + timedelta(seconds=51)
    assert before.seconds_observed + after.seconds_observed == pytest.approx(50, abs=1.5)
    assert crossed([before, after]) == 5


def test_what_was_counted_by_a_clock_never_set_says_so(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=datetime(2020, 1, 1, tzinfo=UTC), synced=False)
    corner.watch(15)
    corner.clock.put_forward(NOON - datetime(2020, 1, 1, tzinfo=UTC))
    corner.clock.in_step = True  # a time server was reached
    corner.watch(12)
    said = [(event["data"]["since"][:4], event["clock"]) for event in corner.events]
    assert said == [("2020", "unsynced"), ("2020", "unsynced"), ("2026", "synced")]


def test_a_clock_that_is_put_right_a_little_changes_nothing(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON)
    corner.watch(5)
    corner.clock.put_forward(timedelta(seconds=1.5))
    corner.watch(16)
    assert [count.until for count in corner.counts] == [NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)]


def test_counts_too_small_to_be_told_are_withheld(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, min_count=2, interval="15s")
    corner.watch(30)
    told = [(count.withheld, [(line.into, line.out) for line in count.lines]) for count in corner.counts]
    assert told == [([], [(0, 2)]), (["lines.door"], [])]


def test_another_picture_size_does_not_end_the_count(tmp_path: Path) -> None:
    corner = Corner(tmp_path, shows=NOON, interval="15m")
    corner.watch(10)
    corner.running += 0.1
    corner.image = corner.image.repeat(2, axis=0).repeat(2, axis=1)  # type: ignore[union-attr]
    corner.camera.step()
    corner.watch(10)
    corner.camera.finish()
    (count,) = corner.counts
    assert crossed([count]) == 2


Happening = st.one_of(
    st.tuples(st.just("watch"), st.floats(0.1, 12)),
    st.tuples(st.just("be away"), st.floats(0.1, 40)),
    st.tuples(st.just("set the clock"), st.floats(-90000, 90000)),
    st.tuples(st.sampled_from(["kill", "stop"]), st.just(0.0)),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(Happening, min_size=1, max_size=7))
def test_whatever_happens_no_event_claims_more_than_was_seen(
    tmp_path_factory: pytest.TempPathFactory, story: list[tuple[str, float]]
) -> None:
    corner = Corner(tmp_path_factory.mktemp("corner"), shows=NOON)
    watched = 0.0
    for what, amount in story:
        match what:
            case "watch":
                corner.watch(amount)
                watched += amount
            case "be away":
                corner.be_away(amount)
            case "set the clock":
                corner.clock.put_forward(timedelta(seconds=amount))
            case "kill":
                corner.restart()
            case "stop":
                corner.camera.finish()
                corner.restart()
    corner.camera.finish()
    counts = corner.counts
    for count in counts:
        assert count.since < count.until
        assert (count.until - count.since).total_seconds() <= 10 + 1e-3
        assert count.seconds_observed <= (count.until - count.since).total_seconds() + 2e-3
    # Between frames no more than 2 s apart it was looking, though the camera may have been away in between.
    assert sum(count.seconds_observed for count in counts) <= watched + 2.0 * len(story) + 0.1
    assert crossed(counts) <= watched / 10 + len(story) + 1
    lost = 10 + 1 / RATE  # an interval is told when it ends, so that a kill costs no more than one
    kills = sum(what == "kill" for what, _ in story)
    pauses = len(story) + 1
    least = watched - kills * lost - pauses * (1 / RATE + 1.0)
    assert sum(count.seconds_observed for count in counts) >= least
    corner.outbox.close()
