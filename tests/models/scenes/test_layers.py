"""What is behind shows through clear surfaces, and only through them."""

from __future__ import annotations

import numpy as np
import pytest

from models.scenes.layers import Layers, Shaded

WALL = 0.25


def empty() -> Layers:
    return Layers.over(np.full((2, 9, 3), WALL, np.float32), np.full((2, 9), 100.0, np.float32))


def put(layers: Layers, columns: list[int], *, unit: int, distance: float, light: float, veil: float) -> None:
    n = len(columns)
    flat = np.ones((n, 3), np.float32)
    shaded = Shaded(flat * np.float32(light), flat * 0, flat * np.float32(veil))
    layers.put(
        np.zeros(n, np.int32),
        np.array(columns, np.int32),
        shaded=shaded,
        distance=np.full(n, distance, np.float32),
        unit=unit,
        axis=np.full(n, 4.0, np.float32),
    )


def test_an_opaque_unit_hides_what_is_behind() -> None:
    layers = empty()
    put(layers, [3, 4, 5], unit=0, distance=10, light=0.9, veil=0)
    put(layers, [4, 5, 6], unit=1, distance=20, light=0.1, veil=0)
    assert layers.ids[0].tolist() == [-1, -1, -1, 0, 0, 0, 1, -1, -1]
    assert layers.composed()[0, :, 0] == pytest.approx([WALL, WALL, WALL, 0.9, 0.9, 0.9, 0.1, WALL, WALL])


def test_the_wall_shows_through_a_clear_unit() -> None:
    layers = empty()
    put(layers, [4], unit=0, distance=10, light=0.0, veil=0.5)
    assert layers.composed()[0, 4, 0] == pytest.approx(0.5 * WALL)


def test_a_unit_behind_a_clear_one_shows_through_it_and_does_not_own_the_pixel() -> None:
    layers = empty()
    put(layers, [4], unit=0, distance=10, light=0.0, veil=0.5)
    put(layers, [4], unit=1, distance=20, light=0.8, veil=0)
    put(layers, [4], unit=2, distance=30, light=0.1, veil=0)
    assert layers.ids[0, 4] == 0
    assert layers.composed()[0, 4, 0] == pytest.approx(0.4)


def test_a_full_bottle_turns_what_is_behind_it_about_its_axis() -> None:
    layers = empty()
    put(layers, [2, 3, 4, 5, 6], unit=0, distance=10, light=0.0, veil=1.0)
    put(layers, [5, 6, 7], unit=1, distance=20, light=0.9, veil=0)
    through = layers.composed()[0, :, 0]
    assert through[2] == pytest.approx(0.9)
    assert through[6] == pytest.approx(WALL)
