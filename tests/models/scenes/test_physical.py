"""What surrounds the path tracer: its straight picture, its brightness, its noise, and its absence."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes import __main__ as commands
from models.scenes.camera import Camera
from models.scenes.denoise import guided
from models.scenes.fittings import fittings, room_light
from models.scenes.physical import exposed, straight_view
from models.scenes.random_scene import random_scene
from models.scenes.render import Drawing

if TYPE_CHECKING:
    from pathlib import Path


def test_without_the_library_there_is_one_clear_line_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)  # Python's own way to say that a module cannot be had
    out = tmp_path / "physical"
    monkeypatch.setattr(sys, "argv", ["scenes", "physical", "--out", str(out), "--count", "1"])
    with pytest.raises(SystemExit) as stop:
        commands.main()
    assert stop.value.code == 1
    said = capsys.readouterr().err.strip()
    assert said == "error: the physical renderer needs Mitsuba 3.9 (pip install 'facings[render]')"
    assert not out.exists()


def test_without_a_bent_lens_every_pixel_is_traced_where_it_is() -> None:
    camera = Camera(60, 80, (10.0, 20.0, 900.0), (0.0, 0.0, 0.0), roll=3)
    columns, rows, focal, x, y = straight_view(camera)
    assert (columns, rows) == (60, 80)
    assert focal == pytest.approx(camera.focal())
    assert x == pytest.approx(np.broadcast_to(np.arange(60), (80, 60)), abs=1e-2)
    assert y == pytest.approx(np.broadcast_to(np.arange(80)[:, None], (80, 60)), abs=1e-2)


@given(st.floats(0, 1), st.floats(25, 95))
@settings(max_examples=20, deadline=None)
def test_the_straight_picture_holds_all_that_a_bent_lens_sees(bend: float, field: float) -> None:
    columns, rows, _, x, y = straight_view(Camera(48, 64, (0.0, 0.0, 900.0), (0.0, 0.0, 0.0), field=field, bend=bend))
    assert x.min() >= -0.5
    assert x.max() <= columns - 0.5
    assert y.min() >= -0.5
    assert y.max() <= rows - 0.5
    assert max(columns / 48, rows / 64) < 2.4


def test_traced_goods_get_the_brightness_of_the_fast_drawing() -> None:
    ids = np.full((12, 12), -1, np.int32)
    ids[3:9, 3:9] = 0
    drawing = Drawing(np.full((12, 12, 3), 0.4, np.float32), ids, 1.0)
    light = np.full((12, 12, 3), 9.0, np.float32)
    light[ids >= 0] = 0.1
    assert exposed(light, drawing)[5, 5] == pytest.approx(0.4)


def test_noise_goes_and_the_edge_stays() -> None:
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 0.8
    truth = 0.2 + 0.5 * guide
    noisy = truth + np.random.default_rng(1).normal(0, 0.1, truth.shape).astype(np.float32)
    smooth = guided(noisy, guide, radius=3, epsilon=4e-4)
    assert float(np.std(smooth - truth)) < 0.035
    assert smooth[:, 20].mean() - smooth[:, 19].mean() == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize("number", range(4))
def test_no_part_of_the_fixture_stands_before_the_goods(number: int) -> None:
    scene, _, _ = random_scene(5, number)
    fixture = scene.fixture
    for part in fittings(scene):
        corners = part.surface.vertices[part.surface.faces]
        before = corners[(corners[..., 2] > 0.1).all(axis=1)].mean(axis=1)
        inside = (
            (before[:, 0] > 0) & (before[:, 0] < fixture.width) & (before[:, 1] > 0) & (before[:, 1] < fixture.height)
        )
        strips = [(y - fixture.strip_mm, y + 8) for y in fixture.shelves]
        assert all(any(low < y < high for low, high in strips) for y in before[inside, 1])


def test_the_room_lights_the_front_as_strongly_as_the_lighting_says() -> None:
    scene, camera, _ = random_scene(5, 0)
    light = room_light(scene, camera)
    rows, columns = light.shape[:2]
    theta = (np.arange(rows) + 0.5)[:, None] / rows * np.pi
    phi = (np.arange(columns) + 0.5) / columns * 2 * np.pi
    weight = np.clip(-np.sin(theta) * np.cos(phi), 0, 1) * np.sin(theta)
    mean = (light.mean(axis=2) * weight).sum() / weight.sum()
    assert mean == pytest.approx(scene.lighting.room, rel=0.05)
