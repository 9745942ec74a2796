"""Shelves from boxes alone: which units stand on the same board, which stand on or behind another unit.

Units are told apart by their bottom edges, since a bottle beside a can stands on the same board. Boards are straight
and parallel in the shop but neither in the frame, so the smooth field that bends them (tilt, perspective, a wide lens)
is fitted to neighbours first (`edge.shelf.field`); what is left is one height per board.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.field import level_boxes
from edge.shelf.support import find_support

if TYPE_CHECKING:
    import numpy.typing as npt

    from edge.shelf.field import Levelled

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.intp]
    Flags = npt.NDArray[np.bool_]

SAME_BOARD = 0.4
"""Bottoms this close, in heights of the lower unit, are one board: boards lie more than a unit apart."""

SAME_BOARD_BESIDE_TALL = 0.15
"""The same in heights of the taller unit: a flat pack beside a tall one may not split its board by a few pixels."""


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where each box stands, in the order the boxes were given.

    A box that is not `front` carries the shelf and position of the front unit it stands on or behind.
    """

    shelf: Ints  # (n,) from the bottom, from 1
    position: Ints  # (n,) from the left, from 1
    front: Flags  # (n,) False: stands on or behind another unit, or repeats it; no facing

    @property
    def front_row(self) -> Ints:
        """(m,) indices of the front-row units, by shelf and position."""
        front = np.flatnonzero(self.front)
        return front[np.lexsort((self.position[front], self.shelf[front]))]

    @property
    def count(self) -> int:
        """Number of shelves that hold a facing."""
        return int(self.shelf.max(initial=0))


def find_shelves(boxes: Floats, scores: Floats) -> Shelves:
    """Find the shelves that boxes stand on, and which of them are front-row units.

    Args:
        boxes: (n, 4) `x1, y1, x2, y2` in pixels, y downwards, any order.
        scores: (n,) detection scores; of two boxes on one unit the better scored one is the facing.

    Raises:
        ValueError: boxes are not (n, 4), not finite, without area, or have not one score each.
    """
    boxes, scores = _checked(boxes, scores)
    if not len(boxes):
        none = np.zeros(0, dtype=np.intp)
        return Shelves(shelf=none, position=none.copy(), front=np.zeros(0, dtype=np.bool_))
    levelled = level_boxes(boxes)
    level = _join_groups(boxes, levelled)
    front, base = find_support(boxes, scores, level, levelled.group)
    return _numbered(boxes, levelled.bottom, level, front, base)


def nearest_places(boxes: Floats, shelves: Shelves, others: Floats) -> tuple[Ints, Ints]:
    """The shelf and position of the front-row unit whose middle is nearest to the middle of each of other boxes.

    Args:
        boxes: (n, 4) that `shelves` was found from, at least one.
        shelves: of these.
        others: (m, 4) `x1, y1, x2, y2` in the same pixels.

    Returns:
        (m,) shelves and (m,) positions.
    """
    front = shelves.front_row
    middles, wanted = (0.5 * (part[:, :2] + part[:, 2:]) for part in (boxes[front], others))
    nearest = front[np.square(wanted[:, None] - middles[None]).sum(axis=2).argmin(axis=1)]
    return shelves.shelf[nearest], shelves.position[nearest]


def _checked(boxes: Floats, scores: Floats) -> tuple[Floats, Floats]:
    boxes = np.asarray(boxes, dtype=np.float64)
    scores = np.asarray(scores, dtype=np.float64)
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:  # noqa: PLR2004 - x1, y1, x2, y2
        raise ValueError(f"boxes have the shape {boxes.shape}, not (n, 4)")
    if scores.shape != (len(boxes),):
        raise ValueError(f"{len(boxes)} boxes have scores of the shape {scores.shape}")
    if not np.isfinite(boxes).all():
        raise ValueError("a box has a coordinate that is no number")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError("a box has no area: x2 and y2 must be greater than x1 and y1")
    return boxes, scores


@dataclass(frozen=True, slots=True)
class _Group:
    """Boxes that stand on one board, as far as known."""

    members: Ints
    bottom: float  # median, levelled
    height: float  # median

    @classmethod
    def of(cls, members: Ints, bottom: Floats, height: Floats) -> _Group:
        return cls(members, float(np.median(bottom[members])), float(np.median(height[members])))

    def distance(self, other: _Group) -> float:
        """Difference of the bottoms, in units of what one board allows: up to 1 is the same board."""
        low, high = sorted((self.height, other.height))
        return abs(self.bottom - other.bottom) / max(SAME_BOARD * low, SAME_BOARD_BESIDE_TALL * high)


def _join_groups(boxes: Floats, levelled: Levelled) -> Ints:
    """Join chains of neighbours over the holes in a shelf, the closest in height first: (n,) label of the board."""
    height = boxes[:, 3] - boxes[:, 1]
    order = np.argsort(levelled.group, kind="stable")
    starts = np.flatnonzero(np.diff(levelled.group[order])) + 1
    groups = [_Group.of(members, levelled.bottom, height) for members in np.split(order, starts)]
    groups.sort(key=lambda group: group.bottom)
    distances = [low.distance(high) for low, high in pairwise(groups)]
    while distances:
        at = int(np.argmin(distances))
        if distances[at] > 1:
            break
        members = np.concatenate([groups[at].members, groups[at + 1].members])
        groups[at : at + 2] = [_Group.of(members, levelled.bottom, height)]
        del distances[at]
        if at > 0:
            distances[at - 1] = groups[at - 1].distance(groups[at])
        if at < len(distances):
            distances[at] = groups[at].distance(groups[at + 1])
    label = np.empty(len(boxes), dtype=np.intp)
    for number, group in enumerate(groups):
        label[group.members] = number
    return label


def _numbered(boxes: Floats, bottom: Floats, level: Ints, front: Flags, base: Ints) -> Shelves:
    """Number the boards that carry front-row units from the bottom, and the units on each from the left."""
    boards, board = np.unique(level[front], return_inverse=True)
    height_of_board = np.array([np.median(bottom[front][board == number]) for number in range(len(boards))])
    from_bottom = np.empty(len(boards), dtype=np.intp)
    from_bottom[np.argsort(-height_of_board, kind="stable")] = np.arange(1, len(boards) + 1)
    shelf = np.zeros(len(boxes), dtype=np.intp)
    shelf[front] = from_bottom[board]

    units = np.flatnonzero(front)
    order = units[np.lexsort((boxes[units, 0] + boxes[units, 2], shelf[units]))]
    starts = np.flatnonzero(np.diff(shelf[order], prepend=0))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    position = np.zeros(len(boxes), dtype=np.intp)
    position[order] = rank + 1
    return Shelves(shelf=shelf[base], position=position[base], front=front)
