"""States, deadlines, back-off, pace and lag of a stream."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.stream_rules import (
    LAG_ALLOWED,
    LAG_BORNE,
    LEGAL,
    BackOff,
    Lag,
    Pace,
    StreamState,
    advance,
    deadlines_for,
)

State = StreamState


def test_a_stream_can_be_closed_from_every_state_and_never_leaves_that_one() -> None:
    assert all(State.CLOSED in LEGAL[state] for state in State if state is not State.CLOSED)
    assert LEGAL[State.CLOSED] == frozenset()


def test_a_stalled_stream_is_never_opened_without_backing_off() -> None:
    before_opening = {state for state in State if State.OPENING in LEGAL[state]}
    assert before_opening == {State.BACKING_OFF}
    assert LEGAL[State.STALLED] == {State.BACKING_OFF, State.CLOSED}


@pytest.mark.parametrize(("state", "to"), [(a, b) for a, b in itertools.product(State, State) if b not in LEGAL[a]])
def test_what_is_not_legal_is_refused(state: StreamState, to: StreamState) -> None:
    with pytest.raises(ValueError, match=f"that is {state} cannot become {to}"):
        advance(state, to)


@pytest.mark.parametrize(("rate", "frame"), [(25.0, 5.0), (2.0, 5.0), (1.0, 10.0), (0.1, 100.0)])
def test_a_slow_stream_may_be_silent_for_longer(rate: float, frame: float) -> None:
    deadlines = deadlines_for(rate, first=20.0)
    assert (deadlines.first, deadlines.frame) == (20.0, frame)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_wait_is_never_none_and_never_over_its_bound(failures: int, share: float) -> None:
    back_off = BackOff(first=1.0, longest=60.0)
    wait = back_off.wait(failures, share)
    assert 0.5 <= wait <= 60.0
    assert back_off.wait(failures + 1, share) >= wait


def test_waits_double_and_are_spread_by_half() -> None:
    back_off = BackOff(first=1.0, longest=60.0)
    assert [back_off.wait(failures, 1.0) for failures in (1, 2, 3, 6, 7, 8)] == [1, 2, 4, 32, 60, 60]
    assert [back_off.wait(3, share) for share in (0.0, 0.5, 1.0)] == [2, 3, 4]


@given(st.floats(0.5, 60), st.floats(0.5, 60), st.integers(2, 300))
def test_a_pace_gives_its_rate_or_the_source_s_whichever_is_less(rate: float, source: float, frames: int) -> None:
    pace = Pace(rate)
    used = sum(pace.wants(1000.0 + number / source) for number in range(frames))
    seconds = (frames - 1) / source
    assert used <= seconds * rate + 1.5 + 1e-6
    assert used >= int(seconds * min(rate, source) * 0.5)


def test_twenty_five_frames_thinned_to_ten_are_ten() -> None:
    pace = Pace(10)
    assert sum(pace.wants(number / 25) for number in range(250)) == pytest.approx(100, abs=1)


def test_after_a_pause_frames_are_not_made_up_for() -> None:
    pace = Pace(1)
    assert pace.wants(0.0)
    assert pace.wants(100.0)
    assert not pace.wants(100.4)


@given(st.lists(st.floats(-0.4, 0.4), min_size=10, max_size=100))
def test_a_camera_that_keeps_to_the_rate_but_for_its_jitter_loses_no_frame(jitter: list[float]) -> None:
    pace = Pace(10)
    times = [(number + one) / 10 for number, one in enumerate([0.0, *jitter])]
    assert all(pace.wants(at) for at in times)


def first_lasting(frames: list[tuple[float, float]], *, busy: float = 1.0) -> float | None:
    """When a lag is told first, by a reader that is busy for a share of the time."""
    lag = Lag()
    return next((arrived for arrived, media in frames if lag.lasts(arrived, media, arrived * busy)), None)


def test_a_camera_read_too_slowly_is_told_once_its_frames_are_old() -> None:
    frames = [(1000 + number * 0.05, number * 0.04) for number in range(4000)]  # 25 come a second, 20 are read
    told = first_lasting(frames)
    assert told is not None
    assert told - 1000 == pytest.approx(LAG_ALLOWED / 0.2 + LAG_BORNE, abs=1)


def test_a_camera_that_dates_its_frames_wrong_is_not_taken_for_one_read_too_slowly() -> None:
    frames = [(1000 + number * 0.05, number * 0.04) for number in range(4000)]
    assert first_lasting(frames, busy=0.3) is None


@given(st.floats(-1.5e-4, 1.5e-4))
def test_a_camera_whose_clock_drifts_for_a_week_does_not_lag(drift: float) -> None:
    week = 7 * 24 * 3600
    assert first_lasting([(float(second), second * (1 + drift)) for second in range(0, week, 600)]) is None


def test_a_pause_of_the_network_that_is_caught_up_with_is_no_lag() -> None:
    pause = [(1010.0 + number * 0.005, 2.0 + number * 0.04) for number in range(250)]  # 8 s late, then in a rush
    frames = [(1000 + number * 0.04, number * 0.04) for number in range(50)] + pause
    assert first_lasting(frames) is None
