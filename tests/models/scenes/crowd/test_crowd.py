"""Simulated crowds: the truth is right, the noise is as told, and the counting holds its floor."""

from __future__ import annotations

import numpy as np
import pytest

from edge.traffic.lines import Crossing
from models.scenes.crowd.noise import DetectorNoise, detect, visible_share
from models.scenes.crowd.people import LINES, TrueCrossing, Walker, true_crossings
from models.scenes.crowd.score import Setting, matched, play, rules_of, score
from models.scenes.crowd.view import View

CLEAR = DetectorNoise(miss=0, jitter=0, false=0, hidden=-5, cut=0, score_spread=0)
"""A detector without fault."""


def walker(*corners: tuple[float, float, float]) -> Walker:
    """Time, x and z at each corner."""
    path = np.array(corners)
    return Walker(path[:, 0], path[:, 1:], 1.7, (0.0, 0.0))


def told(*corners: tuple[float, float, float]) -> list[tuple[str, str]] | None:
    crossings = true_crossings(walker(*corners))
    return None if crossings is None else [(one.line, one.direction) for one in crossings]


def test_towards_the_camera_is_into_and_away_from_it_out() -> None:
    assert told((0, 1, 10), (6, 1, 2)) == [("door", "into")]
    assert told((0, 1, 2), (6, 1, 10)) == [("door", "out")]


def test_truth_and_picture_agree_which_side_is_which() -> None:
    """Walked in the picture, a path into the aisle on the floor goes to the right-hand side of its line there."""
    view = View()
    for name, ends in LINES.items():
        line = view.floor_line(ends)
        place = 0.75 * np.array(ends[0]) + 0.25 * np.array(ends[1])  # on the line, clear of the other one
        across = np.array([ends[1][1] - ends[0][1], ends[0][0] - ends[1][0]])
        to = place + across / np.hypot(*across)
        way = told((0, *(2 * place - to)), (4, *to))
        assert way is not None
        assert (name, "into") in way
        foot = np.stack(view.project(to[None, 0], np.zeros(1), to[None, 1]), axis=1)[0]
        along = line[1] - line[0]
        assert along[0] * (foot - line[0])[1] - along[1] * (foot - line[0])[0] > 0, name


def test_who_goes_round_turns_back_or_stands_crosses_nothing() -> None:
    assert told((0, 3, 10), (6, 3, 2)) == []
    assert told((0, 1, 10), (3, 1, 6), (6, 1, 10)) == []
    assert told((0, 1, 10), (3, 1, 5.05), (9, 1, 5.05), (12, 1, 10)) == []


def test_standing_on_the_line_is_part_of_crossing_it() -> None:
    [crossing] = true_crossings(walker((0, 1, 10), (5, 1, 5), (9, 1, 5), (14, 1, 0.5))) or []
    assert crossing.since == pytest.approx(4.7, abs=0.05)  # a metre a second, and 0.3 m off the line
    assert crossing.until == pytest.approx(9.3, abs=0.1)


def test_what_is_open_to_dispute_is_not_told() -> None:
    assert told((0, 1, 10), (3, 1, 4.8), (6, 1, 10)) is None  # a foot over the line, and back
    assert told((0, 2.2, 10), (6, 2.2, 2)) is None  # over the end of it


def test_what_a_nearer_person_covers_is_hidden() -> None:
    boxes = np.array([(0.0, 0, 10, 100), (5.0, 0, 15, 110), (40.0, 0, 50, 90)])
    assert visible_share(boxes) == pytest.approx([0.5, 1.0, 1.0], abs=0.06)
    assert visible_share(np.zeros((0, 4))).shape == (0,)


def test_misses_come_as_often_and_last_as_long_as_told() -> None:
    random, noise = np.random.default_rng(0), DetectorNoise(miss=0.2, miss_seconds=0.5)
    boxes = np.array([(300.0, 200, 340, 320)])
    missing, story = np.array([False]), []
    for _ in range(6000):
        _, missing = detect(random, boxes, missing, seconds=0.1, view=View(), noise=noise)
        story.append(bool(missing[0]))
    runs = sum(now and not before for before, now in zip([False, *story], story, strict=False))
    assert np.mean(story) == pytest.approx(0.2, abs=0.03)
    assert 0.1 * sum(story) / runs == pytest.approx(0.5, abs=0.12)


def test_jitter_and_false_boxes_are_as_told() -> None:
    random, noise = np.random.default_rng(0), DetectorNoise(miss=0, jitter=0.05, false=0.5)
    boxes = np.array([(300.0, 200, 340, 320)])
    seen = [detect(random, boxes, np.array([False]), seconds=0.1, view=View(), noise=noise)[0] for _ in range(1500)]
    assert np.mean([(one.who < 0).sum() for one in seen]) == pytest.approx(0.5, abs=0.06)
    own = np.concatenate([one.boxes[one.who == 0] for one in seen])
    assert (own - boxes).std(axis=0) == pytest.approx(0.05 * 120, rel=0.1)
    assert all((np.diff(one.scores) <= 0).all() for one in seen)


def test_second_boxes_are_unsure_and_lie_about_the_person() -> None:
    random, noise = np.random.default_rng(0), DetectorNoise(miss=0, false=0, doubles=2.0)
    boxes = np.array([(300.0, 200, 340, 320)])
    seen = [detect(random, boxes, np.array([False]), seconds=0.1, view=View(), noise=noise)[0] for _ in range(300)]
    assert np.mean([len(one.who) - 1 for one in seen]) == pytest.approx(2.0, abs=0.3)
    assert max(score for one in seen for score in one.scores[1:]) <= 0.4


def test_a_counted_crossing_stands_for_one_true_one() -> None:
    true = [TrueCrossing("door", "into", 1.0, 1.4), TrueCrossing("door", "into", 1.2, 1.6)]
    one = Crossing("door", "into", 1, 1.3, (0.0, 0.0))
    assert matched(true, [one]) == 1
    assert matched(true, [one, one, one]) == 2
    assert matched(true, [Crossing("door", "out", 1, 1.3, (0.0, 0.0))]) == 0
    assert matched(true, [Crossing("door", "into", 1, 3.0, (0.0, 0.0))]) == 0


def test_without_noise_every_crossing_is_counted() -> None:
    setting = Setting(frames=5, noise=CLEAR, groups_per_second=0.1)
    figures = score(setting, crossings=25, seed=4)
    assert figures["recall"] == 1.0
    assert figures["precision"] == 1.0


def test_the_same_seed_is_the_same_crowd() -> None:
    def first_frames(seed: int) -> list[list[float]]:
        frames = play(Setting(frames=5), seed, lambda number: number >= 4)
        return [frame.boxes.round(6).ravel().tolist() for frame, _ in frames]

    assert first_frames(3) == first_frames(3)
    assert first_frames(3) != first_frames(4)


def test_lines_of_the_floor_are_within_the_frame() -> None:
    view = View()
    for line in rules_of(view).lines:
        for x, y in (line.start, line.end):
            assert 0 < x < view.width
            assert 0 < y < view.height


@pytest.mark.parametrize(("frames", "crossings"), [(5.0, 80), (10.0, 60)])
def test_a_busy_entrance_is_counted(frames: float, crossings: int) -> None:
    """A thousand people an hour before a detector of usual faults: a floor under what ten thousand measure."""
    figures = score(Setting(frames=frames), crossings=crossings, seed=11)
    assert figures["precision"] >= 0.95
    assert figures["recall"] >= 0.95
