"""The array types that scenes are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # height x width x 3, BGR, display-referred (gamma encoded)
Mask = NDArray[np.float32]  # height x width, 0..1
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


def to_linear(picture: Picture) -> Floats:
    """Display values 0..255 as linear light 0..1 (a 2.2 power law stands for the sRGB curve)."""
    table: Floats = np.power(np.arange(256, dtype=np.float32) / 255.0, 2.2).astype(np.float32)
    return table[picture]


def smoothstep(edge0: float, edge1: float, x: Floats) -> Floats:
    """0 below `edge0`, 1 above `edge1`, a smooth cubic between."""
    t = np.clip((x - edge0) / (edge1 - edge0), 0.0, 1.0).astype(np.float32)
    smooth: Floats = t * t * (3.0 - 2.0 * t)
    return smooth
