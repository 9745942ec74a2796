"""What that is no person stands before the shelves, in a view of which nothing is known yet.

A shelf's front edge runs through the picture from one end to the other, whatever stands on it: what breaks it off over
more than one shelf at the same place stands in front. An empty place breaks no edge.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.shelf.boards import boards
from edge.shelf.ends import find_ends
from edge.shelf.hidden import shelf_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.shelf.facing import Box, Facing
    from edge.shelf.hidden import ShelfLine

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

PLACES = 48
"""Places along a shelf that are asked one by one."""

AROUND = 0.22
"""Of a unit's height, above and below its bottom: where the board's edge is looked for."""

BROKEN = 0.35
"""Of the usual strength of that edge, under which it is not there."""

STRAY, LEAST_UNITS = 1.5, 3
"""Widths of a unit from the others at which one alone at a shelf's end is not of this shelf, of so many at least."""

LEAST_ROWS = 2
LEAST_PLACES = 3


def find_hidden(image: NDArray[np.uint8], facings: Sequence[Facing]) -> tuple[Box, ...]:
    """Boxes of what hides at least two neighbouring shelves at one place.

    Args:
        image: (height, width, 3) BGR.
        facings: front-row units with shelves, boxes in pixels of it.
    """
    height, width = image.shape[:2]
    standing = {shelf: _without_strays(units) for shelf, units in boards(facings).items()}
    if len(standing) < LEAST_ROWS:
        return ()
    lines = shelf_lines(facings)
    rows = sorted(standing, key=lambda shelf: lines[shelf].bottom_at(width / 2))  # from the top
    ends = find_ends([standing[shelf] for shelf in rows], frame=(width, height))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    broken, filled = np.zeros((len(rows), PLACES), np.uint8), np.zeros((len(rows), PLACES), np.bool_)
    xs = np.zeros((len(rows), PLACES + 1))
    for row, shelf in enumerate(rows):
        line = lines[shelf]
        left, right = ends.at(line.bottom_at(width / 2))
        xs[row] = np.linspace(max(left, 0.0), min(right, width), PLACES + 1)
        filled[row] = _filled(xs[row], standing[shelf])
        broken[row] = _broken(grey, line, xs[row], filled[row])
    return _boxes(broken, filled, xs, [lines[shelf] for shelf in rows])


def _without_strays(units: Floats) -> Floats:
    """The units of a shelf, from the left, without one that stands far off at an end: it is of a fixture beside."""
    if len(units) <= LEAST_UNITS:
        return units
    far = STRAY * float(np.median(units[:, 2] - units[:, 0]))
    first = int(units[1, 0] - units[0, 2] > far)
    last = int(units[-1, 0] - units[-2, 2] > far)
    return units[first : len(units) - last]


def _filled(xs: Floats, units: Floats) -> Flags:
    """(PLACES,) where a unit stands."""
    return np.array([bool(((units[:, 0] < b) & (units[:, 2] > a)).any()) for a, b in pairwise(xs)])


def _broken(grey: NDArray[np.float32], line: ShelfLine, xs: Floats, filled: Flags) -> NDArray[np.uint8]:
    """(PLACES,) where nothing stands and the board's edge is not seen."""
    if filled.all() or not filled.any():
        return np.zeros(PLACES, np.uint8)
    strength = np.array([_edge(grey, line, a, b) for a, b in pairwise(xs)])
    usual = float(np.median(strength[filled]))
    return np.asarray(~filled & (strength < BROKEN * usual), np.uint8)


def _edge(grey: NDArray[np.float32], line: ShelfLine, left: float, right: float) -> float:
    """How strong the strongest level edge near a board is, grey levels."""
    middle, reach = line.bottom_at((left + right) / 2), max(2.0, AROUND * line.height)
    part = grey[max(0, int(middle - reach)) : int(middle + reach) + 1, int(left) : max(int(left) + 1, int(right))]
    if part.shape[0] < 2 or part.shape[1] < 1:  # noqa: PLR2004 - two rows have one difference
        return 0.0
    return float(np.abs(np.diff(part.mean(axis=1))).max())


def _boxes(broken: NDArray[np.uint8], filled: Flags, xs: Floats, lines: Sequence[ShelfLine]) -> tuple[Box, ...]:
    """Around each patch of broken edges over neighbouring shelves that go on on both of its sides.

    What hides the end of shelves looks as if they ended there: only a planogram tells it.
    """
    closed = cv2.morphologyEx(broken, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    count, piece, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=4)
    found: list[Box] = []
    for number in range(1, count):
        left, top, wide, high, _ = (int(value) for value in stats[number])
        here = [row for row in range(top, top + high) if (piece[row] == number).any()]
        go_on = sum(bool(filled[row, :left].any() and filled[row, left + wide :].any()) for row in here)
        if go_on < LEAST_ROWS or wide < LEAST_PLACES:
            continue
        x1 = float(min(xs[row][left] for row in here))
        x2 = float(max(xs[row][left + wide] for row in here))
        first, last = lines[here[0]], lines[here[-1]]
        found.append((x1, first.bottom_at(x1) - first.height, x2, last.bottom_at(x2)))
    return tuple(found)
