"""Pictures for enrolment: as given, and as a shelf camera sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.contract.errors import ImageError
from edge.recognise.enrolment import SHELF_HEIGHTS, large_enough, with_shelf_views


def test_a_sharp_picture_is_also_seen_at_the_resolution_of_a_shelf() -> None:
    picture = np.random.default_rng(3).integers(0, 255, (640, 320, 3), np.uint8)
    given, small = with_shelf_views([picture])
    assert given is picture
    assert small.shape[0] == SHELF_HEIGHTS[0]
    assert small.shape[1] / small.shape[0] == 0.5
    assert float(small.std()) < float(picture.std())


def test_a_crop_from_a_shelf_is_taken_as_it_is() -> None:
    crop = np.zeros((80, 40, 3), np.uint8)
    assert [seen is crop for seen in with_shelf_views([crop])] == [True]


def test_a_picture_as_narrow_as_a_line_keeps_a_pixel() -> None:
    assert with_shelf_views([np.zeros((4000, 1, 3), np.uint8)])[1].shape[1] == 1


def test_a_picture_on_which_nothing_can_be_told_is_refused() -> None:
    with pytest.raises(ImageError, match=r"dot\.png: 1 x 40 pixels"):
        large_enough(Path("dot.png"), np.zeros((40, 1, 3), np.uint8))
