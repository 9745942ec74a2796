"""Several views of one fixture: a drawn fixture, seen by pinhole cameras that stand where the test puts them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shelf.facing import Box, Facing
from edge.shelf.plane import homography, inverse, project, project_box
from edge.shelf.reading import Reading, read_shelf
from edge.shelf.view_shares import share_out
from edge.shelf.views import Merged, ViewPlane, merge_views
from tests.edge.shelf.shop import HEIGHT, PITCH, WIDTH, plan

WORDS = "a a b b c c d d\ne e f f g g h h\ni i j j k k l l"
SIZE = (640.0, 480.0)


@dataclass(frozen=True)
class Fixture:
    """A fixture in its own units, y downwards from its top."""

    facings: tuple[Facing, ...]
    width: float
    height: float


def fixture(text: str = WORDS) -> Fixture:
    rows = [line.split() for line in text.splitlines()]
    facings = [
        Facing(
            (place * WIDTH, (level + 1) * PITCH - HEIGHT, (place + 1) * WIDTH - 2, (level + 1) * PITCH),
            0.9,
            1,
            1,
            sku,
            0.9,
            "recognised",
        )
        for level, words in enumerate(rows)
        for place, sku in enumerate(words)
        if sku != "_"
    ]
    return Fixture(tuple(facings), max(map(len, rows)) * WIDTH, len(rows) * PITCH + 20)


def camera(there: Fixture, at: float, span: float, *, turn: float = 0.0) -> np.ndarray:
    """(3, 3) from the fixture to pixels of a camera before `at` (share of its width) that shows `span` of it."""
    scale = SIZE[0] / (span * there.width)
    middle = np.array([[1, 0, -at * there.width], [0, 1, -there.height / 2], [0, 0, 1]])
    aside = np.array([[1, 0, 0], [0.02 * turn, 1, 0], [turn / there.width / 4, 0, 1]])
    picture = np.array([[scale, 0, SIZE[0] / 2], [0, min(scale, SIZE[1] / there.height), SIZE[1] / 2], [0, 0, 1]])
    return np.asarray(picture @ aside @ middle, np.float64)


def seen_by(matrix: np.ndarray, there: Fixture) -> list[Facing]:
    """The facings that the picture shows more than a quarter of, cut at its edge."""
    found = []
    for facing in there.facings:
        box = project_box(matrix, facing.box)
        assert box is not None
        cut = max(box[0], 0.0), max(box[1], 0.0), min(box[2], SIZE[0]), min(box[3], SIZE[1])
        if cut[2] - cut[0] > 0.25 * (box[2] - box[0]) and cut[3] - cut[1] > 0.25 * (box[3] - box[1]):
            found.append(replace(facing, box=cut))
    return found


def plane(matrix: np.ndarray, there: Fixture, part: Box, *, off: np.ndarray | None = None) -> ViewPlane:
    """What a technician taps: the corners of a part of the front, a little off."""
    left, top, right, bottom = part
    size = (there.width, there.height)
    corners = project(matrix, np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) * size) / SIZE
    return ViewPlane(corners + (0.0 if off is None else off), part, SIZE)


LEFT: Box = (0.0, 0.0, 0.5, 1.0)
RIGHT: Box = (0.5, 0.0, 1.0, 1.0)


def two_views(there: Fixture, *, off: np.ndarray | None = None, views: str = "ab") -> Merged:
    """Two cameras before the two doors, which overlap by a quarter of the fixture."""
    cameras = {"a": camera(there, 0.3, 0.62, turn=0.5), "b": camera(there, 0.7, 0.62, turn=-0.5)}
    parts = {"a": LEFT, "b": RIGHT}
    return merge_views(
        {view: plane(cameras[view], there, parts[view], off=off) for view in views},
        {view: seen_by(cameras[view], there) for view in views},
    )


def skus(merged: Merged) -> list[list[str | None]]:
    """What stands on each shelf from the left, the top one first."""
    shelves = sorted({facing.shelf for facing in merged.facings}, reverse=True)
    return [[facing.sku for facing in merged.facings if facing.shelf == shelf] for shelf in shelves]


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_homography_takes_corners_where_they_belong_and_back() -> None:
    source = np.array([[0, 0], [10, 1], [9, 8], [-1, 7]], np.float64)
    target = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    matrix = homography(source, target)
    assert project(matrix, source) == pytest.approx(target)
    assert project(inverse(matrix), target) == pytest.approx(source)


def test_corners_on_a_line_are_no_corners() -> None:
    with pytest.raises(ValueError, match="one line"):
        homography(np.array([[0, 0], [1, 1], [2, 2], [0, 1]], np.float64), np.eye(4)[:, :2])


def test_two_doors_are_one_fixture_and_the_overlap_counts_once() -> None:
    there = fixture()
    cameras = camera(there, 0.3, 0.62, turn=0.5), camera(there, 0.7, 0.62, turn=-0.5)
    assert sum(len(seen_by(one, there)) for one in cameras) > len(there.facings)
    assert skus(two_views(there)) == words(WORDS)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_corners_tapped_a_little_off_and_rough_boxes_change_nothing(seed: int) -> None:
    off = np.random.default_rng(seed).uniform(-0.012, 0.012, (4, 2))
    assert skus(two_views(fixture(), off=off)) == words(WORDS)


def test_each_unit_is_had_by_the_view_that_shows_it_farthest_from_its_edge() -> None:
    merged = two_views(fixture())
    for facing, twin in zip(merged.facings, merged.twins, strict=True):
        middle = (facing.box[0] + facing.box[2]) / 2 / merged.front.width
        if abs(middle - 0.5) > 0.05:
            assert twin.view == ("a" if middle < 0.5 else "b")
    assert len(set(merged.twins)) == len(merged.twins)


def test_a_unit_that_one_view_knows_and_the_other_does_not_is_known() -> None:
    there = fixture()
    matrix = camera(there, 0.5, 1.1)
    known = seen_by(matrix, there)
    unsure = [replace(facing, status="unsure", sku=None, sku_score=0.3) for facing in known]
    planes = {view: plane(matrix, there, (0, 0, 1, 1)) for view in ("a", "b")}
    assert skus(merge_views(planes, {"a": unsure, "b": known})) == words(WORDS)


def test_where_names_contradict_the_surer_one_holds_and_the_place_counts_once() -> None:
    there = fixture("a a a a\nb b b b")
    matrix = camera(there, 0.5, 1.1)
    right = seen_by(matrix, there)
    wrong = [replace(facing, sku="x", sku_score=0.6) for facing in right]
    planes = {view: plane(matrix, there, (0, 0, 1, 1)) for view in ("a", "b")}
    assert Counter(facing.sku for facing in merge_views(planes, {"a": wrong, "b": right}).facings) == {"a": 4, "b": 4}


def test_neighbours_of_two_views_that_meet_are_two_units() -> None:
    there = fixture("a a a a")
    matrix = camera(there, 0.5, 1.1)
    facings = seen_by(matrix, there)
    planes = {view: plane(matrix, there, (0, 0, 1, 1)) for view in ("a", "b")}
    assert len(merge_views(planes, {"a": facings[:2], "b": facings[2:]}).facings) == 4


def test_what_stands_beside_the_fixture_is_left_out() -> None:
    there = fixture()
    matrix = camera(there, 0.5, 1.6)
    beside = replace(there.facings[0], box=(there.width + 20, 40, there.width + 60, 130))
    merged = merge_views(
        {"a": plane(matrix, there, (0, 0, 1, 1))},
        {"a": seen_by(matrix, replace(there, facings=(*there.facings, beside)))},
    )
    assert skus(merged) == words(WORDS)


def read(merged: Merged, text: str = WORDS) -> Reading:
    return read_shelf(
        merged.facings,
        slots=plan(text),
        owner_of={},
        own=frozenset(),
        must_stock=None,
        ever_seen=frozenset("abcdefghijkl"),
        outlook=merged.outlook,
    )


def hidden(merged: Merged) -> frozenset[str]:
    evidence = read(merged).evidence
    assert evidence is not None
    return evidence.hidden


def test_both_views_together_keep_to_the_plan() -> None:
    reading = read(two_views(fixture()))
    assert reading.deviations == ()
    assert reading.kpis.compliance is not None
    assert reading.kpis.compliance.facings.part == reading.kpis.compliance.facings.whole == 24


@pytest.mark.parametrize("view", ["a", "b"])
def test_what_only_the_missing_view_shows_is_unknown_and_not_empty(view: str) -> None:
    reading = read(two_views(fixture(), views=view))
    assert [deviation for deviation in reading.deviations if deviation.kind in {"missing", "void", "gap"}] == []
    assert reading.gaps == ()
    gone = {"a": set("dhl"), "b": set("aei")}[view]
    assert reading.evidence is not None
    assert reading.evidence.hidden >= gone
    assert reading.kpis.compliance is not None
    assert reading.kpis.compliance.present.value == 1.0


def test_a_gap_and_a_missing_sku_in_the_view_that_is_there_are_told_all_the_same() -> None:
    text = WORDS.replace("a a b b", "a a _ _")
    reading = read(two_views(fixture(text), views="a"))
    assert ("missing", "b") in {(deviation.kind, deviation.sku) for deviation in reading.deviations}
    assert [gap.sku for gap in reading.gaps] == ["b", "b"]


def test_an_arm_before_one_view_hides_nothing_that_the_other_shows() -> None:
    there = fixture()
    matrix = camera(there, 0.5, 1.1)
    planes = {view: plane(matrix, there, (0, 0, 1, 1)) for view in ("a", "b")}
    arm: Box = (200.0, 0.0, 400.0, 480.0)
    seen = [facing for facing in seen_by(matrix, there) if facing.box[2] < 200 or facing.box[0] > 400]
    blind = merge_views({"a": planes["a"]}, {"a": seen}, hidden={"a": [arm]})
    both = merge_views(planes, {"a": seen, "b": seen_by(matrix, there)}, hidden={"a": [arm]})
    assert read(blind).kpis.facings < 24
    assert hidden(blind)
    assert hidden(both) == frozenset()
    assert skus(both) == words(WORDS)


def test_no_view_is_no_fixture() -> None:
    with pytest.raises(ValueError, match="at least one view"):
        merge_views({}, {})


def test_views_of_an_empty_fixture_hold_nothing() -> None:
    there = fixture()
    merged = merge_views({"a": plane(camera(there, 0.5, 1.1), there, (0, 0, 1, 1))}, {"a": []})
    assert merged.facings == ()


OWNERS = dict.fromkeys("abcdefgh", "us") | dict.fromkeys("ijkl", "them")


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([*"aabbccddeeff", "x", "_"]), min_size=24, max_size=24),
    st.sampled_from(["ab", "a", "b"]),
)
def test_the_shares_of_the_views_add_up_to_the_fixture(cells: list[str], views: str) -> None:
    there = fixture("\n".join(" ".join(cells[row : row + 8]) for row in (0, 8, 16)))
    cameras = {"a": camera(there, 0.3, 0.62, turn=0.5), "b": camera(there, 0.7, 0.62, turn=-0.5)}
    parts = {"a": LEFT, "b": RIGHT}
    seen = {view: seen_by(cameras[view], there) for view in views}
    merged = merge_views({view: plane(cameras[view], there, parts[view]) for view in views}, seen)
    whole = read_shelf(
        merged.facings,
        slots=plan(WORDS),
        owner_of=OWNERS,
        own={"us"},
        must_stock=["a", "k"],
        ever_seen=frozenset(),
        outlook=merged.outlook,
    )
    shares = share_out(whole, merged, seen, owner_of=OWNERS, own={"us"})
    parts_of = [share.reading for share in shares.values()]
    for name in ("facings", "own", "foreign", "unknown", "unsure", "gaps", "assortment"):
        assert sum(getattr(part.kpis, name) for part in parts_of) == getattr(whole.kpis, name)
    assert sorted(index for share in shares.values() for index in share.source if index is not None) == list(
        range(len(merged.facings))
    )
    assert [part.kpis.compliance for part in parts_of] == [whole.kpis.compliance, *[None] * (len(views) - 1)]
    own = sum(part.kpis.widths.own for part in parts_of) / SIZE[0]
    assert own == pytest.approx(whole.kpis.widths.own / merged.front.width)
    for view, share in shares.items():
        for facing in share.reading.facings:
            assert facing.box in {one.box for one in seen[view]}
