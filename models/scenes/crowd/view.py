"""The camera of a crowd: a pinhole that hangs on a wall and looks down onto the floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GIRTH = 0.36
"""Width of a person's box as a share of its height: somebody who walks, arms and all."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera. The floor has x to the right and z away from the wall, in metres; the camera hangs over (0, 0)."""

    width: int = 768
    height: int = 576
    over_floor: float = 3.0  # metres
    down: float = 0.5  # radians under the horizon
    focal: float = 520.0  # pixels

    def project(self, x: Floats, up: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Points of the room, in metres, to pixels; z well before the camera."""
        sine, cosine = np.sin(self.down), np.cos(self.down)
        above = up - self.over_floor
        forward = z * cosine - above * sine
        risen = z * sine + above * cosine
        return self.width / 2 + self.focal * x / forward, self.height / 2 - self.focal * risen / forward

    def boxes(self, places: Floats, tall: Floats) -> Floats:
        """(n, 2) places on the floor and (n,) metres of height -> (n, 4) boxes in pixels, not clipped."""
        foot_x, feet = self.project(places[:, 0], np.zeros(len(places)), places[:, 1])
        head_x, head = self.project(places[:, 0], tall, places[:, 1])
        middle, half = (foot_x + head_x) / 2, GIRTH * (feet - head) / 2
        return np.stack([middle - half, head, middle + half, feet], axis=1)

    def floor_line(self, ends: tuple[tuple[float, float], tuple[float, float]]) -> Floats:
        """Two places on the floor -> (2, 2) pixels."""
        floor = np.array(ends)
        return np.stack(self.project(floor[:, 0], np.zeros(2), floor[:, 1]), axis=1)
