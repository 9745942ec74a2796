"""Reading pictures at scattered places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.scenes.arrays import Floats

_COLUMNS = 4096  # OpenCV's remap takes at most 32767 columns, so places are laid out in rows


def sample(picture: Floats, x: Floats, y: Floats, *, wrap: bool = False) -> Floats:
    """Read a picture (rows x columns x 3) bilinearly at n places given in its pixels; n x 3.

    Places outside take the nearest edge, or with `wrap` come in again at the other side.
    """
    n = len(x)
    if n == 0:
        return np.zeros((0, picture.shape[2]), np.float32)
    rows = -(-n // _COLUMNS)
    grid = np.zeros((2, rows * _COLUMNS), np.float32)
    grid[0, :n], grid[1, :n] = x, y
    border = cv2.BORDER_WRAP if wrap else cv2.BORDER_REPLICATE
    shape = (rows, _COLUMNS)
    read = cv2.remap(picture, grid[0].reshape(shape), grid[1].reshape(shape), cv2.INTER_LINEAR, borderMode=border)
    values: Floats = read.reshape(-1, 3)[:n]
    return values
