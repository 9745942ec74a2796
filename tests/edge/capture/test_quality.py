"""The quality gate: what is dark, blown or blurred, and what has vanished."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.capture.quality import judge, measure, vanished_share
from edge.contract.config import QualityRules

RULES = QualityRules()
SHELF = np.random.default_rng(7).integers(0, 255, (48, 64, 3), np.uint8).repeat(10, axis=0).repeat(10, axis=1)


def test_a_sharp_frame_of_usual_light_is_used() -> None:
    measured = measure(SHELF)
    assert judge(measured, RULES, usual_sharpness=measured.sharpness) is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ((SHELF * 0.05).astype(np.uint8), "dark"),
        (np.full_like(SHELF, 250), "blown"),
        (cv2.GaussianBlur(SHELF, (0, 0), 14), "blurred"),
    ],
)
def test_a_spoilt_frame_is_rejected_with_its_reason(frame: np.ndarray, reason: str) -> None:
    assert judge(measure(frame), RULES, usual_sharpness=measure(SHELF).sharpness) == reason


def test_without_earlier_frames_nothing_is_called_blurred() -> None:
    assert judge(measure(cv2.GaussianBlur(SHELF, (0, 0), 14)), RULES, usual_sharpness=None) is None


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_sharpness_hardly_depends_on_the_resolution(scale: float) -> None:
    resized = cv2.resize(SHELF, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    assert measure(resized).sharpness == pytest.approx(measure(SHELF).sharpness, rel=0.35)


def test_a_one_pixel_frame_is_measured() -> None:
    assert measure(np.zeros((1, 1, 3), np.uint8)).brightness == 0


@pytest.mark.parametrize(
    ("now", "share"),
    [([], 1.0), ([[0, 0, 10, 20]], 0.5), ([[1, 0, 11, 20], [20, 1, 30, 21]], 0.0), ([[100, 0, 110, 20]], 1.0)],
)
def test_the_share_of_facings_that_vanished(now: list[list[float]], share: float) -> None:
    before = np.array([[0, 0, 10, 20], [20, 0, 30, 20]], np.float32)
    assert vanished_share(before, np.array(now, np.float32).reshape(-1, 4)) == share


def test_nothing_vanishes_where_nothing_was() -> None:
    assert vanished_share(np.zeros((0, 4), np.float32), np.zeros((0, 4), np.float32)) == 0
