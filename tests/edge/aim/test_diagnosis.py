"""What is said of a view: one wrong thing after another, what follows from what, and what holds for every view."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.aim.diagnosis import diagnose
from edge.aim.findings import CODES, Finding
from edge.shelf.facing import Facing, Gap, Slot
from tests.edge.aim.views import (
    CLEAR,
    COLUMNS,
    HEIGHT,
    MEASURED,
    SHELVES,
    SLOTS,
    WIDTH,
    facings,
    good,
    mirrored,
    within,
    without,
)

if TYPE_CHECKING:
    from edge.aim.findings import Code
    from edge.aim.view import AimedView

UNITS = facings()
BAR = (300.0, 0.0, 380.0, 600.0)


def failed(view: AimedView) -> list[Code]:
    return [finding.code for finding in diagnose(view) if finding.passed is False]


def said(view: AimedView, code: Code) -> Finding:
    return next(finding for finding in diagnose(view) if finding.code == code)


def test_a_good_view_passes_everything() -> None:
    assert [finding.passed for finding in diagnose(good())] == [True] * len(CODES)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"picture": None, "measured": None}, "no_picture", id="no frame came"),
        pytest.param({"repeated": 0.999}, "frozen", id="nearly every pixel is that of the frame before"),
        pytest.param({"measured": replace(MEASURED, brightness=0.1)}, "dark", id="a tenth of the light"),
        pytest.param({"measured": replace(MEASURED, brightness=0.9)}, "bright", id="nearly white on average"),
        pytest.param({"clarity": replace(CLEAR, white=0.4)}, "bright", id="two fifths of the goods are white"),
        pytest.param({"clarity": replace(CLEAR, white=0.15)}, "glare", id="white patches on the goods"),
        pytest.param({"clarity": replace(CLEAR, beside=0.6, level=0.3)}, "glare", id="a window behind, dim goods"),
        pytest.param(
            {"measured": replace(MEASURED, brightness=0.1), "clarity": replace(CLEAR, beside=0.6, level=0.1)},
            "glare",
            id="dark goods before a window are backlit: more light on them is not the mend",
        ),
        pytest.param({"clarity": replace(CLEAR, plain=0.8)}, "blank", id="four fifths show nothing"),
        pytest.param({"clarity": replace(CLEAR, veiled=0.2, shade=0.5)}, "fogged", id="nothing crisp, nothing dark"),
        pytest.param({"measured": replace(MEASURED, edges=1.9)}, "blurred", id="soft edges"),
        pytest.param({"people": ((100.0, 50.0, 400.0, 600.0),)}, "people", id="somebody before half the shelves"),
        pytest.param({"turn": 180}, "turned", id="hangs upside down"),
        pytest.param({"turn": 90, "facings": ()}, "turned", id="lies on its side, and nothing is found"),
        pytest.param({"facings": UNITS[:2]}, "no_products", id="two units are no shelf"),
        pytest.param({"facings": facings(left=300, top=200, across=16, down=26)}, "far", id="units 12 pixels wide"),
        pytest.param({"facings": facings(left=-40, across=110)}, "near", id="beyond both sides"),
        pytest.param({"tilt": 6.2}, "tilted", id="six degrees"),
        pytest.param({"facings": within(UNITS, move=(-90, 0))}, "cut_left", id="first column half out"),
        pytest.param({"facings": within(UNITS, move=(90, 0))}, "cut_right", id="last column half out"),
        pytest.param({"facings": within(UNITS, move=(0, -70))}, "cut_top", id="upmost units half out"),
        pytest.param({"facings": within(UNITS, move=(0, 80))}, "cut_bottom", id="lowest units half out"),
        pytest.param({"hidden": (BAR,)}, "blocked", id="a bar before all shelves"),
        pytest.param(
            {"facings": without(UNITS, lambda unit: unit.position <= 3)}, "blocked", id="three columns hidden by a door"
        ),
        pytest.param(
            {"facings": without(UNITS, lambda unit: unit.shelf == SHELVES)}, "shelves_unseen", id="upmost shelf missing"
        ),
        pytest.param(
            {"slots": tuple(Slot(s.shelf, s.position, f"other-{s.sku}", 1) for s in SLOTS)},
            "wrong_fixture",
            id="none of the planned products",
        ),
    ],
)
def test_one_thing_wrong_is_the_first_to_mend(changes: dict[str, Any], code: Code) -> None:
    assert failed(good(**changes))[:1] == [code]


def test_nothing_but_the_missing_picture_is_said_of_no_picture() -> None:
    findings = diagnose(good(picture=None, measured=None, clarity=None, trouble="no route to host"))
    assert [finding.code for finding in findings] == list(CODES)
    assert [finding.passed for finding in findings] == [False] + [None] * (len(CODES) - 1)
    assert findings[0].values["trouble"] == "no route to host"


@pytest.mark.parametrize("spoils", ["dark", "blank"])
def test_in_the_dark_nothing_is_said_of_shelves_that_are_not_found(spoils: str) -> None:
    measured = replace(MEASURED, brightness=0.05 if spoils == "dark" else 0.5)
    clarity = replace(CLEAR, plain=0.9 if spoils == "blank" else 0.1)
    assert failed(good(measured=measured, clarity=clarity, facings=())) == [spoils]


def test_what_is_out_of_focus_is_not_called_dirty_though_it_looks_veiled_too() -> None:
    soft, hopeless = replace(MEASURED, edges=1.9), replace(MEASURED, edges=1.5)
    assert failed(good(measured=soft, clarity=replace(CLEAR, veiled=0.3, shade=0.3))) == ["blurred"]
    assert failed(good(measured=soft, clarity=replace(CLEAR, veiled=0.3, shade=0.45))) == ["fogged"]
    assert failed(good(measured=hopeless, clarity=replace(CLEAR, veiled=0.3, shade=0.45))) == ["blurred"]


def test_a_person_before_the_shelves_is_not_called_a_dirty_lens() -> None:
    somebody = ((100.0, 50.0, 400.0, 600.0),)
    assert failed(good(people=somebody, clarity=replace(CLEAR, veiled=0.3, shade=0.45)))[:1] == ["people"]


def test_a_lamp_above_the_shelves_taken_for_a_product_cuts_nothing_off() -> None:
    lamp = Facing((300.0, 0.0, 380.0, 30.0), 0.5, SHELVES + 1, 1, None, None, "unknown")
    assert "cut_top" not in failed(good(facings=(*UNITS, lamp)))


@pytest.mark.parametrize(
    ("changes", "code", "why"),
    [
        ({"slots": ()}, "shelves_unseen", "planogram"),
        ({"slots": ()}, "wrong_fixture", "planogram"),
        ({"named": False}, "wrong_fixture", "catalogue"),
        ({"measured": replace(MEASURED, edges=1.6)}, "wrong_fixture", "picture"),
        ({"people": None}, "people", "detector"),
        ({"tilt": None}, "tilted", "edges"),
        ({"repeated": None}, "frozen", "again"),
        ({"part": (0.0, 0.0, 0.5, 1.0)}, "cut_right", "part"),
        ({"part": (0.0, 0.5, 1.0, 1.0)}, "shelves_unseen", "part"),
        ({"facings": ()}, "cut_left", "products"),
    ],
)
def test_what_cannot_be_said_is_not_said(changes: dict[str, Any], code: Code, why: str) -> None:
    assert said(good(**changes), code) == Finding(code, None, {"why": why})


def test_of_another_fixture_no_shelf_of_the_plan_is_called_missing() -> None:
    other = tuple(Slot(shelf, place, f"other-{shelf}-{place}", 2) for shelf in range(1, 7) for place in range(1, 9))
    view = good(slots=other)
    assert failed(view) == ["wrong_fixture"]
    assert said(view, "shelves_unseen") == Finding("shelves_unseen", None, {"why": "fixture"})


def test_a_camera_of_the_left_half_may_end_before_the_fixture_does_on_the_right() -> None:
    units = within(UNITS, move=(90, 0))
    assert failed(good(facings=units, part=(0.0, 0.0, 0.5, 1.0))) == []
    assert failed(good(facings=units, part=(0.5, 0.0, 1.0, 1.0))) == ["cut_right"]


def test_a_unit_that_leans_out_of_one_shelf_is_no_shelf_cut_off() -> None:
    leaning = replace(UNITS[0], box=(0.0, *UNITS[0].box[1:]))
    assert failed(good(facings=(leaning, *UNITS[1:]))) == []


def test_empty_places_are_no_door() -> None:
    units = without(UNITS, lambda unit: unit.position in {3, 4, 5})
    gaps = tuple(Gap(unit.box, unit.shelf) for unit in UNITS if unit.position in {3, 4, 5})
    assert failed(good(facings=units, gaps=gaps)) == []


def test_one_shelf_whose_end_was_sold_is_no_door() -> None:
    assert failed(good(facings=without(UNITS, lambda unit: unit.shelf == 2 and unit.position > 5))) == []


@pytest.mark.parametrize(
    ("unseen", "count", "which"), [({4}, 1, "top"), ({3, 4}, 2, "top"), ({1}, 1, "bottom"), ({2}, 1, "between")]
)
def test_it_is_told_how_many_shelves_are_missing_and_where(unseen: set[int], count: int, which: str) -> None:
    finding = said(good(facings=without(UNITS, lambda unit: unit.shelf in unseen)), "shelves_unseen")
    assert finding.values == {"planned": SHELVES, "missing": count, "which": which}


def test_what_leans_clockwise_is_put_right_by_turning_the_camera_clockwise() -> None:
    assert said(good(tilt=7.8), "tilted").values == {"degrees": 8, "which": "clockwise"}
    assert said(good(tilt=-5.1), "tilted").values == {"degrees": 5, "which": "counterclockwise"}


def test_of_an_upside_down_picture_nothing_is_said_that_has_sides() -> None:
    findings = diagnose(good(turn=180, facings=within(UNITS, move=(-90, 0))))
    assert [finding.code for finding in findings if finding.passed is False] == ["turned"]
    assert next(finding for finding in findings if finding.code == "cut_left").passed is None


def test_one_who_passes_at_the_side_blocks_nothing() -> None:
    assert failed(good(people=((0.0, 300.0, 70.0, 600.0),))) == []


@st.composite
def views(draw: st.DrawFn) -> AimedView:
    """Any units anywhere, any lean, any part of the fixture."""
    count = draw(st.integers(0, 30))
    units = []
    for number in range(count):
        x, y = draw(st.integers(0, WIDTH - 10)), draw(st.integers(0, HEIGHT - 10))
        box = (
            float(x),
            float(y),
            float(min(WIDTH, x + draw(st.integers(8, 200)))),
            float(min(HEIGHT, y + draw(st.integers(8, 200)))),
        )
        units.append(Facing(box, 0.9, draw(st.integers(1, 5)), number + 1, None, None, "unknown"))
    tilt = draw(st.one_of(st.none(), st.floats(-40, 40)))
    left, right = draw(st.sampled_from([(0.0, 1.0), (0.0, 0.5), (0.5, 1.0)]))
    people = draw(st.sampled_from([None, (), ((0.0, 0.0, 800.0, 600.0),)]))
    slots = SLOTS if draw(st.booleans()) else ()
    return good(facings=tuple(units), tilt=tilt, part=(left, 0.0, right, 1.0), people=people, slots=slots)


@given(views())
def test_a_mirrored_view_has_the_same_faults_with_left_and_right_exchanged(view: AimedView) -> None:
    other = {"cut_left": "cut_right", "cut_right": "cut_left"}
    here = {other.get(finding.code, finding.code): finding.passed for finding in diagnose(view)}
    assert here == {finding.code: finding.passed for finding in diagnose(mirrored(view))}


@given(views())
def test_every_view_gets_the_whole_checklist_in_its_order(view: AimedView) -> None:
    assert [finding.code for finding in diagnose(view)] == list(CODES)


def test_the_planned_shelves_of_these_tests_are_filled() -> None:
    assert len(UNITS) == len(SLOTS) == SHELVES * COLUMNS
