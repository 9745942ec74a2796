"""Frames from before an opening: which of them is the capture before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from edge.capture.frame import Frame
from edge.device.door_frames import KEPT, UNTOUCHED, FramesBefore
from edge.device.look import Taken

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def taken(second: float, *, blurred: float = 0.0) -> Taken:
    image = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
    if blurred:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), blurred), np.uint8)
    return Taken(Frame(image, "cam", None), NOON + timedelta(seconds=second))


def kept(*frames: tuple[float, float]) -> FramesBefore:
    """Frames by their second and blur."""
    ahead = FramesBefore(1.0)
    for second, blurred in frames:
        ahead.keep({"cam": taken(second, blurred=blurred)}, moment=second)
    return ahead


def second_of(found: dict[str, Taken]) -> float | None:
    return (found["cam"].at - NOON).total_seconds() if found else None


def test_the_sharpest_frame_from_before_the_handle_was_touched_is_taken() -> None:
    ahead = kept((1, 3.0), (2, 0.0), (3, 3.0))
    assert second_of(ahead.take_best(opened=3 + UNTOUCHED, usual={}, newer_than=None)) == 2


def test_a_frame_of_the_opening_itself_is_none_from_before() -> None:
    ahead = kept((1, 3.0), (5, 0.0))
    assert second_of(ahead.take_best(opened=5 + UNTOUCHED / 2, usual={}, newer_than=None)) == 1
    assert kept((5, 0.0)).take_best(opened=5, usual={}, newer_than=None) == {}


def test_the_last_capture_is_the_one_before_when_it_is_as_new() -> None:
    last = NOON + timedelta(seconds=4)
    assert kept((2, 0.0), (4.5, 0.0)).take_best(opened=9, usual={}, newer_than=last) == {}
    assert second_of(kept((2, 0.0), (6, 3.0)).take_best(opened=9, usual={}, newer_than=last)) == 6


def test_few_frames_are_kept_and_none_twice() -> None:
    ahead = kept(*((second, 0.0 if second == 0 else 3.0) for second in range(KEPT + 2)))
    assert second_of(ahead.take_best(opened=99, usual={}, newer_than=None)) != 0  # sharp, and let go
    assert ahead.take_best(opened=99, usual={}, newer_than=None) == {}


def test_each_view_has_its_own_best() -> None:
    ahead = FramesBefore(1.0)
    ahead.keep({"left": taken(1), "right": taken(1, blurred=3.0)}, moment=1)
    ahead.keep({"left": taken(2, blurred=3.0), "right": taken(2)}, moment=2)
    found = ahead.take_best(opened=9, usual={}, newer_than=None)
    assert {name: (one.at - NOON).total_seconds() for name, one in found.items()} == {"left": 1, "right": 2}


def test_frames_close_together_reach_back_to_before_the_handle_was_touched() -> None:
    ahead = FramesBefore(0.5)
    for number in range(20):
        ahead.keep({"cam": taken(number / 2)}, moment=number / 2)
    assert ahead.take_best(opened=9.9, usual={}, newer_than=None)
