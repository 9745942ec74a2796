"""Reading a frame much larger than the model in overlapping tiles, and putting what was found together: pure functions.

A product on the border between two tiles is seen whole by one of them (they overlap by more than it is wide) and cut
by the other. Whole looks win, and a cut look that lies inside a whole one is dropped, so that it counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.recognise.boxes import pairwise_iou

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tiling:
    """When a frame is read in tiles, and how. The figures behind the values stand in docs/models/speed.md."""

    beyond: float = 1.6  # a frame is large when its longest side is so many times the model's
    small: float = 50.0  # products are small when the median of their longer sides is below so many pixels of the model
    enough: int = 20  # fewer products than this say nothing about their size
    overlap: float = 0.25  # of a tile's side; the part a product must fit into to be seen whole
    same: float = (
        0.5  # boxes of two looks that overlap by more are one product; their edges agree less than in one look
    )
    zoom: float = 2.0  # a tile shows at most this much more than the whole frame does; it never magnifies


USUAL = Tiling()


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a frame: columns x1..x2 and rows y1..y2, in whole pixels, the ends left out."""

    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in one part of a frame; boxes in pixels of the frame."""

    tile: Tile
    boxes: NDArray[np.float32]  # (n, 4) x1, y1, x2, y2
    scores: NDArray[np.float32]  # (n,)


def plan_tiles(width: int, height: int, *, side: int, overlap: int) -> tuple[Tile, ...]:
    """Cover a frame with tiles of one size, neighbours sharing at least `overlap` pixels, evenly spread.

    Whatever is at most `overlap` pixels wide and high lies wholly in at least one tile.

    Args:
        width: of the frame, pixels.
        height: of the frame, pixels.
        side: of a tile; where the frame is smaller, the tile ends with it.
        overlap: 0 <= overlap < side.
    """
    columns, rows = (_spread(length, side=side, overlap=overlap) for length in (width, height))
    return tuple(Tile(x, y, min(x + side, width), min(y + side, height)) for y in rows for x in columns)


def _spread(length: int, *, side: int, overlap: int) -> list[int]:
    """Where tiles begin on one axis."""
    if length <= side:
        return [0]
    steps = -(-(length - side) // (side - overlap))
    return [round(step * (length - side) / steps) for step in range(steps + 1)]


def wants_tiles(boxes: NDArray[np.float32], *, frame: tuple[int, int], side: int, tiling: Tiling) -> bool:
    """Whether a frame is large and full of small products, by what the look at the whole frame found.

    Args:
        boxes: (n, 4) products found in the whole frame, in its pixels.
        frame: width and height.
        side: longest side of the model's input.
        tiling: the rule.
    """
    longest = max(frame)
    if longest <= tiling.beyond * side or len(boxes) < tiling.enough:
        return False
    sizes = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) * (side / longest)
    return not len(sizes) or bool(np.median(sizes) < tiling.small)


def is_cut(boxes: NDArray[np.float32], tile: Tile, *, frame: tuple[int, int], slack: float) -> NDArray[np.bool_]:
    """(n,) whether a box comes within `slack` pixels of a border of the tile that is not a border of the frame."""
    cut = np.zeros(len(boxes), dtype=np.bool_)
    for near, border, end in ((0, tile.x1, 0), (1, tile.y1, 0)):
        if border > end:
            cut |= boxes[:, near] <= border + slack
    for near, border, end in ((2, tile.x2, frame[0]), (3, tile.y2, frame[1])):
        if border < end:
            cut |= boxes[:, near] >= border - slack
    return cut


def merge_looks(
    looks: Sequence[Look], *, frame: tuple[int, int], max_iou: float, inside: float = 0.6, slack: float = 3.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What all looks found, every product once.

    Boxes are taken greedily: first those no inner border cuts, the surest first, then the cut ones. A box is dropped
    when it overlaps a taken one by more than `max_iou`, and a cut one also when a taken box covers `inside` of it.

    Args:
        looks: of the tiles, and of the whole frame.
        frame: width and height.
        max_iou: two kept boxes never overlap by more.
        inside: share of a cut box that another must cover to be the same product.
        slack: pixels from an inner border within which a box counts as cut.

    Returns:
        boxes (n, 4) and scores (n,), best first.
    """
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(look.boxes for look in looks)])
    scores = np.concatenate([np.zeros(0, np.float32), *(look.scores for look in looks)])
    cut = np.concatenate(
        [np.zeros(0, np.bool_), *(is_cut(look.boxes, look.tile, frame=frame, slack=slack) for look in looks)]
    )
    order = np.lexsort((-scores, cut))
    kept: list[int] = []
    while order.size:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        same = pairwise_iou(boxes[best : best + 1], boxes[order])[0] > max_iou
        same |= cut[order] & (covered(boxes[order], boxes[best]) > inside)
        order = order[~same]
    taken = np.asarray(kept, dtype=np.int64)
    taken = taken[np.argsort(-scores[taken], kind="stable")]
    return boxes[taken], scores[taken]


def covered(boxes: NDArray[np.float32], by: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) share of each of (n, 4) boxes that lies in the one box `by` (4,)."""
    low, high = np.maximum(boxes[:, :2], by[:2]), np.minimum(boxes[:, 2:], by[2:])
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    share: NDArray[np.float32] = (np.clip(high - low, 0, None).prod(axis=1) / area).astype(np.float32)
    return share
