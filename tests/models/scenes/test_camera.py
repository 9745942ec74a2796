"""A pixel's ray and a point's pixel are inverse to one another, through every lens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes.camera import Camera


@given(
    st.floats(20, 100),
    st.floats(-10, 10),
    st.floats(0, 1),
    st.tuples(st.floats(-500, 1200), st.floats(100, 1800), st.floats(600, 2500)),
)
@settings(max_examples=40, deadline=None)
def test_points_along_a_pixels_ray_project_back_onto_it(
    field: float, roll: float, bend: float, eye: tuple[float, float, float]
) -> None:
    camera = Camera(60, 80, eye, (380.0, 600.0, 0.0), field, roll, bend)
    rays = camera.rays()
    for row, column in ((0, 0), (40, 30), (79, 59), (10, 50)):
        point = np.array(eye) + 1000.0 * rays[row, column].astype(np.float64)
        assert camera.project(point[None])[0] == pytest.approx((column + 0.5, row + 0.5), abs=0.05)


def test_the_target_appears_in_the_middle() -> None:
    camera = Camera(64, 48, (100.0, 900.0, 1500.0), (300.0, 500.0, 0.0), roll=7, bend=0.5)
    assert camera.project(np.array([[300.0, 500.0, 0.0]]))[0] == pytest.approx((32, 24))


def test_a_straight_lens_keeps_lines_straight_and_a_fisheye_bends_them() -> None:
    line = np.array([(x, 1000.0, 0.0) for x in np.linspace(0, 800, 9)])
    deviations = []
    for bend in (0.0, 1.0):
        x, y = Camera(480, 480, (400.0, 500.0, 700.0), (400.0, 500.0, 0.0), 80, bend=bend).project(line).T
        deviations.append(np.abs(y - np.interp(x, x[[0, -1]], y[[0, -1]])).max())
    assert deviations[0] == pytest.approx(0, abs=1e-6)
    assert deviations[1] > 3


def test_all_rays_have_unit_length() -> None:
    rays = Camera(40, 30, (0.0, 0.0, 900.0), (0.0, 10.0, 0.0), 90, bend=1.0).rays(1.5)
    assert rays.shape == (45, 60, 3)
    assert np.linalg.norm(rays, axis=-1) == pytest.approx(1, abs=1e-5)
