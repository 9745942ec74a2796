"""The field that bends shelf boards in the frame: tilt, perspective, a wide lens.

Boards are straight, parallel lines in the shop. In the frame their slope and their curve change slowly from board to
board, so a board is `y + a u + b u^2 + c u v + d u^2 v = const` with one `a..d` for the whole frame (u, v: place in the
frame). `a` is the roll of the camera, `c` the perspective of a camera aside, `b` and `d` a camera above or below and a
wide lens. The field is fitted to what neighbours on one board have in common, and one board's boxes are found the
better for it, in turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.intervals import components, meeting_pairs

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]
    Flags = npt.NDArray[np.bool_]

REACH = 1.2
"""Neighbours are at most this many widths apart; a longer hole is left to the joining of rows."""

OVERLAP = 0.5
"""Neighbours share at most this much of the narrower one's width: more, and one stands before the other."""

STEEPEST = 0.36
"""The steepest board looked for, as a slope: 20 degrees."""

LINK_TOLERANCES = (0.3, 0.22, 0.18, 0.18)
"""How far neighbours' bottoms may differ, in heights of the lower one, in each turn: the field is rough at first."""

BOTTOM_NOISE = 0.04
"""How well a box's bottom is known, in heights: detector jitter and units set back a little."""

FIELD_PRIOR = np.array([0.25, 0.05, 0.25, 0.05])
"""How strong each term of the field is likely, as a displacement over half the frame. A chain of a few units tells
little of a curve, which would throw off the other end of its shelf; a full fixture outweighs this a hundredfold."""


@dataclass(frozen=True, slots=True)
class Levelled:
    """Boxes with the bend of the boards taken out."""

    bottom: Floats  # (n,) pixels: one height per board
    group: Indices  # (n,) label: chains of neighbours on one board


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Pairs of boxes side by side, left and right."""

    left: Indices
    right: Indices
    run: Floats  # pixels from centre to centre
    rise: Floats  # pixels from bottom to bottom
    height: Floats  # of the lower of the two units
    hole: Floats  # between their sides, in widths

    def take(self, keep: Flags) -> _Neighbours:
        return _Neighbours(
            self.left[keep], self.right[keep], self.run[keep], self.rise[keep], self.height[keep], self.hole[keep]
        )


def level_boxes(boxes: Floats) -> Levelled:
    """Take tilt, perspective and curve out of the bottoms of boxes.

    Args:
        boxes: (n, 4) `x1, y1, x2, y2` in pixels, n at least 1.
    """
    pairs = _neighbours(boxes)
    basis = _basis(boxes)
    slope = _start_slope(pairs)
    bottom = boxes[:, 3] - slope * (boxes[:, 0] + boxes[:, 2]) / 2
    group = np.arange(len(boxes))
    for tolerance in LINK_TOLERANCES:
        chained = _mutual_links(pairs, bottom, tolerance)
        group = components(len(boxes), chained.left, chained.right)
        bottom = boxes[:, 3] + basis @ _fit(boxes, basis, group, slope)
    return Levelled(bottom, group)


def _neighbours(boxes: Floats) -> _Neighbours:
    x1, _, x2, y2 = boxes.T
    width, height = x2 - x1, boxes[:, 3] - boxes[:, 1]
    first, second = meeting_pairs(x1, x2 + REACH * width)
    # A wide unit's reach must not pass over the narrow ones beside it, so the smaller width counts.
    narrow = np.minimum(width[first], width[second])
    hole = (x1[second] - x2[first]) / narrow
    run = (x1[second] + x2[second] - x1[first] - x2[first]) / 2
    rise = y2[second] - y2[first]
    low = np.minimum(height[first], height[second])
    beside = (hole > -OVERLAP) & (hole < REACH) & (run > 0)
    near = np.abs(rise) <= STEEPEST * run + LINK_TOLERANCES[0] * low
    return _Neighbours(first, second, run, rise, low, hole).take(beside & near)


def _start_slope(pairs: _Neighbours) -> float:
    """The slope that most neighbours agree on, a level one before an equally good steep one."""
    if not len(pairs.run):
        return 0.0
    slopes = np.linspace(-STEEPEST, STEEPEST, 49)
    off = (pairs.rise - slopes[:, None] * pairs.run) / pairs.height
    agreed = np.exp(-0.5 * (off / (2 * BOTTOM_NOISE)) ** 2).sum(axis=1)
    return float(slopes[np.argmax(agreed * (1 - 0.5 * np.abs(slopes)))])


def _basis(boxes: Floats) -> Floats:
    """(n, 4) how each term of the field moves a bottom, in pixels for a coefficient of 1."""
    x = (boxes[:, 0] + boxes[:, 2]) / 2
    y = boxes[:, 3]
    scale = max(float(np.ptp(boxes[:, [0, 2]])), float(np.ptp(boxes[:, [1, 3]]))) / 2
    u = (x - (boxes[:, 0].min() + boxes[:, 2].max()) / 2) / scale
    v = (y - (boxes[:, 1].min() + boxes[:, 3].max()) / 2) / scale
    return scale * np.stack([u, u**2, u * v, u**2 * v], axis=1)


def _mutual_links(pairs: _Neighbours, bottom: Floats, tolerance: float) -> _Neighbours:
    """The neighbours that are each other's best, so that a unit is in one chain only."""
    off = np.abs(bottom[pairs.right] - bottom[pairs.left]) / pairs.height
    near = pairs.take(off <= tolerance)
    cost = np.abs(near.hole) + 3 * off[off <= tolerance]
    best_right = _least(near.left, cost, len(bottom))
    best_left = _least(near.right, cost, len(bottom))
    index = np.arange(len(cost))
    return near.take((best_right[near.left] == index) & (best_left[near.right] == index))


def _least(owner: Indices, cost: Floats, count: int) -> Indices:
    """(count,) for each owner the index of its cheapest entry, -1 without one."""
    best = np.full(count, -1, dtype=np.intp)
    dearest_first = np.argsort(-cost, kind="stable")
    best[owner[dearest_first]] = dearest_first
    return best


def _fit(boxes: Floats, basis: Floats, group: Indices, slope: float) -> Floats:
    """Coefficients (4,) under which the boxes of each group have one bottom: robust least squares with a prior."""
    chained = np.bincount(group, minlength=len(group))[group] > 1
    prior_mean = np.array([-slope, 0.0, 0.0, 0.0])
    prior_weight = FIELD_PRIOR**-2
    if not chained.any():
        return prior_mean
    _, label = np.unique(group[chained], return_inverse=True)
    a, y = basis[chained], boxes[chained, 3]
    sigma = BOTTOM_NOISE * (boxes[chained, 3] - boxes[chained, 1])
    weight = sigma**-2
    coefficients = prior_mean
    for _ in range(4):
        a_mid = a - _group_means(a, label, weight)
        y_mid = y - _group_means(y[:, None], label, weight)[:, 0]
        normal = (a_mid * weight[:, None]).T @ a_mid + np.diag(prior_weight)
        target = -(a_mid * weight[:, None]).T @ y_mid + prior_weight * prior_mean
        coefficients = np.linalg.solve(normal, target)
        off = np.abs(y_mid + a_mid @ coefficients) / sigma
        weight = sigma**-2 * np.minimum(1.0, 1.5 / np.maximum(off, 1e-9))
    return coefficients


def _group_means(values: Floats, label: Indices, weight: Floats) -> Floats:
    """(m, k) the weighted mean of each row's group."""
    total = np.bincount(label, weight)
    means = [np.bincount(label, weight * column) / total for column in values.T]
    return np.stack([mean[label] for mean in means], axis=1)
