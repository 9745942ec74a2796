"""The same picture again: a sensor never gives the same noise twice, a hung camera gives nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 512
DARKEST, BRIGHTEST = 6, 249
"""Samples outside are left out: what is black or white is so in every frame."""

ENOUGH = 64  # samples, under which nothing is said
APART = 5.0
"""Seconds under which two frames are not compared: a video codec copies what did not change from one to the next."""


@dataclass(frozen=True, slots=True)
class Print:
    """Some pixels of a frame, as the camera gave them."""

    levels: bytes  # SAMPLES green levels
    width: int
    height: int
    at: float  # seconds since 1970


def take_print(image: NDArray[np.uint8], at: float) -> Print:
    """Sample a frame.

    Args:
        image: (height, width, 3) BGR, as the camera gave it: not resized, not turned.
        at: when it was taken, seconds since 1970.
    """
    height, width = image.shape[:2]
    places = _places()
    ys, xs = (places[:, 0] * height).astype(np.intp), (places[:, 1] * width).astype(np.intp)
    return Print(image[ys, xs, 1].tobytes(), width, height, at)


def repeated_share(before: Print, now: Print) -> float | None:
    """The share of the samples with the very same level; None when the two cannot be compared.

    A clock that the camera writes into a hung picture changes a few samples only.
    """
    if (before.width, before.height) != (now.width, now.height) or 0 <= now.at - before.at < APART:
        return None
    first, second = (np.frombuffer(one.levels, np.uint8) for one in (before, now))
    telling = (first >= DARKEST) & (first <= BRIGHTEST)
    if telling.sum() < ENOUGH:
        return None
    return float(np.mean(first[telling] == second[telling]))


def later(before: Print, now: Print) -> Print:
    """The one to remember: of frames too close to be compared the first, so that a fast camera is judged too."""
    close = 0 <= now.at - before.at < APART and (before.width, before.height) == (now.width, now.height)
    return before if close else now


@cache
def _places() -> NDArray[np.float64]:
    """(SAMPLES, 2) shares of height and width, spread evenly (a Kronecker sequence of the plastic number)."""
    plastic = 1.32471795724474602596
    steps = np.arange(1, SAMPLES + 1)[:, None] * np.array([1 / plastic, 1 / plastic**2])
    places: NDArray[np.float64] = (0.5 + steps) % 1.0
    return places
