"""A door by its sensor, and what an opening did to the shelves."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.door import Change, Door, DoorRules, Happening, compare, door_from_dict, door_to_dict, step
from tests.edge.shelf.shop import shop

RULES = DoorRules(settle=0.5, too_long=180.0, lost=3600.0)
Saying = tuple[float, bool | None]
"""Seconds since the last word, and the word: True for open, None for none."""


def run(story: list[Saying], door: Door | None = None, rules: DoorRules = RULES) -> tuple[Door, list[Happening]]:
    door, told = door or Door(), []
    for seconds, said in story:
        door, happened = step(door, said=said, seconds=seconds, rules=rules)
        told += happened
    return door, told


def kinds(story: list[Saying]) -> list[str]:
    return [one.kind for one in run(story)[1]]


def test_a_door_opens_and_closes_and_was_open_for_as_long_as_the_sensor_said() -> None:
    _, told = run([(100, True), (1, None), (29, False), (1, None)])
    assert told == [Happening("opened", 0.0), Happening("closed", 30.0)]


@pytest.mark.parametrize(
    ("story", "told"),
    [
        ([(9, True), (0.1, False), (0.1, True), (0.1, False), (5, None)], []),
        ([(9, True), (0.1, False), (0.1, True), (5, None)], ["opened"]),
        ([(9, True), (5, False), (0.1, True), (0.1, False), (0.1, True), (9, None)], ["opened"]),
        ([(9, True), (5, True), (5, True)], ["opened"]),
        ([(9, False), (5, False)], []),
        ([(9, True), (178, None)], ["opened"]),
        ([(9, True), (185, None), (500, None)], ["opened", "too_long"]),
        ([(9, True), (185, None), (500, False), (1, None)], ["opened", "too_long", "closed"]),
        ([(9, True), (4000, None)], ["opened", "closed"]),
        ([(9, True), (4000, None), (9, True), (99, True)], ["opened", "closed"]),
        ([(9, True), (4000, None), (9, False), (9, True), (9, None)], ["opened", "closed", "opened"]),
    ],
    ids=[
        "a bounce is no opening",
        "nor does one hide an opening",
        "nor does a bounce close it",
        "a sensor may repeat itself",
        "also when it is closed",
        "open, not yet too long",
        "too long is told once",
        "and then it closes",
        "a closing that was lost ends the opening in the end",
        "and what the sensor repeats after it opens nothing",
        "until it has said closed again",
    ],
)
def test_what_a_sensor_says_and_forgets(story: list[Saying], told: list[str]) -> None:
    assert kinds(story) == told


def test_nobody_knows_how_long_a_door_was_open_whose_closing_was_lost() -> None:
    assert run([(9, True), (4000, None)])[1][-1] == Happening("closed", None)


def test_a_restart_while_open_goes_on_counting() -> None:
    door, _ = run([(9, True), (20, None)])
    again = door_from_dict(json.loads(json.dumps(door_to_dict(door))), away=40.0)
    _, told = run([(0, True), (10, False), (1, None)], again)
    assert told == [Happening("closed", 70.0)]


def test_a_door_that_was_closed_while_the_device_was_away_is_closed_when_it_is_asked() -> None:
    door, _ = run([(9, True), (20, None)])
    again = door_from_dict(door_to_dict(door), away=40.0)
    assert [one.kind for one in run([(0, False), (1, None)], again)[1]] == ["closed"]


def test_a_clock_set_back_while_the_device_was_away_makes_no_opening_shorter() -> None:
    door, _ = run([(9, True), (20, None)])
    assert door_from_dict(door_to_dict(door), away=-3600.0).seconds == door.seconds


STORIES = st.lists(st.tuples(st.floats(0, 400), st.sampled_from([True, False, None])), max_size=60)


@given(STORIES)
def test_openings_and_closings_alternate_and_no_opening_is_longer_than_the_time_that_went_by(
    story: list[Saying],
) -> None:
    door, told = run(story)
    turns = [one.kind for one in told if one.kind != "too_long"]
    assert turns == ["opened", "closed"] * (len(turns) // 2) + ["opened"] * (len(turns) % 2)
    assert door.open == (len(turns) % 2 == 1)
    known = sum(one.seconds or 0.0 for one in told if one.kind == "closed")
    assert known <= sum(seconds for seconds, _ in story) + 1e-6


@given(STORIES)
def test_too_long_is_told_at_most_once_for_each_opening(story: list[Saying]) -> None:
    told = [one.kind for one in run(story)[1]]
    for before, after in pairwise(told):
        assert (before, after) != ("too_long", "too_long")
        assert (before, after) != ("closed", "too_long")


@given(STORIES, st.integers(0, 60))
def test_a_restart_while_the_sensor_does_not_bounce_changes_nothing(story: list[Saying], at: int) -> None:
    before, told_before = run(story[:at])
    if before.otherwise is not None:
        return
    again = door_from_dict(json.loads(json.dumps(door_to_dict(before))), away=0.0)
    assert run(story[at:], again) == run(story[at:], before)
    assert told_before + run(story[at:], again)[1] == run(story)[1]


@given(st.lists(st.tuples(st.floats(0, 0.04), st.booleans()), max_size=10))
def test_no_bounce_shorter_than_the_settling_time_opens_a_door(bounces: list[Saying]) -> None:
    assert kinds([(9, False), *bounces, (0.01, False), (60, None)]) == []


def test_rules_and_times_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        DoorRules(settle=5.0, too_long=1.0)
    with pytest.raises(ValueError, match="went by"):
        step(Door(), said=None, seconds=-1.0, rules=RULES)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("a a b", "a a b", {}),
        ("a a b", "a _ b", {"a": Change(1, 0)}),
        ("a _ b", "a a b", {"a": Change(0, 1)}),
        ("a a b", "_ _ b", {"a": Change(2, 0)}),
        ("a a b", "a c b", {"a": Change(1, 0), "c": Change(0, 1)}),
        ("a _ b", "_ a b", {}),
        ("a b\nc d", "b a\nc d", {}),
        ("a b", "a b?", {}),
        ("a b?", "a _", {}),
        ("a b?", "a b", {}),
        ("a b", "a #", {}),
        ("a b", "a ?", {}),
        ("a # b", "a _ b", {}),
        ("", "a a", {"a": Change(0, 2)}),
    ],
    ids=[
        "nothing happened",
        "one taken",
        "one added",
        "two taken",
        "another product put in its place",
        "one moved",
        "two exchanged",
        "a doubt proves nothing taken",
        "nor was it known to have been there",
        "nor is it added once it is recognised",
        "what became unknown may be the same, turned",
        "or unsure",
        "what is in no catalogue is not counted",
        "an empty cooler filled",
    ],
)
def test_what_an_opening_did(before: str, after: str, changes: dict[str, Change]) -> None:
    assert compare(shop(before).facings, shop(after).facings) == changes


@given(st.lists(st.sampled_from(["a", "b", "c", "_"]), min_size=4, max_size=4), st.permutations(range(4)))
def test_what_is_only_moved_is_neither_taken_nor_added(words: list[str], order: list[int]) -> None:
    assert compare(shop(" ".join(words)).facings, shop(" ".join(words[k] for k in order)).facings) == {}


@given(*[st.lists(st.sampled_from(["a", "b", "c", "_"]), min_size=4, max_size=4)] * 2)
def test_taken_and_added_explain_the_difference_in_facings(before: list[str], after: list[str]) -> None:
    changes = compare(shop(" ".join(before)).facings, shop(" ".join(after)).facings)
    for sku in "abc":
        change = changes.get(sku, Change(0, 0))
        assert before.count(sku) - change.taken + change.added == after.count(sku)
        assert min(change.taken, change.added) == 0
