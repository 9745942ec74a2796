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
from edge.shelf.reading import Outlook, read_shelf
from tests.edge.shelf.shop import HEIGHT, PITCH, WIDTH, plan, shop


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


def box_of(shelf: int, place: int) -> Box:
    return (place * WIDTH, 1000.0 - PITCH * (shelf - 1) - HEIGHT, (place + 1) * WIDTH, 1000.0 - PITCH * (shelf - 1))


REGION = np.array([[0.0, 0.0], [6 * WIDTH, 0.0], [6 * WIDTH, 1010.0], [0.0, 1010.0]])


def test_the_region_s_side_is_the_shelves_where_one_of_them_reaches_it() -> None:
    there = shop("\n".join(["a a a a"] * 4 + ["a a a a a a"]))
    gaps = find_gaps(there.facings, region=REGION)
    assert len(find_gaps(there.facings)) < len(gaps)  # one shelf of five alone does not tell where the others end
    assert [(gap.shelf, round(gap.box[0] / WIDTH)) for gap in gaps] == [(s, n) for s in (2, 3, 4, 5) for n in (4, 5)]


def test_a_region_that_ends_with_the_frame_tells_nothing_of_shelves_that_go_on() -> None:
    there = shop("a a a a a\na a a a")
    assert len(find_gaps(there.facings, region=REGION)) == 2 + 1  # a place is left on each shelf before its end
    assert len(find_gaps(there.facings, region=REGION, frame=(6 * WIDTH, 1200.0))) == 1


def test_a_region_drawn_wider_than_the_shelves_tells_nothing_of_their_ends() -> None:
    there = shop("a a a a\na a a a")
    assert find_gaps(there.facings, region=REGION) == []


def test_what_lies_outside_the_region_is_no_gap() -> None:
    there = shop("a a a _ a\na a a a a")
    assert find_gaps(there.facings, region=REGION * (0.5, 1.0)) == []


def test_a_place_before_which_a_unit_of_another_shelf_stands_is_not_empty() -> None:
    there = shop("a a _ a")
    tall = Facing((2 * WIDTH, 880.0, 3 * WIDTH, 1130.0), 0.9, 2, 1, "b", 0.9, "recognised")
    assert find_gaps([*there.facings, tall]) == []


def test_a_unit_set_back_that_counts_as_a_shelf_has_no_gaps_beside_it() -> None:
    there = shop("a a a a a\na a a a a")
    x1, y1, x2, y2 = there.facings[0].box
    set_back = Facing((x1 + 0.1, y1 - 30, x2, y2 - 30), 0.9, 9, 1, "b", 0.9, "recognised")
    assert find_gaps([*there.facings[1:], set_back]) == []


def test_caps_behind_the_front_units_are_no_shelf_full_of_gaps() -> None:
    there = shop("a a a a a\na a a a a")
    x1, y1, x2, y2 = there.facings[0].box
    height = y2 - y1
    cap = Facing((x1 + 2, y1 - 0.55 * height, x2 - 2, y1 - 0.05 * height), 0.9, 9, 1, None, None, "unknown")
    assert find_gaps([*there.facings, cap]) == []


def test_beside_cans_stacked_on_cans_nothing_is_missing() -> None:
    there = shop("a a a a a")
    stacked = [
        Facing((x1, 2 * y1 - y2 - 0.07 * (y2 - y1), x2, y1 - 0.07 * (y2 - y1)), 0.9, 2, at + 1, "a", 0.9, "recognised")
        for at, (x1, y1, x2, y2) in enumerate(there.facings[place].box for place in (1, 3, 4))
    ]
    assert find_gaps([*there.facings, *stacked]) == []


def test_a_last_unit_on_its_shelf_has_gaps_beside_it() -> None:
    text = "a a a a a\n_ _ a _ _\na a a a a"
    assert found(text) == holes(text)


def test_units_cut_off_by_the_frame_leave_no_gaps_between_them() -> None:
    there = shop("a a a a a\na _ a a a")
    assert [gap.shelf for gap in find_gaps(there.facings, frame=(400.0, 1100.0))] == [1]
    assert find_gaps(there.facings, frame=(400.0, 1000.0)) == []


def test_what_lies_mostly_outside_the_frame_is_no_gap() -> None:
    there = shop("a a a _\na a a a")
    assert len(find_gaps(there.facings, frame=(3.6 * WIDTH, 1100.0))) == 1
    assert find_gaps(there.facings, frame=(3.3 * WIDTH, 1100.0)) == []


@pytest.mark.parametrize("empty", [1, 2, 3, 4])
def test_a_planned_shelf_on_which_nothing_stands_is_full_of_gaps(empty: int) -> None:
    words = {1: "a a b b", 2: "c c d d", 3: "e e f f", 4: "g g h h"}
    slots = plan("\n".join(words[shelf] for shelf in (4, 3, 2, 1)))
    facings = [
        Facing(box_of(shelf, place), 0.9, shelf - (shelf > empty), place + 1, sku, 0.9, "recognised")
        for shelf, skus in words.items()
        if shelf != empty
        for place, sku in enumerate(skus.split())
    ]
    reading = read_shelf(
        facings,
        slots=slots,
        owner_of={},
        own=frozenset(),
        must_stock=None,
        ever_seen=frozenset("abcdefgh"),
        outlook=Outlook(frame=(200.0, 1100.0)),
    )
    assert [(gap.shelf, gap.sku) for gap in reading.gaps] == [(empty, sku) for sku in words[empty].split()]
    for place, gap in enumerate(reading.gaps):
        assert gap.box == pytest.approx(box_of(empty, place), abs=1)
    kinds = [deviation.kind for deviation in reading.deviations]
    assert (kinds.count("missing"), kinds.count("gap")) == (2, 4)
    assert reading.kpis.occupancy == 12 / 16


def test_where_something_faint_is_seen_nothing_is_known_to_be_empty() -> None:
    there = shop("a a _ a _ a")
    reading = read_shelf(
        there.facings,
        slots=(),
        owner_of={},
        own=frozenset(),
        must_stock=None,
        ever_seen=frozenset(),
        outlook=Outlook(doubtful=(there.gaps[0].box,)),
    )
    assert [round(gap.box[0] / WIDTH) for gap in reading.gaps] == [4]
