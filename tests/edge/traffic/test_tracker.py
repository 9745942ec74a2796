"""The tracker: who keeps an id through what a detector does to a person, at any frame rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.traffic.tracker import OutOfOrderError, Tracker, TrackerRules, Tracks, follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Box = tuple[float, float, float, float]
Detections = list[tuple[Box, float]]

RULES = TrackerRules(frame=(640, 480))


def person(x: float, feet: float, height: float = 100.0) -> Box:
    return x - 0.18 * height, feet - height, x + 0.18 * height, feet


def run(frames: Iterable[tuple[float, Detections]], rules: TrackerRules = RULES) -> list[tuple[float, Tracks]]:
    state, out = Tracker(), []
    for at, detections in frames:
        boxes = np.array([box for box, _ in detections]).reshape(-1, 4)
        scores = np.array([score for _, score in detections])
        state, tracks = follow(state, boxes=boxes, scores=scores, at=at, rules=rules)
        out.append((at, tracks))
    return out


def times(seconds: float, rate: float, *, jitter: float = 0.0) -> list[float]:
    random = np.random.default_rng(0)
    return [(number + jitter * random.uniform(-0.4, 0.4)) / rate for number in range(round(seconds * rate))]


def ids(out: list[tuple[float, Tracks]]) -> set[int]:
    """Of everybody who was ever believed in."""
    return {int(one) for _, tracks in out for one in tracks.ids[tracks.confirmed]}


def walker(at: float) -> Box:
    """Across the frame at the pace of a hurried walk: one height a second."""
    return person(50 + 100 * at, 300)


@pytest.mark.parametrize("rate", [5, 10, 30])
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_somebody_who_walks_is_one_person_at_any_frame_rate(rate: float, jitter: float) -> None:
    out = run((at, [(walker(at), 0.8)]) for at in times(5, rate, jitter=jitter))
    assert len(ids(out)) == 1
    at, tracks = out[-1]
    assert tracks.boxes[0] == pytest.approx(walker(at), abs=3)


def test_frames_may_come_at_any_pace() -> None:
    random = np.random.default_rng(3)
    at = np.cumsum(random.choice([0.03, 0.1, 0.2, 0.35], 60))
    at = at[at < 5.5]
    assert len(ids(run((float(t), [(walker(t), 0.8)]) for t in at))) == 1


def test_somebody_who_runs_is_one_person_at_five_frames_a_second() -> None:
    out = run((at, [(person(50 + 220 * at, 300), 0.8)]) for at in times(2.6, 5))
    assert len(ids(out)) == 1


def test_a_detection_of_one_frame_is_nobody() -> None:
    out = run((at, [(person(300, 300), 0.9)] if at == 1.0 else []) for at in times(3, 10))
    assert ids(out) == set()
    assert len(out[-1][1].ids) == 0


def test_unsure_detections_begin_no_track_but_keep_one() -> None:
    assert ids(run((at, [(walker(at), 0.3)]) for at in times(4, 10))) == set()
    out = run((at, [(walker(at), 0.8 if at < 1 else 0.3)]) for at in times(4, 10))
    assert len(ids(out)) == 1
    assert out[-1][1].seen.all()


def test_who_is_gone_does_not_walk_on_in_another_s_second_boxes() -> None:
    def seen(at: float) -> list[tuple[Box, float]]:
        ahead = [(walker(at + 0.15), 0.8)] if at < 1 else []  # close before the other, and gone after a second
        x1, y1, x2, y2 = walker(at)
        second = ((x1 + 6, y1 + 4, x2 + 6, y2 + 4), 0.3)
        return [(walker(at), 0.9), *ahead, *([second] if at >= 1 else [])]

    last = run((at, seen(at)) for at in times(4, 10))[-1][1]
    assert len(last.ids) == 1


def test_somebody_hidden_for_a_moment_keeps_the_id() -> None:
    out = run((at, [] if 2 < at < 3.5 else [(walker(at), 0.8)]) for at in times(5, 10))
    assert len(ids(out)) == 1


def test_somebody_gone_for_long_is_somebody_new() -> None:
    out = run((at, [] if 1 < at < 5 else [(person(300, 300), 0.8)]) for at in times(6, 10))
    assert len(ids(out)) == 2


def test_who_has_left_the_frame_is_not_waited_for() -> None:
    out = run((at, [(person(550 + 100 * at, 300), 0.8)] if at < 1 else []) for at in times(2.2, 10))
    assert len(out[-1][1].ids) == 0


def test_two_who_cross_keep_their_ids() -> None:
    def both(at: float) -> Detections:
        return [(person(100 + 80 * at, 300), 0.8), (person(500 - 80 * at, 306), 0.8)]

    out = run((at, both(at)) for at in times(5, 10))
    assert len(ids(out)) == 2
    _, tracks = out[-1]
    centres = dict(zip(tracks.ids.tolist(), (tracks.boxes[:, [0, 2]].mean(axis=1)).tolist(), strict=True))
    first = out[5][1]
    left = int(first.ids[np.argmin(first.boxes[:, 0])])
    assert centres[left] > 400


def test_feet_stay_where_they_are_while_something_hides_the_legs() -> None:
    def box(at: float) -> Box:
        x1, y1, x2, y2 = person(300, 300)
        return (x1, y1, x2, y2 - 45) if 2 < at < 3 else (x1, y1, x2, y2)

    for at, tracks in run((at, [(box(at), 0.7)]) for at in times(4, 10)):
        assert tracks.boxes[0, 3] == pytest.approx(300, abs=9), at


def test_feet_stay_where_they_are_while_an_arm_is_raised() -> None:
    def box(at: float) -> Box:
        x1, y1, x2, y2 = person(300, 300)
        return (x1, y1 - 30, x2, y2) if 2 < at < 3 else (x1, y1, x2, y2)

    for at, tracks in run((at, [(box(at), 0.7)]) for at in times(4, 10)):
        assert tracks.boxes[0, 3] == pytest.approx(300, abs=5), at


def test_legs_that_come_out_from_behind_a_shelf_are_believed_in_the_end() -> None:
    def box(at: float) -> Box:
        x1, y1, x2, y2 = person(300, 300)
        return (x1, y1, x2, y2 - 40) if at < 2 else (x1, y1, x2, y2)

    _, tracks = run((at, [(box(at), 0.7)]) for at in times(12, 10))[-1]
    assert tracks.boxes[0, 3] == pytest.approx(300, abs=5)


def test_the_best_scored_are_kept_where_there_are_too_many() -> None:
    rules = TrackerRules(most=3, confirm_hits=1, confirm_seconds=0)
    crowd: Detections = [(person(60 + 60 * one, 300), 0.5 + one / 20) for one in range(8)]
    _, tracks = run([(0.0, crowd)], rules)[0]
    assert tracks.scores.tolist() == pytest.approx([0.75, 0.8, 0.85])


def test_boxes_without_an_area_are_nobody() -> None:
    out = run((at, [((10.0, 10.0, 10.0, 60.0), 0.9), ((9.0, 60.0, 30.0, 20.0), 0.9)]) for at in times(2, 10))
    assert len(out[-1][1].ids) == 0


@pytest.mark.parametrize("at", [1.0, 0.5, float("nan")])
def test_a_frame_that_is_not_later_is_refused(at: float) -> None:
    state, _ = follow(Tracker(), boxes=np.zeros((0, 4)), scores=np.zeros(0), at=1.0, rules=RULES)
    with pytest.raises(OutOfOrderError, match="not later"):
        follow(state, boxes=np.zeros((0, 4)), scores=np.zeros(0), at=at, rules=RULES)


@pytest.mark.parametrize(
    ("boxes", "scores", "message"),
    [(np.ones((2, 4)), np.ones(1), "2 boxes"), (np.array([[0, 0, np.nan, 1.0]]), np.ones(1), "not finite")],
)
def test_detections_that_make_no_sense_are_refused(
    boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    scores: np.ndarray[tuple[int], np.dtype[np.float64]],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        follow(Tracker(), boxes=boxes, scores=scores, at=0.0, rules=RULES)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TrackerRules(least=0.6, sure=0.5),
        lambda: TrackerRules(confirm_hits=0),
        lambda: TrackerRules(lost_seconds=0),
    ],
)
def test_rules_that_make_no_sense_are_refused(make: Callable[[], TrackerRules]) -> None:
    with pytest.raises(ValueError, match=r"wanted|at least|more than"):
        make()


def test_the_state_stays_small_however_much_is_seen() -> None:
    random = np.random.default_rng(1)
    state = Tracker()
    for number in range(500):
        corners = random.uniform(0, 400, (6, 2))
        boxes = np.concatenate([corners, corners + random.uniform(20, 150, (6, 2))], axis=1)
        state, _ = follow(state, boxes=boxes, scores=random.random(6), at=number / 10, rules=RULES)
        assert len(state.people) <= 6 * 10 * RULES.lost_seconds
    for wait in (0.3, 0.6, 3.0):
        state, _ = follow(state, boxes=np.zeros((0, 4)), scores=np.zeros(0), at=50 + wait, rules=RULES)
    assert len(state.people) == 0


boxes_of = st.lists(st.tuples(st.floats(0, 600), st.floats(60, 480), st.floats(20, 200), st.floats(0.1, 1)), max_size=4)


@settings(max_examples=50)
@given(st.lists(boxes_of, min_size=2, max_size=8), st.integers(-(10**6), 10**6))
def test_at_another_time_the_same_is_tracked(story: list[list[tuple[float, float, float, float]]], later: int) -> None:
    def tracked(start: int) -> list[list[float]]:
        frames = (
            (start + number / 8, [(person(x, feet, height), score) for x, feet, height, score in one])
            for number, one in enumerate(story)
        )
        return [[*tracks.ids.tolist(), *tracks.boxes.round(3).ravel().tolist()] for _, tracks in run(frames)]

    assert tracked(0) == tracked(later)
