from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.deliver.schedule import Schedule, Timing, Waiting, Window


def plan(*, window: Window | None = None, jitter: float = 0.0) -> Schedule:
    return Schedule(timing=Timing(jitter=jitter), window=window or Window(), rng=random.Random(1))


def rows(schedule: Schedule, now: float) -> list[int]:
    return [turn.row for turn in schedule.take(now=now)]


def event(row: int, *, urgent: bool = False, size: int = 1000) -> Waiting:
    return Waiting(row, size, urgent=urgent)


def test_live_goes_before_backlog_and_stockouts_before_the_rest() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=False)
    schedule.add(event(2, urgent=True), now=0, live=False)
    schedule.add(event(3), now=0, live=True)
    schedule.add(event(4, urgent=True), now=0, live=True)
    assert rows(schedule, 0) == [4, 3, 2, 1]


def test_what_could_not_go_for_a_minute_is_backlog() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=True)
    schedule.add(event(2), now=30, live=True)
    turns = schedule.take(now=61)
    assert [(turn.row, turn.live) for turn in turns] == [(2, True), (1, False)]


def test_without_a_receipt_it_comes_again_after_60_s_doubling_to_15_min() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=True)
    now, waits = 0.0, []
    assert rows(schedule, now) == [1]
    for _ in range(7):
        due = schedule.next_due()
        assert due is not None
        assert rows(schedule, due - 0.01) == []
        assert rows(schedule, due) == [1]
        waits.append(due - now)
        now = due
    assert waits == [60, 120, 240, 480, 900, 900, 900]


def test_jitter_only_ever_waits_longer() -> None:
    schedule, waits = plan(jitter=0.2), []
    for now in range(0, 20_000, 100):
        schedule.add(event(now), now=now, live=True)
        schedule.add(event(now + 1), now=now, live=True)
        assert rows(schedule, now) == [now, now + 1]
        due = schedule.next_due()
        assert due is not None
        waits.append(due - now)
        schedule.forget(now)
        assert schedule.next_due() == due  # what was sent together is due together
        schedule.forget(now + 1)
    assert min(waits) >= 60
    assert max(waits) <= 72
    assert max(waits) - min(waits) > 6


def test_the_window_bounds_what_is_under_way() -> None:
    schedule = plan(window=Window(events=3, octets=10**6, reserve=2))
    for row in range(10):
        schedule.add(event(row), now=0, live=False)
    assert rows(schedule, 0) == [0, 1, 2]
    schedule.forget(1)
    assert rows(schedule, 0) == [3]


def test_the_window_bounds_bytes_but_lets_one_large_event_through() -> None:
    schedule = plan(window=Window(events=100, octets=2500, reserve=2))
    for row in range(3):
        schedule.add(event(row), now=0, live=False)
    schedule.add(event(3, size=9000), now=0, live=False)
    assert rows(schedule, 0) == [0, 1]
    schedule.forget(0)
    schedule.forget(1)
    assert rows(schedule, 0) == [2]
    schedule.forget(2)
    assert rows(schedule, 0) == [3]


def test_a_full_window_keeps_a_reserve_for_live_events() -> None:
    schedule = plan(window=Window(events=2, octets=10**6, reserve=2))
    for row in range(4):
        schedule.add(event(row), now=0, live=False)
    assert rows(schedule, 0) == [0, 1]
    for row in range(4, 8):
        schedule.add(event(row), now=0, live=True)
    assert rows(schedule, 0) == [4, 5]


def test_what_got_no_receipt_twice_travels_alone() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=False)
    assert [turn.alone for turn in schedule.take(now=0)] == [False]
    assert [turn.alone for turn in schedule.take(now=60)] == [False]
    assert [turn.alone for turn in schedule.take(now=180)] == [True]


def test_a_lost_connection_repeats_a_first_sending_at_once_and_later_ones_in_their_time() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=True)
    schedule.take(now=0)
    schedule.lost([1, 99], now=1)
    assert rows(schedule, 1) == [1]
    schedule.lost([1], now=2)
    assert rows(schedule, 2) == []


def test_what_nobody_subscribes_to_waits_5_s_and_at_most_75() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=True)
    now, waits = 0.0, []
    schedule.take(now=now)
    for _ in range(7):
        schedule.unheard([1, 2], now=now)
        due = schedule.next_due()
        assert due is not None
        waits.append(due - now)
        now = due
        assert rows(schedule, now) == [1]
    assert waits == [5, 10, 20, 40, 75, 75, 75]


def test_the_first_receipt_after_a_silence_shortens_long_waits() -> None:
    schedule = plan()
    schedule.add(event(1), now=0, live=False)
    schedule.add(event(2), now=0, live=False)
    for now in (0, 60, 180, 420, 900):
        assert rows(schedule, now) == [1, 2]
    schedule.forget(1)
    schedule.heard(now=1000)
    assert rows(schedule, 1000) == [2]
    # A collector that speaks, yet never answers this one, is not asked more often for that.
    schedule.heard(now=1010)
    assert rows(schedule, 1010) == []


def test_only_what_was_sent_or_inherited_may_be_known() -> None:
    schedule = plan(window=Window(events=1))
    schedule.add(Waiting(1, 10, urgent=False, inherited=True), now=0, live=False)
    schedule.add(event(2), now=0, live=False)
    assert [schedule.may_be_known(row) for row in (1, 2, 3)] == [True, False, False]
    schedule.take(now=0)
    schedule.forget(1)
    schedule.take(now=0)
    assert [schedule.may_be_known(row) for row in (1, 2)] == [False, True]


@given(
    events=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 5000)), max_size=60),
    events_most=st.integers(1, 20),
    octets=st.integers(1, 20000),
    seed=st.integers(),
)
def test_everything_gets_its_turn_once_and_the_window_holds(
    events: list[tuple[bool, bool, int]], events_most: int, octets: int, seed: int
) -> None:
    window = Window(events=events_most, octets=octets, reserve=3)
    schedule, rng = plan(window=window), random.Random(seed)
    for row, (urgent, live, size) in enumerate(events):
        schedule.add(Waiting(row, size, urgent=urgent), now=0, live=live)
    taken: list[int] = []
    under_way: set[int] = set()
    for _ in events:  # each round answers at least one
        new = rows(schedule, 1)
        taken += new
        under_way |= set(new)
        assert len(under_way) == schedule.under_way <= window.events + window.reserve
        answered = {row for row in under_way if rng.random() < 0.5} or under_way
        for row in answered:
            schedule.forget(row)
        under_way -= answered
    assert sorted(taken) == list(range(len(events)))


@pytest.mark.parametrize("attempts", [1, 10, 10_000])
def test_no_number_of_attempts_is_too_great(attempts: int) -> None:
    assert Timing(jitter=0).wait(attempts, 1.0) <= 900
