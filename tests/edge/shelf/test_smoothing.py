from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.smoothing import vote_facings
from tests.edge.shelf.shop import shop

if TYPE_CHECKING:
    from edge.shelf.facing import Facing

GOOD = "a a b b c\nd d x # ?"
"""What stands there: two shelves."""


def words(facings: tuple[Facing, ...] | list[Facing]) -> list[tuple[int, int, str, str | None]]:
    return sorted((f.shelf, f.position, f.status, f.sku) for f in facings)


def rough(facings: list[Facing], seed: int) -> list[Facing]:
    rng = np.random.default_rng(seed)
    moved = []
    for facing in facings:
        x1, y1, x2, y2 = (float(edge + off) for edge, off in zip(facing.box, rng.normal(0, 1.5, 4), strict=True))
        moved.append(replace(facing, box=(x1, y1, x2, y2)))
    return moved


@given(st.lists(st.sampled_from(["a", "b", "x", "#", "?", "_"]), max_size=10), st.integers(0, 2), st.integers(0, 999))
def test_one_bad_frame_changes_nothing(bad: list[str], at: int, seed: int) -> None:
    captures = [rough(shop(GOOD).facings, seed + n) for n in range(3)]
    captures[at] = shop(" ".join(bad) + "\na b c d x").facings
    assert words(vote_facings(captures)) == words(shop(GOOD).facings)


@pytest.mark.parametrize(
    ("captures", "voted"),
    [
        (["a b c"], "a b c"),
        (["a b c", "a x c"], "a x c"),
        (["a b c", "a _ c"], "a _ c"),
        (["a _ c", "a b c"], "a b c"),
        (["a b c", "a x c", "a x c"], "a x c"),
        (["a b c", "a _ c", "a _ c"], "a _ c"),
        (["a b c", "a ? c", "a b c"], "a b c"),
    ],
    ids=["one capture", "of two the latest", "also what is gone", "and new", "a change", "a sale", "a doubt"],
)
def test_what_most_captures_show(captures: list[str], voted: str) -> None:
    assert words(vote_facings([shop(text).facings for text in captures])) == words(shop(voted).facings)


def test_the_box_is_the_latest_that_agrees() -> None:
    captures = [rough(shop("a b").facings, n) for n in range(3)]
    assert {f.box for f in vote_facings(captures)} == {f.box for f in captures[-1]}


def test_no_captures_no_facings() -> None:
    assert vote_facings([]) == ()
    assert vote_facings([[], [], shop("a").facings]) == ()
