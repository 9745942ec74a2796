"""Planogram alignment, compliance and deviations: fixtures as text, the top shelf first (see `shop`)."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.shelf.alignment import Alignment, align_planogram
from edge.shelf.compliance import measure_compliance
from edge.shelf.deviations import find_deviations
from edge.shelf.ratio import Ratio
from tests.edge.shelf.shop import align, facing, plan, shop

if TYPE_CHECKING:
    from edge.shelf.facing import Facing, Slot

OWNERS = {"a": "us", "b": "us", "c": "us", "d": "us", "e": "us", "x": "them"}


def told(alignment: Alignment, ever_seen: set[str] | None = None) -> list[str]:
    """Deviations in short: kind, SKU, shelf.position, seen/planned."""
    found = find_deviations(alignment, owner_of=OWNERS, own={"us"}, ever_seen=ever_seen)
    return [f"{d.kind} {d.sku} {d.shelf}.{d.position} {d.seen}/{d.planned}" for d in found]


def levels(alignment: Alignment) -> list[tuple[int, int]]:
    """Compliance: present, shelf, order, facings."""
    found = measure_compliance(alignment)
    return [(r.part, r.whole) for r in (found.present, found.shelf, found.order, found.facings)]


@pytest.mark.parametrize(
    ("planned", "seen", "deviations", "compliance"),
    [
        pytest.param("a a b", "a a b", [], [3, 3, 3, 3], id="as planned"),
        pytest.param("a a b", "a b", ["too_few a 1.1 1/2"], [3, 3, 3, 2], id="one facing less"),
        pytest.param("a a b", "b", ["missing a 1.1 0/2"], [1, 1, 1, 1], id="a SKU away"),
        pytest.param("a a b", "a a b b b", ["extra b 1.4 2/1"], [3, 3, 3, 3], id="extra facings"),
        pytest.param("a a b", "a a c b", ["extra c 1.3 1/0"], [3, 3, 3, 3], id="an own SKU that is not planned"),
        pytest.param("a a b", "a a x b", ["foreign x 1.3 1/0"], [3, 3, 3, 3], id="a foreign product squeezed in"),
        pytest.param(
            "a b c", "a x c", ["missing b 1.2 0/1", "foreign x 1.2 1/0"], [2, 2, 2, 2], id="a foreign one instead"
        ),
        pytest.param("a b c", "a # c", ["missing b 1.2 0/1"], [2, 2, 2, 2], id="an unknown one instead"),
        pytest.param("a b c", "b a c", ["misplaced a 1.2 1/1"], [3, 3, 2, 2], id="neighbours swapped"),
        pytest.param("a a a b b", "b b a a a", ["misplaced b 1.1 2/2"], [5, 5, 3, 3], id="blocks swapped"),
        pytest.param(
            "a b\nc d",
            "c b\na d",
            ["misplaced a 1.1 1/1", "misplaced c 2.1 1/1"],
            [4, 2, 2, 2],
            id="swapped between shelves",
        ),
        pytest.param("a a b\nc d", "a b\nc a d", ["misplaced a 1.2 1/2"], [5, 5, 5, 4], id="one facing moved down"),
        pytest.param("a b\nc d", "b\nc a d", ["misplaced a 1.2 1/1"], [4, 3, 3, 3], id="a SKU moved down"),
        pytest.param(
            "a b\nc d", "b\nc a a d", ["misplaced a 1.2 1/1", "extra a 1.3 1/1"], [4, 3, 3, 3], id="moved and doubled"
        ),
        pytest.param("a b c", "a _ c", ["missing b 1.2 0/1", "gap b 1.2 0/1"], [2, 2, 2, 2], id="a gap"),
        pytest.param("a a b", "a _ b", ["too_few a 1.1 1/2", "gap a 1.1 0/2"], [3, 3, 3, 2], id="half empty"),
        pytest.param("a b", "a b _", ["gap None 1.None 0/0"], [2, 2, 2, 2], id="a gap beyond the plan"),
        pytest.param("a a", "a a a _", ["extra a 1.3 1/2", "gap None 1.None 0/0"], [2, 2, 2, 2], id="extra and a gap"),
        pytest.param("a b a", "a a", ["missing b 1.2 0/1"], [2, 2, 2, 2], id="a SKU of two slots keeps both"),
        pytest.param(
            "a b a", "a b", ["too_few a 1.3 0/1"], [3, 3, 2, 2], id="a slot empty whose SKU stands in another"
        ),
        pytest.param("a b", "", ["missing a 1.1 0/1", "missing b 1.2 0/1"], [0, 0, 0, 0], id="nothing there"),
    ],
)
def test_what_differs(planned: str, seen: str, deviations: list[str], compliance: list[int]) -> None:
    alignment = align(planned, seen)
    assert told(alignment) == deviations
    whole = sum(slot.facings for slot in plan(planned))
    assert levels(alignment) == [(part, whole) for part in compliance]


@pytest.mark.parametrize(
    ("planned", "seen", "deviations", "compliance"),
    [
        pytest.param("a b c", "a ? c", [], [(2, 2)] * 4, id="an unsure one at its place"),
        pytest.param("a b c", "a b? c", [], [(2, 2)] * 4, id="with the right guess"),
        pytest.param("a b c", "b?", ["missing a 1.1 0/1", "missing c 1.3 0/1"], [(0, 2)] * 4, id="the guess decides"),
        pytest.param("a b c", "a ~ c", [], [(2, 2)] * 4, id="a hidden place"),
        pytest.param("a b c d", "a ~ ~ d", [], [(2, 2)] * 4, id="hidden places"),
        pytest.param("a b\nc d", "~ ~\nc d", [], [(2, 2)] * 4, id="the top shelf hidden"),
        pytest.param("a b\nc d\na e", "a b\n~ ~\na e", [], [(4, 4)] * 4, id="a shelf between hidden"),
        pytest.param("a b c d", "a ~ d", ["missing c 1.3 0/1"], [(2, 3)] * 4, id="only one fits behind the arm"),
        pytest.param("a a b", "a ~ b", [], [(2, 2)] * 4, id="a hidden facing of a SKU that is there"),
        pytest.param("a a b", "~ b", ["too_few a 1.2 0/2"], None, id="perhaps there, so not missing"),
    ],
)
def test_what_cannot_be_told(
    planned: str, seen: str, deviations: list[str], compliance: list[tuple[int, int]] | None
) -> None:
    alignment = align(planned, seen)
    assert [d.split(" ")[0] for d in told(alignment)] == [d.split(" ")[0] for d in deviations]
    if compliance:
        assert levels(alignment) == compliance


def test_a_sku_never_seen_is_void() -> None:
    assert told(align("a b c", "a"), ever_seen={"a", "b"}) == ["missing b 1.2 0/1", "void c 1.3 0/1"]


def test_a_product_of_others_that_is_planned_is_not_foreign() -> None:
    assert told(align("a x", "a x x")) == ["extra x 1.3 1/1"]


def test_without_owners_nothing_is_foreign() -> None:
    assert [d.kind for d in find_deviations(align("a", "a x"))] == ["extra"]


@pytest.mark.parametrize(
    ("planned", "seen", "shelves"),
    [
        ("c c\nb b\na a", "c c\nb b\na a", {1: 1, 2: 2, 3: 3}),
        ("c c\nb b\na a", "c c\na a", {1: 1, 3: 3}),
        ("c c\nb b\na a", "c c\nb b", {2: 2, 3: 3}),
        ("c c\nb b\na a", "b b", {2: 2}),
        ("c c\na a", "c c\nx x\na a", {1: 1, 3: 2}),
        ("c c\na a", "c c\na a\nx x x", {2: 1, 3: 2}),
        ("b b\na a", "a a\nb b", {1: 1, 2: 2}),
    ],
    ids=["all", "middle empty", "bottom empty", "two empty", "one too many", "one too many below", "swapped: in order"],
)
def test_shelves_are_matched_in_order(planned: str, seen: str, shelves: dict[int, int]) -> None:
    alignment = align(planned, seen)
    assert dict(alignment.shelf_of) == shelves
    assert {f.shelf for f in alignment.facings} >= set(shelves)


def test_matching_again_what_was_numbered_by_the_plan_changes_nothing() -> None:
    once = align("c c\nb b\na a", "c _\na a c")
    assert align_planogram(plan("c c\nb b\na a"), once.facings, once.gaps) == once


def test_gaps_expect_what_the_plan_has_there() -> None:
    assert [gap.sku for gap in align("a a b b c\nd e", "a _ _ b c\n_ e").gaps] == ["d", "a", "b"]


def test_two_equal_facings_are_two() -> None:
    twin = facing("a")
    assert levels(align_planogram(plan("a a"), [twin, twin])) == [(2, 2)] * 4


def test_a_plan_of_no_slots_makes_all_extra_and_compliance_unknown() -> None:
    there = shop("a b")
    alignment = align_planogram([], there.facings)
    assert told(alignment) == ["extra a 1.1 1/0", "extra b 1.2 1/0"]
    assert measure_compliance(alignment).facings.value is None


WORDS = st.sampled_from("abcde")
PLANS = st.lists(st.lists(WORDS, min_size=1, max_size=8), min_size=1, max_size=4)
SEEN = st.lists(st.lists(st.sampled_from(["a", "b", "c", "x", "#", "?", "b?", "_", "~"]), max_size=8), max_size=4)


def text(shelves: list[list[str]]) -> str:
    return "\n".join(" ".join(words) for words in shelves if words)


@given(PLANS)
def test_a_perfect_fixture_scores_one_and_deviates_in_nothing(shelves: list[list[str]]) -> None:
    alignment = align(text(shelves), text(shelves))
    whole = sum(map(len, shelves))
    assert levels(alignment) == [(whole, whole)] * 4
    assert told(alignment) == []


@given(PLANS, SEEN)
def test_levels_are_cumulative_and_every_facing_has_one_part(planned: list[list[str]], seen: list[list[str]]) -> None:
    alignment = align(text(planned), text(seen))
    parts = [part for part, _ in levels(alignment)]
    assert parts == sorted(parts, reverse=True)
    assert len(alignment.places) == sum(map(len, planned))
    used = [id(p.facing) for p in alignment.places if p.outcome in {"filled", "unsure"}]
    assert sorted(used + [id(f) for f in alignment.strays]) == sorted(id(f) for f in alignment.facings)
    assert len(alignment.gaps) == len(shop(text(seen)).gaps)


@given(PLANS, st.data())
def test_dropping_a_facing_costs_that_facing(shelves: list[list[str]], data: st.DataObject) -> None:
    slots, facings = plan(text(shelves)), shop(text(shelves)).facings
    gone = data.draw(st.sampled_from(facings))
    assume(sum(f.shelf == gone.shelf for f in facings) > 1)
    alignment = align_planogram(slots, [f for f in facings if f is not gone])
    found = measure_compliance(alignment)
    assert found.facings == Ratio(len(facings) - 1, len(facings))
    kind, sku, _, _ = told(alignment)[0].split(" ")
    alone = sum(f.sku == gone.sku for f in facings) == 1
    assert (kind, sku) == ("missing" if alone else "too_few", gone.sku)
    assert len(told(alignment)) == 1
    assert found.present == Ratio(len(facings) - alone, len(facings))


@given(PLANS, st.sampled_from(["x", "#", "z"]), st.data())
def test_adding_a_product_lowers_no_compliance(shelves: list[list[str]], word: str, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(shelves) - 1))
    at = data.draw(st.integers(0, len(shelves[row])))
    seen = [list(words) for words in shelves]
    seen[row].insert(at, word)
    alignment = align(text(shelves), text(seen))
    whole = sum(map(len, shelves))
    assert levels(alignment) == [(whole, whole)] * 4
    expected = {"x": ["foreign"], "#": [], "z": ["extra"]}[word]
    assert [d.split(" ")[0] for d in told(alignment)] == expected


@given(st.lists(st.permutations("abcde"), min_size=2, max_size=4), st.data())
def test_moving_a_sku_to_another_shelf_keeps_it_present(rows: list[list[str]], data: st.DataObject) -> None:
    shelves = [[f"{sku}{n}" for sku in words] for n, words in enumerate(rows)]
    start, end = data.draw(st.permutations(range(len(shelves))))[:2]
    seen = [list(words) for words in shelves]
    moved = seen[start].pop(data.draw(st.integers(0, 4)))
    seen[end].insert(data.draw(st.integers(0, 5)), moved)
    alignment = align(text(shelves), text(seen))
    whole = 5 * len(shelves)
    assert levels(alignment) == [(whole, whole), *[(whole - 1, whole)] * 3]
    assert [d.split(" ")[:2] for d in told(alignment)] == [["misplaced", moved]]


@given(st.permutations("abcdefgh"), st.integers(0, 6))
def test_swapping_neighbours_costs_the_order_of_one(words: list[str], at: int) -> None:
    seen = list(words)
    seen[at], seen[at + 1] = seen[at + 1], seen[at]
    alignment = align(" ".join(words), " ".join(seen))
    assert levels(alignment) == [(8, 8), (8, 8), (7, 8), (7, 8)]
    assert [d.split(" ")[0] for d in told(alignment)] == ["misplaced"]


@given(PLANS, SEEN)
def test_the_order_of_the_lists_changes_nothing(planned: list[list[str]], seen: list[list[str]]) -> None:
    slots, there = plan(text(planned)), shop(text(seen))

    def backwards(slots: list[Slot], facings: list[Facing]) -> list[str]:
        return told(align_planogram(slots[::-1], facings[::-1], there.gaps, hidden=there.hidden))

    forwards = told(align_planogram(slots, there.facings, there.gaps, hidden=there.hidden))
    assert backwards(slots, there.facings) == forwards


@given(PLANS, SEEN, st.floats(0.1, 10), st.floats(-3000, 3000))
def test_scale_and_place_in_the_frame_change_nothing(
    planned: list[list[str]], seen: list[list[str]], scale: float, shift: float
) -> None:
    slots, there = plan(text(planned)), shop(text(seen))

    def moved(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        x1, y1, x2, y2 = (scale * value + shift for value in box)
        return x1, y1, x2, y2

    alignment = align_planogram(
        slots,
        [replace(f, box=moved(f.box)) for f in there.facings],
        [replace(g, box=moved(g.box)) for g in there.gaps],
        hidden=[moved(box) for box in there.hidden],
    )
    assert levels(alignment) == levels(align_planogram(slots, there.facings, there.gaps, hidden=there.hidden))


def test_cost_grows_as_planned_times_seen() -> None:
    def seconds(shelves: int, places: int) -> float:
        words = "\n".join(" ".join(f"s{shelf}p{place}" for place in range(places)) for shelf in range(shelves))
        slots, there = plan(words), shop(words)
        seen = [one for one in there.facings if one.shelf > 1]  # a shelf less: each planned one meets each seen one
        taken = []
        for _ in range(3):
            began = time.process_time()
            align_planogram(slots, [replace(one, shelf=one.shelf - 1) for one in seen])
            taken.append(time.process_time() - began)
        return min(taken)

    small, large = seconds(4, 40), seconds(8, 160)
    # 160 x 120 pairs against 1280 x 1120: 75 times. A square too much would be thousands.
    assert large < 3 * 75 * small
