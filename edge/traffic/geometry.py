"""Points, lines and polygons in pixels of the frame, y downwards: pure functions on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

Reference = Literal["feet", "centre", "head"]
"""Which point of a person's box stands for the person: the bottom centre, the centre or the top centre."""


def reference_points(boxes: Floats, reference: Reference) -> Floats:
    """(n, 4) boxes x1, y1, x2, y2 -> (n, 2) points."""
    share = {"head": 0.0, "centre": 0.5, "feet": 1.0}[reference]
    x = (boxes[:, 0] + boxes[:, 2]) / 2
    return np.stack([x, boxes[:, 1] + share * (boxes[:, 3] - boxes[:, 1])], axis=1)


def beside(points: Floats, starts: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """Where points lie against lines.

    Args:
        points: (n, 2).
        starts: (m, 2) where each line segment starts.
        ends: (m, 2) where it ends, elsewhere than it starts.

    Returns:
        (n, m) signed distances from the endless line in pixels, positive on the right-hand side of somebody who looks
        from start to end; and (n, m) places along the segment, 0 at its start and 1 at its end.
    """
    along = ends - starts
    length = np.hypot(along[:, 0], along[:, 1])
    to_point = points[:, None, :] - starts[None]
    distance = (along[:, 0] * to_point[..., 1] - along[:, 1] * to_point[..., 0]) / length
    place = (to_point * along).sum(axis=2) / length**2
    return distance, place


def inside(points: Floats, corners: Floats) -> Flags:
    """Which points lie in a polygon, by the parity of edges to the right of each (even-odd rule).

    Args:
        points: (n, 2).
        corners: (k, 2) in order, at least three; the last is joined with the first.

    Returns:
        (n,) True inside. A point on an edge belongs to one of two polygons that share the edge, never to both.
    """
    following = np.roll(corners, -1, axis=0)
    y = points[:, 1, None]
    spans = (corners[:, 1] <= y) != (following[:, 1] <= y)
    rise = np.where(following[:, 1] == corners[:, 1], 1.0, following[:, 1] - corners[:, 1])
    edge_x = corners[:, 0] + (y - corners[:, 1]) / rise * (following[:, 0] - corners[:, 0])
    flags: Flags = (spans & (points[:, 0, None] < edge_x)).sum(axis=1) % 2 == 1
    return flags
