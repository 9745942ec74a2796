"""Shelves from boxes: drawn fixtures whose rows are known, and the real photographs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.rows import find_shelves, nearest_places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]
    Bend = Callable[[Floats, Floats], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Drawn:
    """Boxes of a drawn fixture, and where they stand."""

    boxes: Floats
    shelf: Ints
    position: Ints


@st.composite
def fixtures(draw: st.DrawFn) -> Drawn:
    """Fixtures of units of mixed width and height, with holes, short rows, and rough boxes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.integers(1, 7))
    boxes, shelf, position = [], [], []
    bottom = 0.0
    for row in range(1, rows + 1):
        tall = rng.uniform(60, 130)
        x, place = rng.uniform(0, 60), 0
        end = 600.0 if rng.random() < 0.8 else rng.uniform(120, 600)
        while x < end or place == 0:
            width, height = rng.uniform(28, 55), tall * rng.uniform(0.6, 1.0)
            if place and rng.random() < 0.1:
                x += width
                continue
            place += 1
            boxes.append([x, bottom - height, x + width, bottom])
            boxes[-1] = [edge + rough for edge, rough in zip(boxes[-1], rng.normal(0, 0.02 * height, 4), strict=True)]
            shelf.append(row)
            position.append(place)
            x += width + rng.uniform(0, 6)
        bottom -= tall * 1.15 + 8
    return Drawn(np.array(boxes), np.array(shelf), np.array(position))


def bent(boxes: Floats, bend: Bend) -> Floats:
    """The boxes around the bent outlines: middles of the four sides move with the frame."""
    x1, y1, x2, y2 = boxes.T
    middle, half = (x1 + x2) / 2, (x2 - x1) / 2
    x_bottom, y_bottom = bend(middle, y2)
    _, y_top = bend(middle, y1)
    return np.stack([x_bottom - half, y_top, x_bottom + half, y_bottom], axis=1)


