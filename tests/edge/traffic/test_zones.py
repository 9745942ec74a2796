"""Zones: visits, dwell, loitering, stopping and presence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.traffic.geometry import inside
from edge.traffic.zones import Zone, ZoneCounter, ZoneEvent, ZoneRules, count_zones
from tests.edge.traffic.walks import frame, one_person, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from edge.traffic.sightings import Sightings

ZONE = Zone("shelf", ((100.0, 100.0), (300.0, 100.0), (300.0, 300.0), (100.0, 300.0)), loiter_seconds=20.0)
RULES = ZoneRules(enter_seconds=0.3, leave_seconds=2.0)


class Stay(NamedTuple):
    """All events, dwell and the most present at once, over all frames."""

    events: list[ZoneEvent]
    dwell: NDArray[np.float64]
    peak: NDArray[np.int64]


def stay(frames: Iterable[Sightings], zones: Sequence[Zone] = (ZONE,)) -> Stay:
    state, events = ZoneCounter(), list[ZoneEvent]()
    dwell, peak = np.zeros(len(zones)), np.zeros(len(zones), dtype=np.int64)
    for one in frames:
        state, step = count_zones(state, one, zones, RULES)
        events += step.events
        dwell, peak = dwell + step.dwell, np.maximum(peak, step.present)
    return Stay(events, dwell, peak)


def kinds(events: list[ZoneEvent]) -> list[str]:
    return [event.kind for event in events]


def test_walking_through_is_one_visit_as_long_as_the_way() -> None:
    events, dwell, peak = stay(
        one_person([*walk((0, 50, 200), (10, 350, 200)), *walk((10.1, 350, 200), (15, 350, 200))])
    )
    assert kinds(events) == ["entered", "left"]
    assert events[0].at == pytest.approx(1.7, abs=0.11)
    assert events[1].at == pytest.approx(8.3, abs=0.11)
    assert dwell == pytest.approx(6.6, abs=0.2)
    assert peak == 1


def test_a_glance_over_the_edge_is_no_visit() -> None:
    events, dwell, peak = stay(one_person(walk((0, 50, 200), (1, 101, 200), (2, 50, 200))))
    assert (events, float(dwell[0]), int(peak[0])) == ([], 0.0, 0)


def test_standing_on_the_edge_is_one_visit() -> None:
    random = np.random.default_rng(0)
    path = [(at, x + random.normal(0, 4), y) for at, x, y in walk((0, 150, 200), (1, 100, 200), (31, 100, 200))]
    assert kinds(stay(one_person(path))[0]).count("entered") == 1


def test_somebody_hidden_for_a_moment_makes_one_visit_and_the_seconds_count() -> None:
    path = [step for step in walk((0, 200, 200), (10, 200, 200)) if not 4 < step[0] < 5.5]
    events, dwell, _ = stay(one_person(path))
    assert kinds(events).count("entered") == 1
    assert dwell == pytest.approx(10.0)


def test_somebody_gone_for_long_makes_two_visits() -> None:
    path = [step for step in walk((0, 200, 200), (10, 200, 200)) if not 2 < step[0] < 6]
    events, dwell, _ = stay(one_person(path))
    assert kinds(events).count("entered") == 2
    assert dwell == pytest.approx(6.0)


def test_time_without_frames_is_not_dwell() -> None:
    frames = one_person(walk((0, 200, 200), (10, 200, 200)))
    covered = [replace(one, covered=min(one.at, 4.0)) for one in frames]
    assert stay(covered)[1] == pytest.approx(4.0)


def test_an_unconfirmed_id_is_no_visit() -> None:
    path = walk((0, 200, 200), (10, 200, 200))
    events, dwell, peak = stay(frame(at, [(1, x, y)], doubtful=[1]) for at, x, y in path)
    assert (events, float(dwell[0]), int(peak[0])) == ([], 0.0, 0)


def test_an_id_confirmed_later_has_stayed_from_the_beginning() -> None:
    path = walk((0, 200, 200), (10, 200, 200))
    events, dwell, _ = stay(frame(at, [(1, x, y)], doubtful=[1] if at < 3 else []) for at, x, y in path)
    assert events[0] == ZoneEvent("shelf", "entered", 1, 0.0)
    assert dwell == pytest.approx(10.0)


def test_a_visit_over_the_threshold_loiters_once() -> None:
    events, _, _ = stay(one_person(walk((0, 200, 200), (19.5, 200, 200))))
    assert kinds(events).count("loitering") == 0
    events, _, _ = stay(one_person(walk((0, 200, 200), (60, 200, 200))))
    assert [event.at for event in events if event.kind == "loitering"] == pytest.approx([20.0], abs=0.1)


def test_who_stands_stops_once_a_visit() -> None:
    path = walk((0, 50, 200), (2, 200, 200), (12, 200, 200), (14, 250, 200), (24, 250, 200))
    events, _, _ = stay(one_person(path))
    [stop] = [event for event in events if event.kind == "stopped"]
    assert 4.0 < stop.at < 5.5


def test_who_walks_slowly_by_stops_and_who_walks_does_not() -> None:
    slow, brisk = walk((0, 100, 200), (20, 280, 200)), walk((0, 100, 200), (4, 290, 200))
    assert kinds(stay(one_person(slow))[0]).count("stopped") == 1
    assert kinds(stay(one_person(brisk))[0]).count("stopped") == 0


def test_who_stands_outside_does_not_stop_inside() -> None:
    path = walk((0, 90, 200), (10, 90, 200), (10.5, 130, 200), (11.5, 290, 200))
    assert "stopped" not in kinds(stay(one_person(path))[0])


def test_the_peak_is_the_most_people_at_once() -> None:
    ways = [walk((0, 150, 200), (9, 150, 200)), walk((0, 50, 250), (9, 350, 250)), walk((0, 20, 150), (9, 90, 150))]
    frames = [
        frame(steps[0][0], [(who, *step[1:]) for who, step in enumerate(steps)]) for steps in zip(*ways, strict=True)
    ]
    events, _, peak = stay(frames)
    assert kinds(events).count("entered") == 2
    assert peak == 2


def test_zones_may_overlap_and_each_counts_for_itself() -> None:
    left = Zone("left", ((100.0, 100.0), (200.0, 100.0), (200.0, 300.0), (100.0, 300.0)))
    events, dwell, _ = stay(one_person(walk((0, 150, 200), (10, 250, 200))), (ZONE, left))
    assert {event.zone for event in events if event.kind == "entered"} == {"shelf", "left"}
    assert dwell == pytest.approx([10.0, 5.0], abs=0.2)


def test_people_who_have_left_are_forgotten() -> None:
    state = ZoneCounter()
    for number in range(300):
        state, _ = count_zones(state, frame(number / 10, [(number, 200, 150)]), [ZONE], RULES)
    assert state.stays is not None
    assert len(state.stays.ids) <= 10 * RULES.leave_seconds + 1


@given(st.lists(st.tuples(st.floats(50, 350), st.floats(50, 350)), min_size=1, max_size=30))
def test_who_enters_leaves_and_never_stays_longer_than_the_time(path: list[tuple[float, float]]) -> None:
    frames = one_person((at / 2, x, y) for at, (x, y) in enumerate(path))
    ended = [frame(len(path) / 2 + 10, []), frame(len(path) / 2 + 11, [])]
    events, dwell, _ = stay([*frames, *ended])
    assert kinds(events).count("entered") == kinds(events).count("left")
    assert 0 <= dwell[0] <= (len(path) - 1) / 2


@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(-1, 2)), min_size=1, max_size=20))
def test_halves_of_a_zone_share_its_points_out(points: list[tuple[float, float]]) -> None:
    where = np.array(points)
    whole = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    one, other = whole * (0.5, 1.0), whole * (0.5, 1.0) + (0.5, 0.0)
    assert (inside(where, one).astype(int) + inside(where, other) == inside(where, whole)).all()


def test_a_concave_zone_leaves_its_notch_out() -> None:
    corners = np.array([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (2.0, 1.0), (0.0, 4.0)])
    assert inside(np.array([(2.0, 0.5), (2.0, 2.0), (0.5, 2.0), (5.0, 1.0)]), corners).tolist() == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "change", [{"corners": ((0.0, 0.0), (1.0, 1.0))}, {"stop_seconds": 0.0}, {"loiter_seconds": -1.0}]
)
def test_a_zone_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="zone shelf"):
        replace(ZONE, **change)
