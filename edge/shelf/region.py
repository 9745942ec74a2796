"""The part of the frame that is the fixture: what stands outside is another shop fitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]


def inside_region(boxes: Floats, corners: Floats) -> Flags:
    """Which boxes have their middle inside a polygon.

    Args:
        boxes: (n, 4) `x1, y1, x2, y2`.
        corners: (k, 2) of the polygon in the same unit, in order either way round, k at least 3.

    Returns:
        (n,) flags, by the even-odd rule.

    Raises:
        ValueError: fewer than three corners.
    """
    corners = np.asarray(corners, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:  # noqa: PLR2004 - x and y; a triangle
        raise ValueError(f"a region has at least 3 corners of x and y, not the shape {corners.shape}")
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    start, end = corners, np.roll(corners, -1, axis=0)
    spans = (start[:, 1] > y[:, None]) != (end[:, 1] > y[:, None])  # (n, k)
    rise = end[:, 1] - start[:, 1]
    share = (y[:, None] - start[:, 1]) / np.where(rise == 0, 1.0, rise)
    crossing = start[:, 0] + share * (end[:, 0] - start[:, 0])
    return np.asarray((spans & (x[:, None] < crossing)).sum(axis=1) % 2 == 1)
