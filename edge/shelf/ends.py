"""How far shelves reach to the left and right: their ends lie on upright lines, since a fixture has sides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Box

    Floats = npt.NDArray[np.float64]

SIDE_SLOPE = 0.3
"""The sides of a fixture lean at most this much in the frame, as a slope: 17 degrees."""

SIDE_QUANTILE = 0.25
"""Where the side lies among the ends of the shelves: most shelves may end short of it, few may pass it."""

AT_THE_EDGE = 0.01
"""A side of the region this close to the frame's edge, in its widths, is where the picture ends."""

REACHED = 1.5
"""A side of the configured region is the shelves' side where units of some shelf come this close, in their widths: else
the region was drawn wider than the shelves."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The upright lines at the ends of the shelves."""

    left: _Line
    right: _Line
    region: Floats | None = None  # (k, 2) pixels
    region_left: bool = False  # whether the region's side is believed
    region_right: bool = False

    def at(self, y: float) -> tuple[float, float]:
        """Where a shelf ends left and right (x) whose units' middles are at height `y`, in pixels."""
        left, right = self.left.at(y), self.right.at(y)
        across = None if self.region is None else _across(self.region, y)
        if across is None:
            return left, right
        return (across[0] if self.region_left else left), (across[1] if self.region_right else right)


def find_ends(rows: Sequence[Floats], region: Floats | None = None, frame: tuple[float, float] | None = None) -> Ends:
    """Find the sides from the ends of the shelves, or from the region of interest where some shelf reaches its side.

    Args:
        rows: boxes (n, 4) of the units of each shelf, at least one shelf, n at least 1.
        region: (k, 2) corners in the same pixels; None without one.
        frame: its width and height in pixels: a region that ends with the frame says nothing of where shelves end.
    """
    far = np.inf if frame is None else frame[0] * (1 - AT_THE_EDGE)
    first = -np.inf if frame is None else frame[0] * AT_THE_EDGE
    y = np.array([float(np.median(boxes[:, [1, 3]])) for boxes in rows])
    left, right = np.array([b[:, 0].min() for b in rows]), np.array([b[:, 2].max() for b in rows])
    # The right side mirrored is a left side.
    mirrored = _side(y, -right)
    near_left = near_right = False
    if region is not None:
        for boxes, middle, a, b in zip(rows, y, left, right, strict=True):
            across = _across(region, float(middle))
            reach = REACHED * float(np.median(boxes[:, 2] - boxes[:, 0]))
            near_left |= across is not None and across[0] > first and a - across[0] <= reach
            near_right |= across is not None and across[1] < far and across[1] - b <= reach
    return Ends(_side(y, left), _Line(-mirrored.slope, -mirrored.x), region, near_left, near_right)


def rectangle(box: Box) -> Floats:
    """(4, 2) the corners of a box."""
    return np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]])


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float  # x for y
    x: float  # at y = 0

    def at(self, y: float) -> float:
        return self.x + self.slope * y


def _side(y: Floats, x: Floats) -> _Line:
    """The fixture's left side by quantile regression, whose best line passes through two ends.

    Upright lines through one end are tried too, for fixtures of which no two shelves reach the side.
    """
    lines = [_Line(0.0, float(end)) for end in x]
    for i, j in combinations(range(len(x)), 2):
        slope = float((x[j] - x[i]) / (y[j] - y[i])) if y[i] != y[j] else np.inf
        if abs(slope) <= SIDE_SLOPE:
            lines.append(_Line(slope, float(x[i] - slope * y[i])))
    inside = x - np.array([line.x + line.slope * y for line in lines])
    loss = np.where(inside > 0, SIDE_QUANTILE * inside, (SIDE_QUANTILE - 1) * inside).sum(axis=1)
    return lines[int(np.argmin(loss))]


def _across(region: Floats, y: float) -> tuple[float, float] | None:
    """Where a level line at `y` enters and leaves a polygon; None where it does not meet it."""
    start, end = region, np.roll(region, -1, axis=0)
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    if not crosses.any():
        return None
    a, b = start[crosses], end[crosses]
    x = a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])
    return float(x.min()), float(x.max())
