from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.facing import Box, Facing
from edge.shelf.gaps import find_gaps
from tests.edge.shelf.shop import HEIGHT, WIDTH, shop


def found(text: str) -> list[tuple[int, int]]:
    """Shelf and place (from 0) of the gaps found where the text has `_`."""
    return [(gap.shelf, int((gap.box[0] + gap.box[2]) / 2 // WIDTH)) for gap in find_gaps(shop(text).facings)]


def holes(text: str) -> list[tuple[int, int]]:
    """Shelf and place of every `_`."""
    lines = [line.split() for line in reversed(text.strip().splitlines())]
    return [(n, place) for n, words in enumerate(lines, start=1) for place, word in enumerate(words) if word == "_"]


@pytest.mark.parametrize(
    "text",
    [
        "a a a a",
        "a a _ a",
        "a _ _ _ a a",
        "a _ a _ a a a",
        "a _ a _ a _ a",
        "a a a a a\na a a a _\na a a a a",
        "a a a a a\n_ _ a a a\na a a a a",
        "a a a a a\n_ a _ a _\na a a a a\na a a a a",
    ],
    ids=["none", "one", "three", "two", "every second", "at the right", "at the left", "at both ends and between"],
)
def test_empty_places_are_found(text: str) -> None:
    assert found(text) == holes(text)


@given(st.integers(0, 2**32 - 1))
def test_gaps_on_rough_full_shelves_are_the_units_taken_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    facings, taken = [], []
    for shelf in (1, 2, 3):
        hole = int(rng.integers(1, 8))
        width, slack = rng.uniform(35, 55), rng.uniform(0, 12)
        for place in range(9):
            left, bottom = place * (width + slack), 1000.0 - 130 * shelf
            edges = np.array([left, bottom - HEIGHT, left + width, bottom]) + rng.normal(0, 0.03 * width, 4)
            box: Box = (float(edges[0]), float(edges[1]), float(edges[2]), float(edges[3]))
            if place == hole:
                taken.append((shelf, box))
            else:
                facings.append(Facing(box, 0.9, shelf, place + 1, "a", 0.9, "recognised"))
    # Ends are left out: shelves of different widths end at different places.
    gaps = [g for g in find_gaps(facings) if any(f.shelf == g.shelf and f.box[0] > g.box[0] for f in facings)]
    assert [gap.shelf for gap in gaps] == [1, 2, 3]
    for gap, (_, box) in zip(gaps, taken, strict=True):
        assert math.isclose(gap.box[0] + gap.box[2], box[0] + box[2], abs_tol=0.4 * WIDTH)


def test_the_ends_follow_leaning_sides() -> None:
    facings = []
    for shelf, place in product(range(1, 6), range(8)):
        left, bottom = 12.0 * shelf + 40 * place, 1000.0 - 130 * shelf
        box = (left, bottom - HEIGHT, left + 40, bottom)
        if (shelf, place) != (3, 0):
            facings.append(Facing(box, 0.9, shelf, place + 1, "a", 0.9, "recognised"))
    assert [(gap.shelf, round(gap.box[0])) for gap in find_gaps(facings)] == [(3, 36)]


def test_a_hidden_place_is_not_empty() -> None:
    there = shop("a a ~ a _ a")
    assert [round(gap.box[0] / WIDTH) for gap in find_gaps(there.facings, hidden=there.hidden)] == [4]


def test_a_gap_stands_on_its_shelf() -> None:
    there = shop("a a _ a")
    tilted = []
    for facing in there.facings:
        x1, y1, x2, y2 = facing.box
        tilted.append(replace(facing, box=(x1, y1 + 0.1 * x1, x2, y2 + 0.1 * x1)))
    (gap,) = find_gaps(tilted)
    assert gap.box == pytest.approx((80, 918, 120, 1008), abs=1)
    assert gap.sku is None


def test_no_facings_no_gaps() -> None:
    assert find_gaps([]) == []
    assert find_gaps(shop("a").facings) == []
