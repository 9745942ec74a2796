"""How sharp a picture is for the embedder: a pure function on pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEASURED_HEIGHT = 96
"""Pixels: taller pictures are made so high first. Blur that is gone at this height is none for the embedder."""

_REBLUR = 1.5  # standard deviation in pixels
_NOTHING = 1e-6  # of energy: an empty picture has none

BLURRED = 2.0
"""Sharpness below which a picture is called blurred; docs/models/enrolment.md says what it finds and misses."""


def sharpness(picture: NDArray[np.uint8]) -> float:
    """How much a picture loses when it is blurred once more: what is blurred already has little to lose.

    The ratio of the energy of its gradients to that after a Gaussian blur, across or down, whichever is smaller, so
    that a hand that moved is seen too. The idea is that of Crete et al. 2007 (The blur effect). Being a ratio it asks
    for no contrast and for no amount of print, as the variance of a Laplacian does. It is 1 or more for a picture with
    anything on it and 0 for an empty one.

    Args:
        picture: (height, width, 3) BGR of one product, from border to border.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    height, width = grey.shape
    if height > MEASURED_HEIGHT:
        across = max(2, round(width * MEASURED_HEIGHT / height))
        grey = cv2.resize(grey, (across, MEASURED_HEIGHT), interpolation=cv2.INTER_AREA)
    softer = cv2.GaussianBlur(grey, (0, 0), _REBLUR)
    return min(_energy(grey, axis) / (_energy(softer, axis) + _NOTHING) for axis in (0, 1))


def _energy(grey: NDArray[np.float32], axis: int) -> float:
    return float(np.mean(np.diff(grey, axis=axis) ** 2))
