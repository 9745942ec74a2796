"""What a SKU is enrolled from: pictures as they were given, and as a shelf camera would have seen them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

SHELF_HEIGHTS = (90, 120, 150)
"""Pixels a facing is high in the frame of a whole cooler; sharper pictures are also seen at one of these heights."""

SHELF_BLUR = 0.7
"""Standard deviation, in pixels, of the blur that a small camera's lens and its JPEG leave."""


SMALLEST_SIDE = 16
"""Pixels: on a smaller picture nobody could tell one product from another."""


def large_enough(path: Path, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, if a product can be told on it.

    Raises:
        ImageError: a side of fewer than SMALLEST_SIDE pixels.
    """
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise ImageError(
            f"{path}: {width} x {height} pixels", f"enrol from pictures of at least {SMALLEST_SIDE} pixels a side"
        )
    return picture


def with_shelf_views(pictures: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The pictures, and each that is much sharper than a facing on a shelf once more at the resolution of one.

    A pack shot shows fine print that no shelf camera sees; enrolled by it alone, products of one brand are confused.

    Args:
        pictures: (height, width, 3) BGR each, of one SKU.
    """
    seen: list[NDArray[np.uint8]] = []
    for index, picture in enumerate(pictures):
        seen.append(picture)
        height = SHELF_HEIGHTS[index % len(SHELF_HEIGHTS)]
        if picture.shape[0] <= height:
            continue
        scale = height / picture.shape[0]
        small = cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), height), interpolation=cv2.INTER_AREA)
        seen.append(np.asarray(cv2.GaussianBlur(small, (0, 0), SHELF_BLUR), np.uint8))
    return seen