def rolled(degrees: float) -> Bend:
    def bend(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        a = math.radians(degrees)
        return x * math.cos(a) - y * math.sin(a), x * math.sin(a) + y * math.cos(a)

    return bend


def from_the_side(strength: float) -> Bend:
    """A camera aside: boards run to a vanishing point."""

    def bend(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        depth = 1 + strength * x / 600
        return x / depth, (y + 350) / depth - 350

    return bend


def wide_lens(strength: float) -> Bend:
    """A lens that draws the edges inwards, as a fisheye does."""

    def bend(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        u, v = (x - 300) / 400, (y + 350) / 400
        pull = 1 - strength * (u**2 + v**2)
        return 300 + 400 * u * pull, 400 * v * pull - 350

    return bend


ROWS = np.repeat([1, 2, 3, 4, 5], 14)


def full_fixture() -> Floats:
    """Five shelves of 14 units, 40 wide, 90 to 110 high, a board's height apart."""
    column = np.tile(np.arange(14), 5)
    bottom = -130.0 * (ROWS - 1)
    height = np.where(column % 4 == 3, 110.0, 90.0)
    return np.stack([column * 44.0, bottom - height, column * 44.0 + 40, bottom], axis=1)


@given(fixtures(), st.randoms(use_true_random=False))
def test_every_unit_on_a_board_is_a_facing_at_its_place(drawn: Drawn, random: object) -> None:
    rng = np.random.default_rng(hash(random) % 2**32)
    order = rng.permutation(len(drawn.boxes))
    found = find_shelves(drawn.boxes[order], rng.random(len(order)))
    assert found.front.all()
    assert found.shelf.tolist() == drawn.shelf[order].tolist()
    assert found.position.tolist() == drawn.position[order].tolist()


@given(fixtures(), st.floats(0.05, 20), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_scale_and_place_in_the_frame_change_nothing(drawn: Drawn, scale: float, right: float, down: float) -> None:
    scores = np.ones(len(drawn.boxes))
    found = find_shelves(drawn.boxes, scores)
    moved = find_shelves(drawn.boxes * scale + [right, down, right, down], scores)
    assert moved.shelf.tolist() == found.shelf.tolist()
    assert moved.position.tolist() == found.position.tolist()


@given(fixtures(), st.floats(-4, 4))
def test_a_small_tilt_changes_nothing(drawn: Drawn, degrees: float) -> None:
    found = find_shelves(bent(drawn.boxes, rolled(degrees)), np.ones(len(drawn.boxes)))
    assert found.front.all()
    assert found.shelf.tolist() == drawn.shelf.tolist()


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(rolled(12), id="rolled to the right"),
        pytest.param(rolled(-12), id="rolled to the left"),
        pytest.param(from_the_side(0.6), id="seen from the left"),
        pytest.param(from_the_side(-0.35), id="seen from the right"),
        pytest.param(wide_lens(0.12), id="wide lens"),
        pytest.param(wide_lens(0.2), id="fisheye"),
        pytest.param(wide_lens(-0.08), id="pincushion"),
    ],
)
@pytest.mark.parametrize("kept", [1.0, 0.5], ids=["full", "half empty"])
def test_bent_boards_are_followed(bend: Bend, kept: float) -> None:
    standing = np.random.default_rng(7).random(len(ROWS)) < kept
    found = find_shelves(bent(full_fixture()[standing], bend), np.ones(int(standing.sum())))
    assert found.front.all()
    assert found.shelf.tolist() == ROWS[standing].tolist()


def test_a_bottle_beside_cans_stands_on_their_board() -> None:
    boxes = np.array([[0, 40, 30, 100], [35, 0, 60, 101], [65, 41, 95, 99]], dtype=float)
    assert find_shelves(boxes, np.ones(3)).shelf.tolist() == [1, 1, 1]


def test_a_flat_pack_beside_tall_ones_stands_on_their_board() -> None:
    boxes = np.array([[0, 0, 30, 100], [35, 84, 90, 97], [95, 0, 125, 101]], dtype=float)
    assert find_shelves(boxes, np.ones(3)).shelf.tolist() == [1, 1, 1]


def test_both_ends_of_a_shelf_with_a_hole_are_one_shelf() -> None:
    boxes = full_fixture()[np.isin(np.tile(np.arange(14), 5), [0, 1, 13])]
    assert find_shelves(bent(boxes, rolled(2)), np.ones(15)).shelf.tolist() == np.repeat([1, 2, 3, 4, 5], 3).tolist()


def test_one_unit_is_a_shelf() -> None:
    found = find_shelves(np.array([[10.0, 20.0, 50.0, 120.0]]), np.ones(1))
    assert (found.shelf.tolist(), found.position.tolist(), found.front.tolist(), found.count) == ([1], [1], [True], 1)


def test_no_boxes_no_shelves() -> None:
    found = find_shelves(np.zeros((0, 4)), np.zeros(0))
    assert (len(found.shelf), len(found.position), len(found.front), found.count) == (0, 0, 0, 0)


@pytest.mark.parametrize("rim", [-0.03, 0.0, 0.08, 0.2], ids=["a crack", "touching", "rim seen", "seen from above"])
@pytest.mark.parametrize("stacked", [[0], [0, 1, 2, 3], [2, 3, 9], list(range(14))], ids=["one", "four", "two", "all"])
def test_stacked_cans_are_no_facings(stacked: list[int], rim: float) -> None:
    boxes = full_fixture()
    boxes[:, 1] = boxes[:, 3] - 55  # cans, with room for a second layer
    top = boxes[28:42][stacked].copy()
    top[:, [1, 3]] -= 55 * (1 - rim)
    found = find_shelves(np.concatenate([boxes, top]), np.ones(70 + len(stacked)))
    assert found.front.tolist() == [True] * 70 + [False] * len(stacked)
    assert found.shelf.tolist() == ROWS.tolist() + [3] * len(stacked)
    assert found.position[70:].tolist() == [column + 1 for column in stacked]


def test_a_third_layer_belongs_to_the_unit_on_the_board() -> None:
    boxes = np.array([[0, 100, 30, 160], [0, 42, 30, 102], [0, -16, 30, 44]], dtype=float)
    found = find_shelves(boxes, np.ones(3))
    assert found.front.tolist() == [True, False, False]
    assert found.shelf.tolist() == [1, 1, 1]


@pytest.mark.parametrize("behind", [10.0, 20.0, 39.0], ids=["caps", "necks", "up to the next board"])
def test_a_second_row_that_peeks_out_above_is_no_facing(behind: float) -> None:
    boxes = full_fixture()
    boxes[14:28, 1] = boxes[14:28, 3] - 90
    second = boxes[14:28].copy()
    second[:, 3] = second[:, 1] + 4  # what is seen of it ends at the caps before it
    second[:, 1] -= behind
    second[:, [0, 2]] += 6
    found = find_shelves(np.concatenate([boxes, second])[:84], np.ones(84))
    assert found.front.tolist() == [True] * 70 + [False] * 14
    assert (found.shelf[70:] == 2).all()


def test_whole_boxes_of_a_second_row_are_no_facings() -> None:
    boxes = full_fixture()
    second = boxes[14:27] + np.array([22, -18, 22, -18])  # between two before it, its hidden part guessed
    found = find_shelves(np.concatenate([boxes, second]), np.ones(83))
    assert found.front.tolist() == [True] * 70 + [False] * 13


def test_units_that_touch_the_board_above_leave_it_a_board() -> None:
    boxes = full_fixture()
    boxes[16:20, 1] = boxes[16:20, 3] - 130  # four bottles up to the wire of the third shelf
    found = find_shelves(boxes, np.ones(70))
    assert found.front.all()
    assert found.shelf.tolist() == ROWS.tolist()


def test_of_two_boxes_on_one_unit_the_better_scored_is_the_facing() -> None:
    boxes = np.array([[0, 0, 40, 90], [1, 3, 41, 92], [44, 0, 84, 90]], dtype=float)
    found = find_shelves(boxes, np.array([0.6, 0.9, 0.9]))
    assert found.front.tolist() == [False, True, True]
    assert found.position.tolist() == [1, 1, 2]


def test_a_box_around_half_a_shelf_hides_nothing() -> None:
    boxes = np.concatenate([full_fixture(), [[0.0, -95.0, 300.0, 12.0]]])
    assert find_shelves(boxes, np.append(np.ones(70), 0.4)).front[:70].all()


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_any_boxes_get_shelves_numbered_without_holes(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 500, (count, 2)), rng.uniform(1, 200, (count, 2))
    found = find_shelves(np.concatenate([corner, corner + size], axis=1), rng.random(count))
    shelf, position, front = found.shelf, found.position, found.front
    assert sorted(set(shelf.tolist())) == list(range(1, found.count + 1))
    for number in range(1, found.count + 1):
        on_it = position[front & (shelf == number)]
        assert sorted(on_it.tolist()) == list(range(1, len(on_it) + 1))
        assert set(position[shelf == number].tolist()) <= set(on_it.tolist())


def test_two_thousand_boxes() -> None:
    column, row = np.tile(np.arange(100), 20), np.repeat(np.arange(20), 100)
    boxes = np.stack([column * 44.0, row * -130.0 - 90, column * 44.0 + 40, row * -130.0], axis=1)
    found = find_shelves(bent(boxes, rolled(1)), np.ones(2000))
    assert found.shelf.tolist() == (row + 1).tolist()


@pytest.mark.parametrize(
    ("boxes", "scores", "says"),
    [
        ([[0, 0, 1]], [1.0], "shape"),
        ([[0, 0, 1, 1]], [1.0, 1.0], "scores"),
        ([[0, 0, math.nan, 1]], [1.0], "no number"),
        ([[0, 0, 0, 1]], [1.0], "no area"),
    ],
)
def test_boxes_that_make_no_sense_are_refused(boxes: list[list[float]], scores: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find_shelves(np.array(boxes, dtype=float), np.array(scores))


def test_nearly_all_boxes_of_the_audited_photographs_are_facings(shared_data: Path) -> None:
    truth = json.loads((shared_data / "cooler/valid/annotations_audited.json").read_text())
    boxes_of: dict[int, list[list[float]]] = {}
    for note in truth["annotations"]:
        x, y, width, height = note["bbox"]
        if not note["iscrowd"]:
            boxes_of.setdefault(note["image_id"], []).append([x, y, x + width, y + height])
    dropped, shelves = 0, []
    for boxes in boxes_of.values():
        found = find_shelves(np.array(boxes), np.ones(len(boxes)))
        dropped += int((~found.front).sum())
        shelves.append(found.count)
    total = sum(map(len, boxes_of.values()))
    assert dropped < 0.005 * total  # six, and all six are stacked cans
    assert set(shelves) <= {2, 3, 4, 5}  # what these coolers and racks have


def test_other_boxes_take_the_place_of_the_nearest_front_unit() -> None:
    boxes = np.array([[0, 0, 10, 20], [12, 0, 22, 20], [0, 40, 10, 60], [12, 40, 22, 60]], np.float64)
    shelves = find_shelves(boxes, np.full(4, 0.9))
    shelf, position = nearest_places(boxes, shelves, np.array([[13, 41, 20, 50], [1, 2, 9, 30]], np.float64))
    assert shelf.tolist() == [1, 2]
    assert position.tolist() == [2, 1]
