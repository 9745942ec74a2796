"""Empty places between and beside facings.

What is usual is taken from the shelf itself: the width of its units and the slack between them. A place is empty where
the slack stands out by most of a unit. How far a shelf reaches is taken from the other shelves of the fixture, whose
ends lie on one upright line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.facing import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Box, Facing

    Floats = npt.NDArray[np.float64]

EMPTY = 0.7
"""A place is empty when this much of a unit's width is free beyond the usual slack."""

EMPTY_AT_END = 0.9
"""The same at the ends of a shelf, whose place is only known from the other shelves."""

SLACK_AT_MOST = 0.5
"""Up to this, in widths, a hole between two units is slack; more may be an empty place, and tells nothing of slack."""

SIDE_SLOPE = 0.3
"""The sides of a fixture lean at most this much in the frame, as a slope: 17 degrees."""

SIDE_QUANTILE = 0.25
"""Where the side lies among the ends of the shelves: most shelves may end short of it, few may pass it."""

SEEN_AT_LEAST = 0.5
"""A place of which less than this can be seen is hidden, not empty."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The units of one shelf from the left."""

    shelf: int
    boxes: Floats  # (n, 4)
    width: float  # pixels, usual
    height: float
    slack: float  # pixels between two units, usual


def find_gaps(facings: Iterable[Facing], *, hidden: Sequence[Box] = ()) -> list[Gap]:
    """Find empty places, one for each unit that would fit, by shelf and from the left.

    Args:
        facings: front-row units with their shelves.
        hidden: boxes that the camera could not see into; there nothing is known to be empty.

    Returns:
        Gaps without SKU: what is expected there tells the alignment with a plan (`Alignment.gaps`).
    """
    rows = _rows(facings)
    ends = _ends(rows)
    gaps: list[Gap] = []
    for row in rows:
        left, right = ends[row.shelf]
        first, last = row.boxes[0], row.boxes[-1]
        boxes = _fill(row, (left, first[0]), (first[3], first[3]), EMPTY_AT_END)
        for a, b in pairwise(row.boxes):
            boxes += _fill(row, (a[2], b[0]), (a[3], b[3]), EMPTY)
        boxes += _fill(row, (last[2], right), (last[3], last[3]), EMPTY_AT_END)
        gaps += [Gap(box, row.shelf) for box in boxes if _seen(box, hidden)]
    return gaps


def _rows(facings: Iterable[Facing]) -> list[_Row]:
    boxes_of: dict[int, list[Box]] = {}
    for facing in facings:
        boxes_of.setdefault(facing.shelf, []).append(facing.box)
    standing = [
        (shelf, np.array(sorted(boxes, key=lambda box: box[0] + box[2]))) for shelf, boxes in sorted(boxes_of.items())
    ]
    widths = [float(np.median(boxes[:, 2] - boxes[:, 0])) for _, boxes in standing]
    slacks = [_slacks(boxes, width) for (_, boxes), width in zip(standing, widths, strict=True)]
    everywhere = np.concatenate(slacks) if slacks else np.zeros(0)
    rows = []
    for (shelf, boxes), width, here in zip(standing, widths, slacks, strict=True):
        # A shelf with a unit here and there has no slack to measure; the other shelves stand in for it.
        known = here if len(here) else everywhere
        slack = width * float(np.median(known)) if len(known) else 0.0
        rows.append(_Row(shelf, boxes, width, float(np.median(boxes[:, 3] - boxes[:, 1])), slack))
    return rows


def _slacks(boxes: Floats, width: float) -> Floats:
    """The slack between neighbours, in widths, without the holes."""
    slack = np.maximum(boxes[1:, 0] - boxes[:-1, 2], 0.0) / width
    return slack[slack <= SLACK_AT_MOST]


def _fill(row: _Row, span: tuple[float, float], bottoms: tuple[float, float], enough: float) -> list[Box]:
    """Boxes for the units that would fit in a span (x), whose ends have these bottoms (y)."""
    start, end = span
    free = end - start - 2 * row.slack
    if free < enough * row.width:
        return []
    count = max(1, int((free + row.slack) / (row.width + row.slack) + 1 - enough))
    step = (end - start) / count
    boxes: list[Box] = []
    for place in range(count):
        share = (place + 0.5) / count
        bottom = float(bottoms[0] + share * (bottoms[1] - bottoms[0]))
        middle = float(start + (place + 0.5) * step)
        half = min(row.width, step) / 2
        boxes.append((middle - half, bottom - row.height, middle + half, bottom))
    return boxes


def _ends(rows: Sequence[_Row]) -> dict[int, tuple[float, float]]:
    """Where each shelf ends left and right (x), by the upright lines at the ends of all shelves."""
    if not rows:
        return {}
    y = np.array([float(np.median(row.boxes[:, 3])) for row in rows])
    left = _side(y, np.array([row.boxes[:, 0].min() for row in rows]))
    # The right side mirrored is a left side.
    right = -_side(y, -np.array([row.boxes[:, 2].max() for row in rows]))
    return {row.shelf: (float(a), float(b)) for row, a, b in zip(rows, left, right, strict=True)}


def _side(y: Floats, x: Floats) -> Floats:
    """(n,) the fixture's left side at each y, by quantile regression, whose best line passes through two ends.

    Upright lines through one end are tried too, for fixtures of which no two shelves reach the side.
    """
    lines = [np.full_like(x, end) for end in x]
    for i, j in combinations(range(len(x)), 2):
        slope = (x[j] - x[i]) / (y[j] - y[i]) if y[i] != y[j] else np.inf
        if abs(slope) <= SIDE_SLOPE:
            lines.append(x[i] + slope * (y - y[i]))
    inside = x - np.array(lines)
    loss = np.where(inside > 0, SIDE_QUANTILE * inside, (SIDE_QUANTILE - 1) * inside).sum(axis=1)
    return np.asarray(lines[int(np.argmin(loss))])


def _seen(box: Box, hidden: Sequence[Box]) -> bool:
    covered = sum(
        max(0.0, min(box[2], h[2]) - max(box[0], h[0])) * max(0.0, min(box[3], h[3]) - max(box[1], h[1]))
        for h in hidden
    )
    return covered <= (1 - SEEN_AT_LEAST) * (box[2] - box[0]) * (box[3] - box[1])
