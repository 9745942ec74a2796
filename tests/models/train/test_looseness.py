"""How loosely a truth is drawn, measured against the detector's boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.recognise.datasets import LabelledPhoto
from edge.recognise.detector import Detections
from models.train.looseness import moved, offsets


def photo(boxes: list[list[float]], crowd: list[bool] | None = None) -> LabelledPhoto:
    marks = np.array(crowd or [False] * len(boxes))
    return LabelledPhoto(Path("a.jpg"), np.array(boxes, np.float32), (None,) * len(boxes), marks)


def found(boxes: list[list[float]]) -> Detections:
    return Detections(np.array(boxes, np.float32), np.full(len(boxes), 0.9, np.float32))


def test_a_truth_drawn_wider_is_told_in_shares_of_what_was_found() -> None:
    shares = offsets(photo([[8, 0, 32, 40]]), found([[10, 0, 30, 40]]))
    assert shares == pytest.approx(np.array([[-0.1, 0, 0.1, 0]]))


def test_places_where_nobody_can_tell_say_nothing_of_the_style() -> None:
    shares = offsets(photo([[8, 0, 32, 40], [60, 0, 90, 40]], [False, True]), found([[10, 0, 30, 40], [60, 0, 80, 40]]))
    assert len(shares) == 1


def test_boxes_moved_by_the_style_lie_on_the_truth() -> None:
    truth, drawn = photo([[8, 0, 32, 40], [58, 0, 82, 40]]), found([[10, 0, 30, 40], [60, 0, 80, 40]])
    told = moved(drawn, np.median(offsets(truth, drawn), 0))
    assert told.boxes == pytest.approx(truth.boxes, abs=1e-4)
