"""Counting lines: what a crossing is, and each of the ways in which counters of the field have gone wrong."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.traffic.lines import CountingLine, LineCounter, LineRules, count_lines
from tests.edge.traffic.walks import HEIGHT, LINE, crossings, directions, frame, one_person, walk


def test_walking_over_the_line_counts_once_at_the_time_and_place_of_passing_it() -> None:
    [crossing] = crossings(one_person(walk((0, 150, 100), (4, 250, 300))))
    assert (crossing.line, crossing.direction, crossing.track) == ("gate", "into", 1)
    assert crossing.at == pytest.approx(2.0, abs=0.01)
    assert crossing.point == pytest.approx((200, 200), abs=1)


def test_from_the_right_hand_side_to_the_left_hand_side_is_out() -> None:
    assert directions(one_person(walk((0, 200, 300), (4, 200, 100)))) == ["out"]


@pytest.mark.parametrize("turn", range(8))
def test_into_is_to_the_right_hand_side_whichever_way_the_line_points(turn: int) -> None:
    ahead = np.array([np.cos(turn * np.pi / 4), np.sin(turn * np.pi / 4)])
    right = np.array([-ahead[1], ahead[0]])  # y runs downwards
    start, end = (tuple(300 + side * 100 * ahead) for side in (-1, 1))
    line = CountingLine("turned", (start[0], start[1]), (end[0], end[1]))
    path = [(at, *(300 + (at - 2) * 50 * right)) for at in np.arange(0, 4, 0.1)]
    assert [one.direction for one in crossings(one_person(path), [line])] == ["into"]


def test_jitter_on_the_line_counts_nothing() -> None:
    random = np.random.default_rng(0)
    path = [(at, 200.0, 200 + random.normal(0, 4)) for at in np.arange(0, 300, 0.1)]
    assert max(abs(y - 200) for _, _, y in path) > LINE.dead_band * HEIGHT  # the dead band alone would not do
    assert directions(one_person(path)) == []


def test_standing_on_the_line_on_the_way_over_it_counts_once() -> None:
    random = np.random.default_rng(1)
    path = walk((0, 200, 100), (2, 200, 200), (62, 200, 200), (64, 200, 300))
    assert directions(one_person([(at, x, y + random.normal(0, 4)) for at, x, y in path])) == ["into"]


def test_standing_on_the_line_and_going_back_counts_nothing() -> None:
    random = np.random.default_rng(2)
    path = walk((0, 200, 100), (2, 200, 200), (62, 200, 200), (64, 200, 100))
    assert directions(one_person([(at, x, y + random.normal(0, 3)) for at, x, y in path])) == []


def test_a_u_turn_in_the_dead_band_counts_nothing() -> None:
    assert directions(one_person(walk((0, 200, 100), (2, 200, 209), (4, 200, 100)))) == []


def test_a_u_turn_well_beyond_the_line_counts_once_each_way() -> None:
    assert directions(one_person(walk((0, 200, 100), (4, 200, 300), (8, 200, 100)))) == ["into", "out"]


def test_somebody_who_appears_at_the_line_must_still_go_the_minimum_path() -> None:
    assert directions(one_person(walk((0, 200, 188), (2, 200, 220)))) == []
    assert directions(one_person(walk((0, 200, 188), (2, 200, 226)))) == ["into"]


def test_somebody_who_appears_in_the_dead_band_was_on_neither_side() -> None:
    assert directions(one_person(walk((0, 200, 195), (2, 200, 300)))) == []


def test_an_id_lost_before_the_line_and_found_again_beyond_it_counts_once() -> None:
    path = [step for step in walk((0, 200, 100), (4, 200, 300)) if not 1.4 < step[0] < 2.6]
    [crossing] = crossings(one_person(path))
    assert crossing.direction == "into"
    assert crossing.at == pytest.approx(2.0, abs=0.1)


def test_an_id_found_again_after_it_was_forgotten_counts_nothing() -> None:
    before, after = walk((0, 200, 150), (1, 200, 180)), walk((9, 200, 220), (10, 200, 250))
    assert directions(one_person([*before, *after])) == []


def test_another_id_beyond_the_line_counts_nothing() -> None:
    before, after = walk((0, 200, 100), (1, 200, 180)), walk((1.1, 200, 220), (2, 200, 300))
    assert directions([*one_person(before, track=1), *one_person(after, track=2)]) == []


def test_an_id_reused_far_away_beyond_the_line_counts_nothing() -> None:
    before, after = walk((0, 110, 100), (1, 110, 110)), walk((1.1, 290, 290), (2, 290, 300))
    assert directions(one_person([*before, *after])) == []


def test_an_id_reused_far_away_counts_what_it_crosses_there() -> None:
    before, after = walk((0, 110, 100), (1, 110, 110)), walk((1.1, 290, 290), (4, 290, 100))
    assert directions(one_person([*before, *after])) == ["out"]


def test_an_unconfirmed_id_counts_nothing() -> None:
    path = walk((0, 200, 100), (4, 200, 300))
    assert directions(frame(at, [(1, x, y)], doubtful=[1]) for at, x, y in path) == []


def test_an_id_confirmed_beyond_the_line_counts_once_at_the_time_of_passing_it() -> None:
    path = walk((0, 200, 100), (4, 200, 300))
    [crossing] = crossings(frame(at, [(1, x, y)], doubtful=[1] if at < 3 else []) for at, x, y in path)
    assert crossing.at == pytest.approx(2.0, abs=0.01)


def test_walking_round_the_end_of_the_line_counts_nothing() -> None:
    assert directions(one_person(walk((0, 280, 100), (2, 320, 200), (4, 280, 300)))) == []
    assert directions(one_person(walk((0, 120, 300), (2, 80, 200), (4, 120, 100)))) == []


def test_walking_round_the_end_and_back_over_the_line_counts_the_way_back() -> None:
    path = walk((0, 250, 100), (2, 320, 200), (4, 250, 300), (6, 250, 100))
    assert directions(one_person(path)) == ["out"]


def test_walking_along_the_line_counts_nothing() -> None:
    random = np.random.default_rng(3)
    path = [(at, x, y + random.normal(0, 4)) for at, x, y in walk((0, 90, 195), (8, 310, 195))]
    assert directions(one_person(path)) == []


def test_two_people_who_cross_at_once_count_two() -> None:
    ways = zip(walk((0, 150, 100), (4, 250, 300)), walk((0, 250, 300), (4, 150, 100)), strict=True)
    frames = [frame(one[0], [(1, *one[1:]), (2, *two[1:])]) for one, two in ways]
    assert sorted(directions(frames)) == ["into", "out"]


def test_each_line_counts_for_itself() -> None:
    second = CountingLine("second", (100.0, 260.0), (300.0, 260.0))
    told = crossings(one_person(walk((0, 200, 100), (4, 200, 340))), [LINE, second])
    assert [(one.line, one.direction) for one in told] == [("gate", "into"), ("second", "into")]


def test_far_people_go_a_shorter_path_in_pixels() -> None:
    """All measures are heights of the person: half as tall, half as far."""
    path = walk((0, 200, 185), (2, 200, 209))
    assert directions(one_person(path)) == []
    small = [replace(one, heights=one.heights / 2) for one in one_person(path)]
    assert directions(small) == ["into"]


def test_nobody_and_no_line_count_nothing() -> None:
    assert crossings([frame(0, []), frame(1, [])]) == []
    assert crossings(one_person(walk((0, 200, 100), (4, 200, 300))), []) == []


def test_people_who_have_left_are_forgotten() -> None:
    state = LineCounter()
    for number in range(300):
        at = number / 10
        state, _ = count_lines(state, frame(at, [(number, 200, 150)], doubtful=[number]), [LINE], LineRules())
    assert state.stands is not None
    assert len(state.stands.ids) <= 10 * LineRules().forget_seconds + 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"end": (100.0, 200.0)}, "starts where it ends"),
        ({"dead_band": -0.1}, "at least 0"),
        ({"min_path": -1.0}, "at least 0"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(line: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(LINE, **line)


steps = st.lists(st.tuples(st.floats(50, 350), st.floats(50, 350)), min_size=2, max_size=12)


@given(paths=st.lists(steps, min_size=1, max_size=3), ids=st.permutations(range(1, 40)))
def test_counts_do_not_depend_on_how_people_are_numbered(
    paths: list[list[tuple[float, float]]], ids: list[int]
) -> None:
    def told(numbers: list[int]) -> list[tuple[str, float, float]]:
        frames = [
            frame(at, [(numbers[who], *path[at]) for who, path in enumerate(paths) if at < len(path)])
            for at in range(12)
        ]
        return sorted((one.direction, one.at, one.point[0]) for one in crossings(frames))

    assert told(list(range(1, 40))) == told(ids)


@given(path=steps)
def test_in_a_mirror_into_is_out(path: list[tuple[float, float]]) -> None:
    assume(all(y != 200 for _, y in path))  # a point on the line itself counts to one side of it
    mirrored = [(x, 400 - y) for x, y in path]
    there, back = (
        directions(one_person((float(at), x, y) for at, (x, y) in enumerate(way))) for way in (path, mirrored)
    )
    assert back == ["out" if direction == "into" else "into" for direction in there]


@given(path=steps, later=st.integers(-(10**6), 10**6))
def test_at_another_time_the_same_is_counted(path: list[tuple[float, float]], later: int) -> None:
    now, then = (
        crossings(one_person((float(at + start), x, y) for at, (x, y) in enumerate(path))) for start in (0, later)
    )
    assert [(one.direction, one.point) for one in now] == [(one.direction, one.point) for one in then]
    assert [one.at + later for one in now] == pytest.approx([one.at for one in then], abs=1e-6)


@given(path=steps)
def test_nobody_enters_twice_without_leaving(path: list[tuple[float, float]]) -> None:
    endless = CountingLine("endless", (-1e6, 200.0), (1e6, 200.0))
    told = [
        one.direction for one in crossings(one_person((float(at), x, y) for at, (x, y) in enumerate(path)), [endless])
    ]
    assert all(one != other for one, other in pairwise(told))
