"""A door seen by the camera itself, and the best of several frames, on rendered frames of the demo's cooler."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.capture.door import DoorLook, best_after, forget_usual, look_at_door, thumbnail
from edge.recognise.images import read_image

FRAMES = Path(__file__).resolve().parents[3] / "configs" / "demo" / "frames"
CHANGED, LIGHT = 0.35, 1.4


def frame(time: str) -> np.ndarray:
    return read_image(FRAMES / f"2026-03-14T{time}-00.jpg")


def swung(image: np.ndarray, share: float) -> np.ndarray:
    """A door that stands open over so much of the picture: a leaf with another picture in it, as glass reflects."""
    open_ = image.copy()
    width = round(image.shape[1] * share)
    leaf = cv2.GaussianBlur(cv2.flip(image, 1), (0, 0), 25)[:, :width]
    open_[:, :width] = cv2.addWeighted(leaf, 0.5, np.full_like(leaf, 190), 0.5, 0)
    return open_


def watch(images: list[np.ndarray]) -> list[bool]:
    look, said = DoorLook(), []
    for image in images:
        look = look_at_door(look, thumbnail(image), changed=CHANGED, light=LIGHT)
        said.append(look.open)
    return said


def test_an_open_door_is_what_looks_otherwise_over_most_of_the_picture() -> None:
    closed = frame("08-00")
    story = (
        [closed] * 5 + [swung(closed, 0.3), swung(closed, 0.7), swung(closed, 0.8), swung(closed, 0.6)] + [closed] * 2
    )
    assert watch(story) == [False] * 6 + [True] * 3 + [False] * 2


def test_sales_and_daylight_open_no_door() -> None:
    day = [frame(time) for time in ("08-00", "09-00", "11-00", "12-00", "13-00", "15-00", "16-00", "19-00", "21-00")]
    assert not any(watch([image for image in day for _ in range(10)]))


def test_a_light_that_turns_with_the_door_tells_it() -> None:
    closed = frame("08-00")
    lit = cv2.convertScaleAbs(closed, alpha=1.7)
    assert watch([closed, closed, lit, lit, closed]) == [False, False, True, True, False]


def test_what_looked_open_for_hours_is_how_the_fixture_looks_now() -> None:
    closed, moved = frame("08-00"), swung(frame("08-00"), 0.9)
    look = DoorLook()
    for image in (closed, closed, moved):
        look = look_at_door(look, thumbnail(image), changed=CHANGED, light=LIGHT)
    assert look.open
    look = forget_usual(look)
    for _ in range(2):
        look = look_at_door(look, thumbnail(moved), changed=CHANGED, light=LIGHT)
    assert not look.open


def test_another_size_begins_anew() -> None:
    look = look_at_door(DoorLook(), thumbnail(frame("08-00")), changed=CHANGED, light=LIGHT)
    wide = np.full((100, 400, 3), 90, np.uint8)
    assert not look_at_door(look, thumbnail(wide), changed=CHANGED, light=LIGHT).open


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_best_frame_is_sharp_and_has_the_door_closed(order: tuple[int, int, int]) -> None:
    usual = thumbnail(frame("11-00"))
    shown = [frame("11-20"), swung(frame("11-20"), 0.6), cv2.GaussianBlur(frame("11-20"), (0, 0), 4)]
    assert order[best_after([shown[k] for k in order], usual)] == 0


def test_without_a_usual_picture_the_sharpest_is_the_best() -> None:
    sharp = frame("11-20")
    assert best_after([cv2.GaussianBlur(sharp, (0, 0), 3), sharp], None) == 1
