"""Facings voted over captures: a line for each shelf, a word for each place, as in `tests.edge.shelf.shop`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.voting import hold_on, vote_facings
from tests.edge.shelf.shop import shop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.shelf.facing import Facing

GOOD = "a a b b c\nd d x # ?"
"""What stands there: two shelves."""


def words(facings: Iterable[Facing]) -> list[tuple[int, int, str, str | None]]:
    return sorted((f.shelf, f.position, f.status, f.sku) for f in facings)


def rough(facings: list[Facing], seed: int) -> list[Facing]:
    rng = np.random.default_rng(seed)
    moved = []
    for facing in facings:
        x1, y1, x2, y2 = (float(edge + off) for edge, off in zip(facing.box, rng.normal(0, 1.5, 4), strict=True))
        moved.append(replace(facing, box=(x1, y1, x2, y2)))
    return moved


def scored(text: str, score: float) -> list[Facing]:
    return [replace(facing, sku_score=score) for facing in shop(text).facings]


@given(
    st.lists(st.sampled_from(["a", "b", "x", "x?", "#", "?", "_"]), max_size=10), st.integers(0, 2), st.integers(0, 999)
)
def test_one_bad_frame_changes_nothing(bad: list[str], at: int, seed: int) -> None:
    captures = [rough(shop(GOOD).facings, seed + n) for n in range(3)]
    captures[at] = shop(" ".join(bad) + "\na b c d x").facings
    assert words(vote_facings(captures).facings) == words(shop(GOOD).facings)


@pytest.mark.parametrize(
    ("captures", "voted"),
    [
        (["a b c"], "a b c"),
        (["a b c", "a x c"], "a x c"),
        (["a b c", "a _ c"], "a _ c"),
        (["a _ c", "a b c"], "a b c"),
        (["a b c", "a b c", "a x c"], "a b c"),
        (["a b c", "a x c", "a x c"], "a x c"),
        (["a b c", "a b c", "a _ c"], "a b c"),
        (["a b c", "a _ c", "a _ c"], "a _ c"),
        (["a _ c", "a _ c", "a b c"], "a _ c"),
        (["a _ c", "a b c", "a b c"], "a b c"),
        (["a b c", "a b? c", "a b? c"], "a b c"),
        (["a b? c", "a b? c", "a b c"], "a b c"),
        (["a b? c", "a b? c", "a b? c"], "a b? c"),
        (["a b c", "a x? c", "a x? c"], "a x? c"),
        (["a b c", "a # c", "a # c"], "a # c"),
    ],
    ids=[
        "one capture says what it says",
        "of two the latest counts",
        "also what is gone",
        "and what is new",
        "another product seen once is not believed",
        "seen twice it is",
        "a facing missed once stays",
        "missed twice it is gone",
        "a facing seen once is not believed",
        "seen twice it is",
        "a doubt is lifted by what stood recognised there before",
        "or by what is recognised now",
        "doubts alone lift no doubt",
        "a doubt about another product is no such thing",
        "a product in no catalogue took its place",
    ],
)
def test_what_most_captures_show(captures: list[str], voted: str) -> None:
    assert words(vote_facings([shop(text).facings for text in captures]).facings) == words(shop(voted).facings)


def test_where_no_two_captures_agree_the_best_score_names_the_place() -> None:
    captures = [scored("a", 0.6), scored("b", 0.95), scored("c", 0.7)]
    assert [facing.sku for facing in vote_facings(captures).facings] == ["b"]


def test_boxes_are_those_of_the_latest_capture_where_it_shows_the_place() -> None:
    captures = [rough(shop("a b c").facings, n) for n in range(2)] + [rough(shop("a _ c").facings, 3)]
    voted = vote_facings(captures)
    boxes = {index: facing.box for facing, index in zip(voted.facings, voted.source, strict=True)}
    assert boxes == {0: captures[2][0].box, 1: captures[2][1].box, None: captures[1][1].box}


def test_a_vote_without_dissent_says_exactly_what_the_latest_capture_says() -> None:
    captures = [rough(shop(GOOD).facings, n) for n in range(3)]
    latest = vote_facings(captures[-1:]).facings
    voted = vote_facings(captures)
    assert not voted.changed(latest)
    assert voted.source == tuple(range(len(latest)))


def test_a_camera_that_was_turned_counts_nothing_twice() -> None:
    before, after = shop(GOOD).facings, []
    for facing in before:
        x1, y1, x2, y2 = facing.box
        after.append(replace(facing, box=(x1 + 27, y1 + 11, x2 + 27, y2 + 11)))
    for captures in ([before, before, after], [before, after, after]):
        assert len(vote_facings(captures).facings) == len(before)


def test_no_captures_no_facings() -> None:
    assert vote_facings([]).facings == ()
    assert vote_facings([[], [], shop("a").facings]).facings == ()


def held(latest: str, before: str, faint: str) -> list[tuple[int, int, str, str | None]]:
    boxes = np.array([facing.box for facing in shop(faint).facings]).reshape(-1, 4)
    return words(hold_on(shop(latest).facings, shop(before).facings, boxes, np.full(len(boxes), 0.3)).facings)


@pytest.mark.parametrize(
    ("latest", "before", "faint", "counted"),
    [
        ("a _ c", "a b c", "_ x _", "a b? c"),
        ("a _ c", "a # c", "_ x _", "a # c"),
        ("a _ c", "a b? c", "_ x _", "a b? c"),
        ("a _ c", "a _ c", "_ x _", "a _ c"),
        ("a _ c", "a b c", "_ _ x", "a _ c"),
        ("a d c", "a b c", "_ x _", "a d c"),
        ("a b\n_ _", "a b\nc d", "_ _\nx x", "a b\nc? d?"),
    ],
    ids=[
        "what stood there is there faintly: nobody can say that it is gone, nor what it is",
        "a product in no catalogue stays one",
        "a doubt stays one",
        "something faint at an empty place is nothing",
        "something faint beside a facing is nothing",
        "what took its place counts",
        "a whole shelf",
    ],
)
def test_a_place_that_was_filled_is_filled_while_something_faint_is_there(
    latest: str, before: str, faint: str, counted: str
) -> None:
    assert held(latest, before, faint) == words(shop(counted).facings)


def test_what_is_held_on_to_says_nothing_of_its_score_and_no_index() -> None:
    voted = hold_on(shop("a _").facings, shop("a b").facings, np.array([shop("_ b").facings[0].box]), np.array([0.3]))
    assert voted.source == (0, None)
    assert voted.facings[1].sku_score is None
    assert voted.facings[1].score == 0.3
