"""Who or what stands in front of the fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.view import KNOWN_FROM, TEXTURED, agreement
from edge.recognise.boxes import pairwise_iou

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Look
    from edge.capture.quality.view import View

GONE = 0.3  # correlation under which a cell shows something else
REACHES = 2  # cells in the middle


def among_goods(boxes: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows, columns): the cells of the fixture from the first to the last facing; all of it without facings.

    Who passes beside a fixture without a configured region is in nobody's way.

    Args:
        boxes: (n, 4) x1, y1, x2, y2 of facings as shares of the frame.
        inside: (rows, columns) cells of the fixture.
    """
    if len(boxes) == 0:
        return inside
    x1, y1 = boxes[:, :2].min(axis=0)
    x2, y2 = boxes[:, 2:].max(axis=0)
    among = _within(inside.shape, (float(x1), float(y1), float(x2), float(y2))) & inside
    return among if among.any() else inside


def hidden_share(look: Look, view: View, goods: NDArray[np.bool_]) -> float:
    """How much of what never changes is hidden by one thing that reaches from the picture's border to the middle.

    Shelf edges, price strips and frames stay where they are whatever is sold or refilled; an arm hides them, and the
    goods between them, in one piece with the border. Who passes at the side hides a shelf's end at most: that is left
    to the vote over captures.

    Args:
        look: the frame, laid over the view.
        view: what is usual.
        goods: (rows, columns) cells that matter.

    Returns:
        Hidden steady cells as a share of these cells; 0 before it is known what is steady.
    """
    if view.frames < KNOWN_FROM:
        return 0.0
    gone = agreement(view.picture, look.grey) < GONE
    changed = gone & ((look.detail >= TEXTURED) | (view.detail >= TEXTURED))
    steady = view.steady_cells & (view.detail >= TEXTURED) & goods
    pieces, piece = cv2.connectedComponents(changed.astype(np.uint8), connectivity=8)
    hidden = np.bincount(piece[changed & steady], minlength=pieces)
    in_middle = np.bincount(piece[changed & steady & middle_of(goods)], minlength=pieces)
    border = np.unique(np.concatenate([piece[0], piece[-1], piece[:, 0], piece[:, -1]]))
    reaching = [int(hidden[number]) for number in border if number and in_middle[number] >= REACHES]
    return max(reaching, default=0) / int(goods.sum())


def middle_of(goods: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows, columns): the inner half, across and down, of the rectangle around the cells."""
    middle = np.zeros_like(goods)
    ys, xs = np.flatnonzero(goods.any(axis=1)), np.flatnonzero(goods.any(axis=0))
    top, left = ys[0] + len(ys) // 4, xs[0] + len(xs) // 4
    middle[top : ys[-1] + 1 - len(ys) // 4, left : xs[-1] + 1 - len(xs) // 4] = True
    return middle


def covered_by(boxes: NDArray[np.float32], goods: NDArray[np.bool_]) -> float:
    """The share of the cells that matter that boxes of people cover.

    Args:
        boxes: (n, 4) x1, y1, x2, y2 as shares of the frame.
        goods: (rows, columns) cells that matter.
    """
    covered = np.zeros_like(goods)
    for x1, y1, x2, y2 in boxes.tolist():
        covered |= _within(goods.shape, (x1, y1, x2, y2))
    return float(covered[goods].mean())


def _within(shape: tuple[int, ...], box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    rows, columns = shape
    ys, xs = (np.arange(rows)[:, None] + 0.5) / rows, (np.arange(columns)[None, :] + 0.5) / columns
    x1, y1, x2, y2 = box
    return np.asarray((xs >= x1) & (xs <= x2) & (ys >= y1) & (ys <= y2))


def vanished_share(before: NDArray[np.float32], now: NDArray[np.float32], *, min_iou: float = 0.3) -> float:
    """The share of earlier facings at whose place nothing is seen any more.

    Args:
        before: (n, 4) boxes x1, y1, x2, y2 of the last accepted capture, any unit.
        now: (m, 4) boxes of this one, in the same unit.
        min_iou: the least overlap at which a place counts as still filled.
    """
    if len(before) == 0:
        return 0.0
    if len(now) == 0:
        return 1.0
    return float(np.mean(pairwise_iou(before, now).max(axis=1) < min_iou))
