"""Pictures repeat to the pixel, and the truth is where the products are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes.camera import Camera
from models.scenes.demo import full_columns
from models.scenes.effects import Effects
from models.scenes.products import invent_product
from models.scenes.random_scene import random_picture, random_scene
from models.scenes.render import draw, render
from models.scenes.scene import Column, Fixture, Lighting, Scene
from models.scenes.shopper import Shopper

FIXTURE = Fixture("cooler", 420, 560, 380, (20.0, 300.0), header="Test", seed=3)
CAMERA = Camera(150, 200, (240.0, 330.0, 1200.0), (210.0, 290.0, 0.0), field=30)
CAN, BOTTLE, CARTON = (invent_product(seed) for seed in (900_320, 900_176, 900_168))


def column(shelf: int, slot: int, x: float, product: int, *, units: int = 3) -> Column:
    chosen = (CAN, BOTTLE, CARTON)[product]
    return Column(shelf, slot, x, chosen, chosen if units else None, units, turn_seed=slot)


def cooler(*columns: Column) -> Scene:
    return Scene(FIXTURE, columns, Lighting(seed=1))


FULL = cooler(*(column(shelf, k + 1, 60.0 + 100 * k, k % 3) for shelf in (1, 2) for k in range(4)))


@given(st.integers(0, 2**31))
@settings(max_examples=4, deadline=None)
def test_the_same_seed_gives_the_same_pixels_and_truth(seed: int) -> None:
    effects = Effects(glare=0.5, fog=0.4, shake=3, jpeg=70, seed=seed)
    first, truth = render(FULL, CAMERA, effects, seed, supersample=1)
    again, same = render(FULL, CAMERA, effects, seed, supersample=1)
    assert first.tobytes() == again.tobytes()
    assert truth == same


def test_another_seed_gives_other_noise() -> None:
    first, _ = render(FULL, CAMERA, Effects(), 1, supersample=1)
    other, _ = render(FULL, CAMERA, Effects(), 2, supersample=1)
    assert not np.array_equal(first, other)
    assert np.abs(first.astype(int) - other).mean() < 6


@given(st.integers(0, 10**6))
@settings(max_examples=6, deadline=None)
def test_boxes_hold_exactly_the_pixels_of_their_units(number: int) -> None:
    scene, camera, effects = random_scene(5, number)
    camera = replace(camera, width=camera.width // 3, height=camera.height // 3)
    _, truth = render(scene, camera, effects, 1, supersample=1)
    ids = draw(scene, camera, supersample=1).ids
    fronts = {
        (scene.columns[unit.column].shelf, scene.columns[unit.column].slot): k
        for k, unit in enumerate(scene.units)
        if unit.row == 0 and unit.tier == 0
    }
    for facing in truth.facings:
        ys, xs = np.nonzero(ids == fronts[facing.shelf, facing.slot])
        assert facing.box == (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        assert 0 <= facing.box[0] < facing.box[2] <= camera.width
        assert 0 <= facing.box[1] < facing.box[3] <= camera.height


def test_a_box_agrees_with_the_projected_solid() -> None:
    scene = cooler(column(1, 1, 210.0, 1, units=1))
    _, truth = render(scene, CAMERA, Effects(), 1, supersample=3)
    (unit,) = scene.units
    x, y, z = unit.base
    half, tall = BOTTLE.package.width_mm / 2, BOTTLE.package.height_mm
    eye = np.array(CAMERA.eye)
    # The silhouette of an upright cylinder: where sight lines touch it, at right angles to the way to its axis.
    away = np.array((x - eye[0], z - eye[2]))
    side = np.array((away[1], -away[0])) / np.hypot(*away) * half
    belly = y + 0.3 * tall
    left, right = sorted(CAMERA.project(np.array([(x + s * side[0], belly, z + s * side[1]) for s in (-1, 1)]))[:, 0])
    top = CAMERA.project(np.array([(x, y + tall, z)]))[0, 1]
    box = truth.facings[0].box
    assert (box[0], box[2]) == pytest.approx((left, right), abs=0.6)
    assert box[1] == pytest.approx(top, abs=1.0)


def test_every_column_is_a_facing_or_a_gap_numbered_from_the_left() -> None:
    scene = cooler(
        column(1, 1, 60.0, 0), column(1, 2, 160.0, 1, units=0), column(1, 3, 260.0, 2), column(2, 1, 60.0, 1)
    )
    _, truth = render(scene, CAMERA, Effects(), 1, supersample=1)
    assert [(f.shelf, f.position, f.slot) for f in truth.facings] == [(1, 1, 1), (1, 2, 3), (2, 1, 1)]
    assert [(g.shelf, g.slot, g.expected.id) for g in truth.gaps] == [(1, 2, BOTTLE.id)]
    gap = truth.gaps[0].box
    assert truth.facings[0].box[2] < (gap[0] + gap[2]) / 2 < truth.facings[1].box[0]


def test_units_behind_and_stacked_units_are_no_facings() -> None:
    stacked = replace(column(1, 1, 200.0, 0, units=4), stacked=4)
    scene = cooler(stacked)
    _, truth = render(scene, CAMERA, Effects(), 1, supersample=1)
    assert len(scene.units) == 8
    assert len(truth.facings) == 1


def test_units_behind_show_above_the_front_row_when_seen_from_above() -> None:
    camera = replace(CAMERA, eye=(240.0, 900.0, 1100.0))
    ids = draw(cooler(column(1, 1, 200.0, 1, units=4)), camera, supersample=1).ids
    assert set(np.unique(ids)) >= {-1, 0, 1, 2}


def test_a_shopper_occludes_what_is_behind_and_leaves_the_boxes() -> None:
    clear, before = render(FULL, CAMERA, Effects(), 1, supersample=1)
    blocked, after = render(FULL, CAMERA, Effects(shoppers=(Shopper(0.5, 0.0, 1.2, 1),)), 1, supersample=1)
    assert [f.box for f in before.facings] == [f.box for f in after.facings]
    assert all(f.occluded == 0 for f in before.facings)
    assert max(f.occluded for f in after.facings) > 0.9
    assert np.abs(clear.astype(int) - blocked).mean() > 20


def test_each_effect_does_what_it_says() -> None:
    def take(effects: Effects) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        picture, _ = render(FULL, CAMERA, effects, 1, supersample=1)
        return picture.astype(np.float64)

    plain = take(Effects(noise=0.0))

    def detail(picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert take(Effects(noise=0.0, exposure=-2)).mean() < plain.mean() * 0.7
    assert detail(take(Effects(noise=0.0, shake=15))) < detail(plain) * 0.7
    assert detail(take(Effects(noise=0.0, fog=1.0))) < detail(plain) * 0.9
    assert detail(take(Effects(noise=0.05))) > detail(plain) * 1.1
    warm = take(Effects(noise=0.0, warmth=1.0))
    assert (warm[..., 2] - warm[..., 0]).mean() > (plain[..., 2] - plain[..., 0]).mean() + 10


def test_the_demo_cooler_fits_into_its_shelves() -> None:
    by_shelf: dict[int, list[Column]] = {}
    for place in full_columns():
        by_shelf.setdefault(place.shelf, []).append(place)
    for row in by_shelf.values():
        for left, right in pairwise(row):
            assert right.x - left.x >= (left.expected.package.width_mm + right.expected.package.width_mm) / 2


@given(st.integers(0, 10**6))
@settings(max_examples=3, deadline=None)
def test_random_pictures_have_truth_and_light(number: int) -> None:
    picture, truth = random_picture(9, number, supersample=1)
    assert picture.shape == (truth.height, truth.width, 3)
    assert picture.std() > 8
