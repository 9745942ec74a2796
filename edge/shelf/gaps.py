"""Empty places between and beside facings, and on empty shelves.

What is usual is taken from the shelf itself: the width of its units and the slack between them. A place is empty where
the slack stands out by most of a unit. How far a shelf reaches is taken from the other shelves of the fixture, whose
ends lie on one upright line.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.boards import boards
from edge.shelf.ends import find_ends
from edge.shelf.facing import Gap
from edge.shelf.hidden import ShelfLine, shelf_lines
from edge.shelf.region import inside_region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Box, Facing

    Floats = npt.NDArray[np.float64]

EMPTY = 0.65
"""A place is empty when this much of a unit's width is free beyond the usual slack."""

EMPTY_AT_END = 0.9
"""The same at the ends of a shelf, whose place is only known from the other shelves."""

SLACK_AT_MOST = 0.5
"""Up to this, in widths, a hole between two units is slack; more may be an empty place, and tells nothing of slack."""

TAKEN = 0.3
"""A place of which units cover more than this is not empty: one of them is counted to a wrong shelf, or reaches up."""

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


def find_gaps(
    facings: Iterable[Facing],
    *,
    hidden: Sequence[Box] = (),
    region: Floats | None = None,
    empty: Mapping[int, ShelfLine] | None = None,
    fits: Mapping[int, int] | None = None,
    frame: tuple[float, float] | None = None,
) -> list[Gap]:
    """Find empty places, one for each unit that would fit, by shelf and from the left.

    Args:
        facings: front-row units with their shelves.
        hidden: boxes that the camera could not see into; there nothing is known to be empty.
        region: (k, 2) corners of what the fixture is in the frame, in pixels; tells how far shelves reach, and what
            lies outside is no gap. None where nobody said.
        empty: the lines of shelves on which nothing stands, by number (`edge.shelf.empty_shelves`).
        fits: how many units belong on such a shelf, where a plan says it; else as many as fit.
        frame: its width and height in pixels: what lies mostly outside cannot be told.

    Returns:
        Gaps without SKU: what is expected there tells the alignment with a plan (`Alignment.gaps`).
    """
    facings = list(facings)
    rows = _rows(boards(facings, frame))
    if not rows:
        return []
    # What stands alone on its shelf tells nothing of where shelves end.
    together = [row.boxes for row in rows if len(row.boxes) > 1]
    if not together and region is None:
        return []
    ends = find_ends(together or [row.boxes for row in rows], region, frame)
    standing = np.array([facing.box for facing in facings])
    lines = shelf_lines(facings)
    gaps: list[Gap] = []
    for row in rows:
        line = lines[row.shelf]
        left, right = ends.at(float(np.median(row.boxes[:, [1, 3]])))
        first, last = row.boxes[0], row.boxes[-1]
        boxes = _fill(row, (left, first[0]), (first[3] + line.slope * (left - first[0]), first[3]), EMPTY_AT_END)
        for a, b in pairwise(row.boxes):
            boxes += _fill(row, (a[2], b[0]), (a[3], b[3]), EMPTY)
        boxes += _fill(row, (last[2], right), (last[3], last[3] + line.slope * (right - last[2])), EMPTY_AT_END)
        gaps += [Gap(box, row.shelf) for box in boxes]
    for shelf, line in (empty or {}).items():
        middle = line.bottom_at(float(np.median(standing[:, [0, 2]]))) - line.height / 2
        gaps += [Gap(box, shelf) for box in _whole_shelf(line, ends.at(middle), (fits or {}).get(shelf))]
    unseen = [*hidden, *_outside(frame)]
    found = [gap for gap in gaps if _seen(gap.box, unseen) and not _taken(gap.box, standing)]
    if region is not None and found:
        inside = inside_region(np.array([gap.box for gap in found]), region)
        found = [gap for gap, is_inside in zip(found, inside, strict=True) if is_inside]
    return sorted(found, key=lambda gap: (gap.shelf, gap.box[0]))


def _whole_shelf(line: ShelfLine, ends: tuple[float, float], fits: int | None) -> list[Box]:
    """Boxes for the units of a shelf on which nothing stands."""
    left, right = ends
    count = fits or int((right - left) / line.width)
    boxes: list[Box] = []
    for place in range(count):
        middle = left + (right - left) * (place + 0.5) / count
        half = min(line.width, (right - left) / count) / 2
        bottom = line.bottom_at(middle)
        boxes.append((middle - half, bottom - line.height, middle + half, bottom))
    return boxes


def _outside(frame: tuple[float, float] | None) -> list[Box]:
    """What surrounds the frame, as boxes that the camera could not see into."""
    if frame is None:
        return []
    far, (width, height) = 1e6, frame
    return [(-far, -far, 0, far), (width, -far, far, far), (0, -far, width, 0), (0, height, width, far)]


def _rows(boxes_of: Mapping[int, Floats]) -> list[_Row]:
    standing = list(boxes_of.items())
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


def _taken(box: Box, standing: Floats) -> bool:
    """Whether units stand before this place, whichever shelf they were counted to."""
    low, high = np.maximum(standing[:, :2], box[:2]), np.minimum(standing[:, 2:], box[2:])
    covered = float(np.prod(np.maximum(high - low, 0.0), axis=1).sum())
    return covered > TAKEN * (box[2] - box[0]) * (box[3] - box[1])


def _seen(box: Box, hidden: Sequence[Box]) -> bool:
    covered = sum(
        max(0.0, min(box[2], h[2]) - max(box[0], h[0])) * max(0.0, min(box[3], h[3]) - max(box[1], h[1]))
        for h in hidden
    )
    return covered <= (1 - SEEN_AT_LEAST) * (box[2] - box[0]) * (box[3] - box[1])
