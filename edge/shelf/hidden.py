"""Stretches of shelf that the camera could not see into, as places that may hold anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edge.shelf.facing import Box, Facing

HIDES = 0.5
"""A box hides a unit when it covers this much of the unit's height."""

PARTLY = 0.3
"""A free stretch of this many widths may hold a unit: the rest of it is behind what hides it."""

PITCH = 1.4
"""From one board to the next, in heights of a unit, where no second board tells."""


@dataclass(frozen=True, slots=True)
class ShelfLine:
    """The board of a shelf in the frame, and the usual size of a unit on it, in pixels."""

    slope: float
    bottom: float  # at x = 0
    height: float
    width: float

    def bottom_at(self, x: float) -> float:
        """Where units end at `x`."""
        return self.bottom + self.slope * x


def shelf_lines(facings: Iterable[Facing]) -> dict[int, ShelfLine]:
    """The board under each shelf that holds facings."""
    boxes_of: dict[int, list[Box]] = {}
    for facing in facings:
        boxes_of.setdefault(facing.shelf, []).append(facing.box)
    return {shelf: _line(np.array(boxes)) for shelf, boxes in boxes_of.items()}


def line_of_unseen(lines: Mapping[int, ShelfLine], shelf: int) -> ShelfLine | None:
    """Where an unseen shelf must lie, from the seen ones by their planned numbers; None when none was seen."""
    if not lines:
        return None
    below = max((s for s in lines if s < shelf), default=None)
    above = min((s for s in lines if s > shelf), default=None)
    if below is not None and above is not None:
        share = (shelf - below) / (above - below)
        a, b = lines[below], lines[above]
        return ShelfLine(*(p + share * (q - p) for p, q in zip(_values(a), _values(b), strict=True)))
    nearest = min(lines, key=lambda seen: abs(seen - shelf))
    line = lines[nearest]
    pitch = _pitch(lines) or PITCH * line.height
    return ShelfLine(line.slope, line.bottom - pitch * (shelf - nearest), line.height, line.width)


def hidden_places(line: ShelfLine, standing: Sequence[Box], hidden: Sequence[Box]) -> list[float]:
    """Where, on one shelf, units may stand that the camera could not see.

    Args:
        line: the shelf.
        standing: boxes of the facings seen on it; what they take is not hidden.
        hidden: boxes that the camera could not see into.

    Returns:
        The middle (x) of each place, at most as many as units fit, from the left.
    """
    blocks = [(box[0], box[2]) for box in hidden if _hides(box, line)]
    taken = sorted((box[0], box[2]) for box in standing)
    places: list[float] = []
    for start, end in _union(blocks):
        for left, right in _free(start, end, taken):
            count = int((right - left) / line.width + 1 - PARTLY)
            places += [left + (right - left) * (k + 0.5) / count for k in range(count)]
    return places


def _line(boxes: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> ShelfLine:
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    height = float(np.median(boxes[:, 3] - boxes[:, 1]))
    width = float(np.median(boxes[:, 2] - boxes[:, 0]))
    middle = x - x.mean()
    spread = float(middle @ middle)
    slope = float(middle @ y) / spread if spread > width**2 else 0.0
    return ShelfLine(slope, float(y.mean() - slope * x.mean()), height, width)


def _values(line: ShelfLine) -> tuple[float, float, float, float]:
    return line.slope, line.bottom, line.height, line.width


def _pitch(lines: Mapping[int, ShelfLine]) -> float | None:
    low, high = min(lines), max(lines)
    return (lines[low].bottom - lines[high].bottom) / (high - low) if high > low else None


def _hides(box: Box, line: ShelfLine) -> bool:
    bottom = line.bottom_at((box[0] + box[2]) / 2)
    return min(box[3], bottom) - max(box[1], bottom - line.height) >= HIDES * line.height


def _union(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _free(start: float, end: float, taken: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    free: list[tuple[float, float]] = []
    for left, right in taken:
        if right <= start or left >= end:
            continue
        if left > start:
            free.append((start, left))
        start = max(start, right)
    if end > start:
        free.append((start, end))
    return free
