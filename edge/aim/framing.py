"""Whether the whole fixture is in the picture: where its facings meet the picture's edges. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.shelf.facing import Facing

    Floats = NDArray[np.float64]

Side = Literal["left", "right", "top", "bottom"]

TOUCHES = 0.008
"""Of the picture's width or height: a box that ends this close to its edge is cut off by it."""

SHELVES = 0.34
"""Share of the shelves whose last unit must be cut off before the side is: one unit may lean out of its shelf."""

FEW = 0.34
"""A shelf with less than this share of the usual number of units is none: lamps and signs are taken for products."""

UNITS = 0.5
"""Share of the units of the upmost or lowest shelf that must be cut off."""


def sides_cut(facings: Sequence[Facing], size: tuple[int, int]) -> frozenset[Side]:
    """The sides on which the picture ends before the fixture does.

    Args:
        facings: front-row units with shelves, boxes in pixels.
        size: width and height of the picture, pixels.
    """
    if not facings:
        return frozenset()
    boxes, shelves = np.array([facing.box for facing in facings]), np.array([facing.shelf for facing in facings])
    boxes = boxes / np.array([*size, *size])
    rows = [boxes[shelves == shelf] for shelf in np.unique(shelves)]
    usual = float(np.median([len(row) for row in rows]))
    rows = [row for row in rows if len(row) >= FEW * usual]
    cut: set[Side] = set()
    if np.mean([row[:, 0].min() <= TOUCHES for row in rows]) >= SHELVES:
        cut.add("left")
    if np.mean([row[:, 2].max() >= 1 - TOUCHES for row in rows]) >= SHELVES:
        cut.add("right")
    by_height = sorted(rows, key=lambda row: float(np.median(row[:, 3])))
    if np.mean(by_height[0][:, 1] <= TOUCHES) >= UNITS:
        cut.add("top")
    if np.mean(by_height[-1][:, 3] >= 1 - TOUCHES) >= UNITS:
        cut.add("bottom")
    return frozenset(cut)
