"""Blur at the resolution that the embedder sees, on rendered pack shots of products chosen by number only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.recognise.sharpness import BLURRED, MEASURED_HEIGHT, sharpness
from models.scenes.packshot import pack_shot
from models.scenes.products import invent_product

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRODUCTS = (5, 106, 1207, 40_008)


@pytest.fixture(scope="module")
def shots() -> list[NDArray[np.uint8]]:
    return [pack_shot(invent_product(seed), seed=0) for seed in PRODUCTS]


def softened(picture: NDArray[np.uint8], pixels: float) -> NDArray[np.uint8]:
    """Blurred by a standard deviation of so many pixels of the height that is measured at."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), pixels * picture.shape[0] / MEASURED_HEIGHT), np.uint8)


def test_sharp_pack_shots_are_not_called_blurred(shots: list[NDArray[np.uint8]]) -> None:
    assert min(sharpness(shot) for shot in shots) > BLURRED


def test_blur_that_the_embedder_sees_is_called_so(shots: list[NDArray[np.uint8]]) -> None:
    assert max(sharpness(softened(shot, 2)) for shot in shots) < BLURRED


def test_blur_that_is_gone_at_the_embedders_resolution_is_none(shots: list[NDArray[np.uint8]]) -> None:
    assert min(sharpness(softened(shot, 0.4)) for shot in shots) > BLURRED


@pytest.mark.parametrize("kernel", [(40, 1), (1, 40)], ids=["across", "down"])
def test_a_hand_that_moved_is_seen_either_way(shots: list[NDArray[np.uint8]], kernel: tuple[int, int]) -> None:
    for shot in shots:
        assert sharpness(np.asarray(cv2.blur(shot, kernel), np.uint8)) < 0.7 * sharpness(shot)


def test_faint_print_is_as_sharp_as_strong_print(shots: list[NDArray[np.uint8]]) -> None:
    for shot in shots:
        faint = (shot * 0.5 + 60).astype(np.uint8)
        assert sharpness(faint) == pytest.approx(sharpness(shot), rel=0.1)


def test_the_same_picture_with_more_pixels_is_as_sharp(shots: list[NDArray[np.uint8]]) -> None:
    larger = np.asarray(cv2.resize(shots[0], None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    assert sharpness(larger) == pytest.approx(sharpness(shots[0]), rel=0.1)


def test_an_empty_picture_is_not_sharp() -> None:
    assert sharpness(np.full((120, 60, 3), 130, np.uint8)) == 0


def test_the_smallest_pictures_are_measured() -> None:
    assert sharpness(np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)) > BLURRED
