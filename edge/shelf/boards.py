"""Which of the shelves found from boxes are boards on which something could stand beside what is seen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.hidden import shelf_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Facing
    from edge.shelf.hidden import ShelfLine

    Floats = npt.NDArray[np.float64]

TOO_CLOSE = 0.6
"""Two boards lie more than this apart, in heights of the units on the lower one, which stand between them."""

FEW = 2
LOW = 0.75
"""So few units, this low beside those of the other shelves, are caps and tops of what stands behind, not a board."""

RESTS = 0.1
"""A unit whose bottom is this close above another one's top, in heights of the lower of the two, may stand on it: on
photographs 98 % of the units on a board keep more, which the board's edge and its price rail fill."""

RESTING_SHARE = 0.6
"""Where more than this of a shelf's units may stand on others, it may be a stack: nothing is known to be missing."""

CUT = 0.01
"""Units that end this close to the frame's lower edge, in its heights, are cut off: their board is not seen."""


def boards(facings: Sequence[Facing], frame: tuple[float, float] | None = None) -> dict[int, Floats]:
    """The shelves that are boards, with the boxes on each, from the left.

    A few units set back, or stacked, may have been counted as a shelf between two boards: nothing is known to be empty
    beside them.

    Args:
        facings: front-row units with their shelves.
        frame: its width and height in pixels; None where nothing is cut off.

    Returns:
        (n, 4) boxes by shelf, n at least 1.
    """
    lines = shelf_lines(facings)
    boxes = {
        shelf: np.array(sorted((f.box for f in facings if f.shelf == shelf), key=lambda box: box[0] + box[2]))
        for shelf in sorted(lines)
    }
    if frame is not None:
        lowest = frame[1] * (1 - CUT)
        boxes = {shelf: here for shelf, here in boxes.items() if np.median(here[:, 3]) < lowest}
    standing = {
        shelf: here for shelf, here in boxes.items() if not _is_tops(shelf, boxes) and not _is_stack(shelf, boxes)
    }
    return {shelf: here for shelf, here in standing.items() if not _within_another(shelf, standing, lines)}


def _is_tops(shelf: int, boxes: Mapping[int, Floats]) -> bool:
    """Whether a few low boxes are all there is of a shelf."""
    others = [there for other, there in boxes.items() if other != shelf]
    if len(boxes[shelf]) > FEW or not others:
        return False
    elsewhere = np.concatenate(others)
    return bool(_height(boxes[shelf]) < LOW * _height(elsewhere))


def _is_stack(shelf: int, boxes: Mapping[int, Floats]) -> bool:
    """Whether most units of a shelf may stand on units of the shelf below."""
    upper, lower = boxes[shelf], boxes.get(shelf - 1)
    if lower is None:
        return False
    shared = np.minimum(upper[:, None, 2], lower[None, :, 2]) - np.maximum(upper[:, None, 0], lower[None, :, 0])
    narrower = np.minimum(_width(upper)[:, None], _width(lower)[None])
    heights = np.minimum((upper[:, 3] - upper[:, 1])[:, None], (lower[:, 3] - lower[:, 1])[None])
    free = lower[None, :, 1] - upper[:, None, 3]
    rests = (shared >= narrower / 2) & (np.abs(free) <= RESTS * heights)
    return bool(rests.any(axis=1).mean() > RESTING_SHARE)


def _width(boxes: Floats) -> Floats:
    return boxes[:, 2] - boxes[:, 0]


def _height(boxes: Floats) -> float:
    return float(np.median(boxes[:, 3] - boxes[:, 1]))


def _within_another(shelf: int, boxes: Mapping[int, Floats], lines: Mapping[int, ShelfLine]) -> bool:
    """Whether a shelf lies too close to one with more units, within its length."""
    here = boxes[shelf]
    middle = float(np.median(here[:, [0, 2]]))
    for other, there in boxes.items():
        if other == shelf or (len(there), -other) <= (len(here), -shelf):
            continue
        low, high = sorted((shelf, other), key=lambda one: -lines[one].bottom_at(middle))
        apart = lines[low].bottom_at(middle) - lines[high].bottom_at(middle)
        least = TOO_CLOSE * lines[low].height
        reach = lines[other].width
        if apart < least and there[0, 0] - reach <= middle <= there[-1, 2] + reach:
            return True
    return False
