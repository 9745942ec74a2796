from __future__ import annotations

import numpy as np
import pytest

from edge.shelf.region import inside_region

DOOR = np.array([[0.2, 0.1], [0.8, 0.2], [0.8, 0.9], [0.2, 0.8]])


@pytest.mark.parametrize("corners", [DOOR, DOOR[::-1]], ids=["clockwise", "the other way"])
def test_a_box_belongs_where_its_middle_is(corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    middles = np.array([[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.75, 0.15], [0.75, 0.87]])
    boxes = np.concatenate([middles - 0.05, middles + 0.05], axis=1)
    assert inside_region(boxes, corners).tolist() == [True, False, False, False, True]


def test_a_region_around_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 corners"):
        inside_region(np.zeros((0, 4)), np.array([[0.0, 0.0], [1.0, 1.0]]))


def test_no_boxes() -> None:
    assert inside_region(np.zeros((0, 4)), DOOR).tolist() == []
