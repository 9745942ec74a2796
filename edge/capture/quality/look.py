"""A frame made small, once for all checks: they compare pictures of one size whatever the camera gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.float32]
    Region = tuple[tuple[float, float], ...]

EDGE = 320
"""Frames are measured at this many pixels of their longer edge, so that figures compare across resolutions."""

CELL = 8
"""Pixels of a cell's side: an arm is wider, and a bottle holds a few."""


@dataclass(frozen=True, slots=True)
class Look:
    """A frame at EDGE pixels of its longer edge, and what each of its cells shows."""

    grey: Grey  # (h, w), 0..255
    darkest: Grey  # (h, w), the least of the three colours
    detail: Grey  # (rows, columns) of cells: root mean square of what is finer than a cell, grey levels
    dark: Grey  # (rows, columns): what a tenth of the cell's pixels are darker than
    inside: NDArray[np.bool_]  # (rows, columns): whether the cell is of the fixture


def look_at(image: NDArray[np.uint8], region: Region = ()) -> Look:
    """Make a frame small and measure its cells.

    Args:
        image: (height, width, 3) BGR.
        region: corners of the fixture as shares of width and height; empty for the whole frame.
    """
    height, width = image.shape[:2]
    scale = EDGE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    return of_grey(grey, np.asarray(small.min(axis=2), np.float32), region)


def of_grey(grey: Grey, darkest: Grey, region: Region = ()) -> Look:
    """The same for a picture that is small already."""
    detail = np.sqrt(_cells(details(grey) ** 2).mean(axis=2))
    dark = np.percentile(_cells(darkest), 10, axis=2).astype(np.float32)
    rows, columns = detail.shape
    return Look(grey, darkest, detail, dark, cells_inside(region, rows, columns))


def details(grey: Grey) -> Grey:
    """What is finer than a cell and coarser than a sensor's noise: a difference of Gaussians, 1 and 5 pixels."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 5.0), np.float32)


@cache
def cells_inside(region: Region, rows: int, columns: int) -> NDArray[np.bool_]:
    """(rows, columns): which cells have their middle inside a polygon; all without one, and where none has."""
    if not region:
        return np.ones((rows, columns), bool)
    drawn = np.zeros((rows * CELL, columns * CELL), np.uint8)
    corners = np.array(region) * (columns * CELL, rows * CELL)
    cv2.fillPoly(drawn, [np.round(corners).astype(np.int32)], 1)
    inside = drawn[CELL // 2 :: CELL, CELL // 2 :: CELL].astype(bool)
    return inside if inside.any() else np.ones((rows, columns), bool)


def mean_of_cells(picture: Grey) -> Grey:
    """(h, w) -> (rows, columns): the mean of each cell."""
    return np.asarray(_cells(picture).mean(axis=2), np.float32)


def pixels_of(cells: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(rows, columns) flags of cells -> (h, w) flags of pixels; a rest at the border goes with the last cell."""
    ys = np.minimum(np.arange(shape[0]) // CELL, cells.shape[0] - 1)
    xs = np.minimum(np.arange(shape[1]) // CELL, cells.shape[1] - 1)
    return np.asarray(cells[ys[:, None], xs], bool)


def _cells(picture: Grey) -> Grey:
    """(h, w) -> (rows, columns, pixels of a cell); at least one cell, of what there is."""
    high, wide = picture.shape
    if high < CELL or wide < CELL:
        picture = cv2.resize(picture, (max(wide, CELL), max(high, CELL)), interpolation=cv2.INTER_NEAREST)
        high, wide = picture.shape
    rows, columns = high // CELL, wide // CELL
    tiled = picture[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
    return np.asarray(tiled.transpose(0, 2, 1, 3).reshape(rows, columns, CELL * CELL), np.float32)
