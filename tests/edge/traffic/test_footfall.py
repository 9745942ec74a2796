"""One camera from detections to totals by interval."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.traffic.footfall import Footfall, FootfallRules, Observed, elapse, finish, observe
from edge.traffic.heat import HeatGrid
from edge.traffic.lines import CountingLine
from edge.traffic.tracker import TrackerRules
from edge.traffic.zones import Zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from edge.traffic.totals import Totals

    Floats = NDArray[np.float64]
    Frames = list[tuple[float, Floats]]

WIDTH, HEIGHT = 640, 480
LOWER_HALF = ((0.0, 240.0), (640.0, 240.0), (640.0, 480.0), (0.0, 480.0))
RULES = FootfallRules(
    lines=(CountingLine("gate", (0.0, 240.0), (640.0, 240.0)),),
    zones=(Zone("near", LOWER_HALF, loiter_seconds=8.0, stop_seconds=2.0),),
    grid=HeatGrid(2, 4, WIDTH, HEIGHT),
    interval=10.0,
    tracker=TrackerRules(frame=(WIDTH, HEIGHT)),
)


def people(*feet: tuple[float, float]) -> Floats:
    return np.array([(x - 18, y - 100, x + 18, y) for x, y in feet]).reshape(-1, 4)


def count(frames: Iterable[tuple[float, Floats]], rules: FootfallRules = RULES) -> tuple[list[Observed], list[Totals]]:
    """What each frame told, and the totals of all intervals."""
    state, told = Footfall(), []
    for at, boxes in frames:
        state, one = observe(state, boxes=boxes, scores=np.full(len(boxes), 0.8), at=at, rules=rules)
        told.append(one)
    last = finish(state)
    return told, [*(one.ended for one in told if one.ended), *([last] if last else [])]


def down_and_stay(seconds: float, rate: float = 10.0) -> Frames:
    """Somebody comes from the back over the gate in five seconds and stays there."""
    return [(n / rate, people((200, 150 + 40 * min(5.0, n / rate)))) for n in range(round(seconds * rate) + 1)]


def test_one_interval_tells_all_of_one_person() -> None:
    _, [totals] = count(down_and_stay(9.9))
    assert totals.crossings.tolist() == [[1, 0]]
    assert totals.visits.tolist() == [1]
    assert totals.dwell[0] == pytest.approx(9.9 - 2.25, abs=0.2)
    assert totals.occupancy[0] == pytest.approx((9.9 - 2.25) / 9.9, abs=0.02)
    assert totals.peak.tolist() == [1]
    assert totals.stopped.tolist() == [1]
    assert totals.loitering.tolist() == [0]
    assert totals.people == 1
    assert totals.observed == pytest.approx(9.9)


def test_intervals_begin_at_whole_multiples_and_what_happens_counts_once() -> None:
    _, totals = count((at + 1_000_003.0, boxes) for at, boxes in down_and_stay(29))
    assert [(one.since, one.until) for one in totals] == [
        (1_000_003.0, 1_000_010.0),
        (1_000_010.0, 1_000_020.0),
        (1_000_020.0, 1_000_030.0),
        (1_000_030.0, pytest.approx(1_000_032.0)),
    ]
    whole = reduce(add, totals)
    assert whole.crossings.tolist() == [[1, 0]]
    assert whole.visits.tolist() == [1]
    assert whole.loitering.tolist() == [1]
    assert [one.observed for one in totals] == pytest.approx([7, 10, 10, 2])


def test_a_span_over_the_end_of_an_interval_is_divided_there() -> None:
    nobody = people()
    _, [first, second] = count([(8.7, nobody), (9.5, nobody), (10.9, nobody), (11.4, nobody)])
    assert (first.observed, second.observed) == pytest.approx((1.3, 1.4))


def test_a_gap_between_frames_is_not_observed() -> None:
    nobody = people()
    _, [totals] = count([(1.0, nobody), (1.5, nobody), (6.0, nobody), (6.5, nobody)])
    assert totals.observed == pytest.approx(1.0)


def test_a_gap_over_several_intervals_leaves_them_out() -> None:
    nobody = people()
    _, totals = count([(1.0, nobody), (1.5, nobody), (46.0, nobody), (46.5, nobody)])
    assert [(one.since, one.until) for one in totals] == [(1.0, 10.0), (40.0, 46.5)]
    assert [one.observed for one in totals] == pytest.approx([0.5, 0.5])


def test_an_interval_ends_also_where_no_frame_comes() -> None:
    state = Footfall()
    for at in (8.0, 8.5, 9.0):
        state, _ = observe(state, boxes=people(), scores=np.zeros(0), at=at, rules=RULES)
    state, early = elapse(state, 9.9)
    assert early is None
    state, ended = elapse(state, 12.0)
    assert ended is not None
    assert (ended.since, ended.until, ended.observed) == (8.0, 10.0, 1.0)
    state, again = elapse(state, 25.0)
    assert again is None
    state, told = observe(state, boxes=people(), scores=np.zeros(0), at=25.5, rules=RULES)
    assert told.ended is None
    assert state.totals is not None
    assert state.totals.since == 20.0


def test_nothing_seen_is_no_interval() -> None:
    assert finish(Footfall()) is None
    assert elapse(Footfall(), 100.0)[1] is None


def test_heat_is_seconds_where_people_stood() -> None:
    _, totals = count(down_and_stay(15))
    heat = reduce(add, totals).heat
    assert heat.sum() == pytest.approx(15, abs=0.5)
    assert heat[1, 1] == pytest.approx(15 - 2.25, abs=0.3)
    assert heat[:, [0, 2, 3]].sum() == 0


def test_a_cart_that_is_seen_once_leaves_no_trace() -> None:
    _, [totals] = count([(at, people((300, 300)) if at == 3.0 else people()) for at in np.arange(0, 9, 0.5)])
    assert (totals.people, int(totals.visits.sum()), int(totals.crossings.sum())) == (0, 0, 0)
    assert totals.heat.sum() == 0


def test_the_reference_point_decides_who_crosses() -> None:
    way = [(n / 10, people((200, 200 + 8 * n))) for n in range(31)]  # feet from 200 to 440, head from 100 to 340
    times = {
        reference: [one.at for told in count(way, replace(RULES, reference=reference))[0] for one in told.crossings]
        for reference in ("feet", "centre", "head")
    }
    assert [len(one) for one in times.values()] == [1, 1, 1]
    assert times["feet"][0] == pytest.approx(0.5, abs=0.1)
    assert times["centre"][0] == pytest.approx(1.125, abs=0.1)
    assert times["head"][0] == pytest.approx(1.75, abs=0.1)


def test_without_a_line_a_zone_or_a_grid_nothing_is_counted() -> None:
    _, totals = count(down_and_stay(12), FootfallRules(interval=10.0))
    assert reduce(add, totals).people == 1
    assert reduce(add, totals).heat.size == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interval": 0.0}, "more than 0"),
        ({"interval": 1.0, "longest_gap": 2.0}, "at least as long"),
        ({"lines": RULES.lines * 2}, "two lines are called gate"),
        ({"zones": RULES.zones * 2}, "two zones are called near"),
    ],
)
def test_rules_that_make_no_sense_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(RULES, **change)  # type: ignore[arg-type]


ways = st.lists(
    st.tuples(st.integers(60, 580), st.integers(110, 470), st.integers(60, 580), st.integers(110, 470)),
    min_size=1,
    max_size=3,
)


def story(corners: list[tuple[int, int, int, int]], seconds: int = 8) -> Frames:
    """Everybody walks from one place to another, at five frames a second."""
    frames = []
    for n in range(seconds * 5):
        done = n / 5 / seconds
        feet = ((x1 + (x2 - x1) * done, y1 + (y2 - y1) * done) for x1, y1, x2, y2 in corners)
        frames.append((n / 5, people(*feet)))
    return frames


@settings(max_examples=25)
@given(ways, st.sampled_from([2.0, 2.5, 3.7]))
def test_the_sums_of_intervals_are_those_of_the_whole(
    corners: list[tuple[int, int, int, int]], interval: float
) -> None:
    _, parts = count(story(corners), replace(RULES, interval=interval))
    _, [whole] = count(story(corners), replace(RULES, interval=1000.0))
    summed = reduce(add, parts)
    assert len(parts) > 2
    assert (summed.since, summed.until) == (whole.since, whole.until)
    assert summed.observed == pytest.approx(whole.observed)
    assert summed.people == whole.people
    for name in ("crossings", "visits", "peak", "loitering", "stopped"):
        assert getattr(summed, name).tolist() == getattr(whole, name).tolist(), name
    assert summed.dwell == pytest.approx(whole.dwell)
    assert summed.heat == pytest.approx(whole.heat)


@settings(max_examples=25)
@given(ways)
def test_no_interval_observes_more_than_its_length_or_more_people_than_the_peak(
    corners: list[tuple[int, int, int, int]],
) -> None:
    for one in count(story(corners), replace(RULES, interval=2.0))[1]:
        assert one.observed <= one.until - one.since + 1e-9
        assert (one.occupancy <= one.peak).all()


@settings(max_examples=25)
@given(ways)
def test_in_a_mirrored_scene_into_is_out(corners: list[tuple[int, int, int, int]]) -> None:
    frames = story(corners)
    mirrored = [(at, np.stack([WIDTH - b[:, 2], b[:, 1], WIDTH - b[:, 0], b[:, 3]], axis=1)) for at, b in frames]
    upright = replace(RULES, lines=(CountingLine("gate", (320.0, 0.0), (320.0, 480.0)),))
    (_, there), (_, back) = count(frames, upright), count(mirrored, upright)
    assert reduce(add, there).crossings[0].tolist() == reduce(add, back).crossings[0].tolist()[::-1]


def test_the_state_stays_small_however_long_it_runs() -> None:
    """A day of passers in fast motion: every few seconds somebody else crosses the frame."""
    state, sizes = Footfall(), []
    for number in range(1000):
        at = number / 5
        boxes = people((40 + 112 * (at % 5), 150 + 40 * (at % 5)))
        state, _ = observe(state, boxes=boxes, scores=np.full(1, 0.8), at=at, rules=RULES)
        assert state.lines.stands is not None
        assert state.zones.stays is not None
        sizes.append(
            len(state.tracker.people)
            + len(state.lines.stands.ids)
            + len(state.lines.waiting)
            + len(state.zones.stays.ids)
            + len(state.heat.people.ids)
        )
    assert state.tracker.next_id > 30
    assert max(sizes[500:]) <= max(sizes[:200])
