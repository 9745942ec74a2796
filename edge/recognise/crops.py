"""Cutting facings out of a picture the way the SKU embedder wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CropShape:
    """What one crop looks like to the embedder.

    A facing is stretched to one fixed size, so a photograph that was squashed to a square and one that was not give the
    same crop; the margin shows the embedder a little of what stands around the facing.
    """

    width: int = 96
    height: int = 128
    margin: float = 0.06  # of the box's width and height, added on each side


def cut_facings(image: NDArray[np.uint8], boxes: NDArray[np.float32], shape: CropShape) -> NDArray[np.uint8]:
    """Cut every box, with its margin, out of one picture.

    Args:
        image: (H, W, 3) uint8 BGR.
        boxes: (n, 4) x1, y1, x2, y2 in pixels; may reach over the picture's border.
        shape: size and margin of the crops.

    Returns:
        (n, height, width, 3) uint8 BGR. What lies outside the picture repeats its border.

    Raises:
        ImageError: a box that is not finite, has no area, or does not touch the picture.
    """
    tall, wide = image.shape[:2]
    crops = np.empty((len(boxes), shape.height, shape.width, 3), np.uint8)
    for index, (x1, y1, x2, y2) in enumerate(np.asarray(boxes, np.float64).reshape(-1, 4)):
        if not (np.isfinite((x1, y1, x2, y2)).all() and x2 > x1 and y2 > y1):
            raise ImageError(
                f"box {index} is ({x1}, {y1}, {x2}, {y2}): not a box", "give x1 < x2 and y1 < y2 in pixels"
            )
        if x2 <= 0 or y2 <= 0 or x1 >= wide or y1 >= tall:
            raise ImageError(f"box {index} lies outside the picture of {wide}x{tall}", "give boxes in pixels of it")
        dx, dy = (x2 - x1) * shape.margin, (y2 - y1) * shape.margin
        left, right = int(np.floor(max(x1 - dx, -wide))), int(np.ceil(min(x2 + dx, 2 * wide)))
        top, bottom = int(np.floor(max(y1 - dy, -tall))), int(np.ceil(min(y2 + dy, 2 * tall)))
        inside = image[max(top, 0) : min(bottom, tall), max(left, 0) : min(right, wide)]
        over = (max(-top, 0), max(bottom - tall, 0), max(-left, 0), max(right - wide, 0))
        if any(over):
            inside = cv2.copyMakeBorder(inside, *over, cv2.BORDER_REPLICATE)
        crops[index] = stretch(inside, width=shape.width, height=shape.height)
    return crops


def stretch(crop: NDArray[np.uint8], *, width: int, height: int) -> NDArray[np.uint8]:
    """Resize to exactly width x height; area averaging when the crop shrinks, so that fine print does not alias."""
    shrinks = crop.shape[0] > height or crop.shape[1] > width
    resized: NDArray[np.uint8] = cv2.resize(
        crop, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )
    return resized
