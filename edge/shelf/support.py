"""Which units stand on a board, and which on top of or behind another unit: only the former are facings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.intervals import meeting_pairs

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]
    Flags = npt.NDArray[np.bool_]

TOUCHING = 0.05
"""A unit ends at most this far above another to stand on it, in heights of the smaller. Measured on boxes of the cooler
photographs: 98 % of the units on a board keep 0.1 and more from the tops below, which the board's edge and its
price rail fill, while the bottoms of stacked cans lie below the rim of the can that carries them."""

TOUCHING_IN_CHAIN = 0.25
"""The same within a chain that is known to be raised: its other units say so, and boxes are rough."""

STANDS_LOWER = 0.3
"""The carrying unit's bottom lies at least this far lower, in its heights: else the two stand side by side."""

SLIGHTEST = 0.5
"""What carries a unit is at least this high, in heights of the unit: the caps of a second row that show under a board
do not carry what stands on it."""

ABOVE = 0.5
"""A unit is above another when this much of the narrower one's width is shared."""

RAISED_SHARE = 0.6
"""A chain of neighbours of which more than this stands on units below is a stack or a second row, all of it. Else it is
on a board so close above tall units that some touch it: a unit wrongly dropped costs as much as one wrongly counted."""

RAISED_SHARE_OF_LEVEL = 0.3
"""The same over all units at that height: one unit on a board, apart from its row, may touch what is below it. Not
more, since bays side by side may have a stack and a board at one height."""

MOSTLY_COVERED = 0.6
"""A unit of which units nearer to the shopper hide this much of its box stands behind them."""

NEARER = 0.08
"""A unit is nearer to the shopper when its bottom is this much lower, in heights of the one behind."""

WIDEST_COVER = 3.0
"""What covers a unit is at most this many times as wide: one box around half a shelf is a detector's slip."""

SAME_UNIT = 0.75
"""Boxes that overlap this much (intersection over union) are one unit. In the audited photographs no two units reach
0.3."""


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """Pairs of boxes that share some width."""

    upper: Ints  # its bottom is the higher one: it may stand on, or behind, the other
    lower: Ints
    shared_width: Floats  # pixels
    shared_area: Floats  # pixels squared

    def take(self, keep: Flags) -> _Overlaps:
        return _Overlaps(self.upper[keep], self.lower[keep], self.shared_width[keep], self.shared_area[keep])


def find_support(boxes: Floats, scores: Floats, level: Ints, chain: Ints) -> tuple[Flags, Ints]:
    """Tell front-row units from those that stand on or behind one, or repeat one.

    Args:
        boxes: (n, 4) pixels.
        scores: (n,) detection scores.
        level: (n,) label from 0 of the board or layer each box is on.
        chain: (n,) label from 0 of the unbroken chain of neighbours, within a level, each box is in.

    Returns:
        (n,) True for front-row units; (n,) the index of the front-row unit that carries, hides or repeats a box, its
        own when it is front.
    """
    pairs = _overlaps(boxes)
    base = np.arange(len(boxes))
    repeats, of = _repeated(boxes, scores, pairs)
    base[repeats] = of
    kept = base == np.arange(len(boxes))
    pairs = pairs.take(kept[pairs.upper] & kept[pairs.lower])
    # Raised last: where a unit is both carried and hidden, what carries it is the surer base.
    for upper, lower in (_hidden(boxes, pairs), _raised(boxes, level, chain, pairs)):
        base[upper] = lower
    front = base == np.arange(len(boxes))
    while not front[base].all():  # each step goes to a better score or a lower bottom, so it ends
        base = base[base]
    return front, base


def _overlaps(boxes: Floats) -> _Overlaps:
    first, second = meeting_pairs(boxes[:, 0], boxes[:, 2])
    first_is_upper = boxes[first, 3] <= boxes[second, 3]
    upper, lower = np.where(first_is_upper, first, second), np.where(first_is_upper, second, first)
    width = np.minimum(boxes[upper, 2], boxes[lower, 2]) - np.maximum(boxes[upper, 0], boxes[lower, 0])
    height = np.minimum(boxes[upper, 3], boxes[lower, 3]) - np.maximum(boxes[upper, 1], boxes[lower, 1])
    return _Overlaps(upper, lower, width, width * np.maximum(height, 0.0))


def _repeated(boxes: Floats, scores: Floats, pairs: _Overlaps) -> tuple[Ints, Ints]:
    """Boxes that repeat another one, and the better scored one they repeat."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = area[pairs.upper] + area[pairs.lower] - pairs.shared_area
    same = pairs.take(pairs.shared_area >= SAME_UNIT * union)
    better_first = (scores[same.upper] > scores[same.lower]) | (
        (scores[same.upper] == scores[same.lower]) & (same.upper < same.lower)
    )
    return np.where(better_first, same.lower, same.upper), np.where(better_first, same.upper, same.lower)


def _hidden(boxes: Floats, pairs: _Overlaps) -> tuple[Ints, Ints]:
    """Units mostly covered by nearer ones, and the one that covers most of each."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    nearer = boxes[pairs.lower, 3] - boxes[pairs.upper, 3] >= NEARER * height[pairs.upper]
    alike = width[pairs.lower] <= WIDEST_COVER * width[pairs.upper]
    covers = pairs.take(nearer & alike & (pairs.shared_area > 0))
    covered = np.bincount(covers.upper, covers.shared_area, minlength=len(boxes))
    covers = covers.take((covered >= MOSTLY_COVERED * width * height)[covers.upper])
    return _most(covers.upper, covers.lower, covers.shared_area)


def _raised(boxes: Floats, level: Ints, chain: Ints, pairs: _Overlaps) -> tuple[Ints, Ints]:
    """Units of chains that stand on other units, and what carries each."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    above = pairs.shared_width >= ABOVE * np.minimum(width[pairs.upper], width[pairs.lower])
    lower_bottom = boxes[pairs.lower, 3] - STANDS_LOWER * height[pairs.lower]
    strong = height[pairs.lower] >= SLIGHTEST * height[pairs.upper]
    below = pairs.take(above & strong & (boxes[pairs.upper, 3] <= lower_bottom))
    free = (boxes[below.lower, 1] - boxes[below.upper, 3]) / np.minimum(height[below.upper], height[below.lower])
    carried = np.zeros(len(boxes), dtype=np.bool_)
    carried[below.upper[free <= TOUCHING]] = True
    raised = (_share(chain, carried) > RAISED_SHARE) & (_share(level, carried) > RAISED_SHARE_OF_LEVEL)
    near = below.take(raised[below.upper] & (free <= TOUCHING_IN_CHAIN))
    return _most(near.upper, near.lower, near.shared_width)


def _share(label: Ints, flag: Flags) -> Floats:
    """(n,) the share of flagged boxes among those of the same label."""
    return (np.bincount(label, flag) / np.maximum(np.bincount(label), 1))[label]


def _most(owner: Ints, other: Ints, amount: Floats) -> tuple[Ints, Ints]:
    """For each owner once, the other with the greatest amount."""
    order = np.lexsort((-amount, owner))
    owners, at = np.unique(owner[order], return_index=True)
    return owners, other[order][at]
