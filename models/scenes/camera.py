"""The camera: where it stands, and which ray each pixel looks along, through a lens that bends straight lines.

World axes in mm: x to the right along the shelf, y up, z out of the fixture towards the shopper; the fixture's front
plane is z = 0 and its left lower corner the origin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.arrays import Floats


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera at `eye` that looks at `target`.

    `bend` is the lens: 0 keeps straight lines straight; up to 1 turns towards an equidistant fisheye. `roll` in
    degrees. `field` is the angle of view across the shorter side, degrees.
    """

    width: int
    height: int
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    field: float = 50.0
    roll: float = 0.0
    bend: float = 0.0

    def axes(self) -> NDArray[np.float64]:
        """Rows: right, down and forward in world coordinates."""
        forward = np.array(self.target, np.float64) - np.array(self.eye, np.float64)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, (0.0, 1.0, 0.0))
        right /= np.linalg.norm(right)
        down = np.cross(forward, right)
        c, s = np.cos(np.radians(self.roll)), np.sin(np.radians(self.roll))
        return np.array([c * right + s * down, -s * right + c * down, forward])

    def focal(self) -> float:
        """Focal length in pixels."""
        half = np.radians(self.field) / 2
        return float(min(self.width, self.height) / 2 / self._radius(np.array(half)))

    def _radius(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        """Image radius, in focal lengths, of a ray `angle` off the axis: from tan(a) to a, by `bend`."""
        return (1 - self.bend) * np.tan(np.clip(angle, 0, 1.4)) + self.bend * angle

    def _angle(self, radius: NDArray[np.float64]) -> NDArray[np.float64]:
        table = np.linspace(0, 1.4, 2000)
        return np.interp(radius, self._radius(table), table)

    def rays(self, supersample: float = 1.0) -> Floats:
        """Unit directions of all pixels, rows x columns x 3, at `supersample` times the camera's resolution."""
        rows, columns = round(self.height * supersample), round(self.width * supersample)
        xs = (np.arange(columns) + 0.5) / supersample - self.width / 2
        ys = (np.arange(rows) + 0.5) / supersample - self.height / 2
        u, v = np.meshgrid(xs / self.focal(), ys / self.focal())
        radius = np.hypot(u, v)
        angle = self._angle(radius)
        scale = np.where(radius > 1e-9, np.sin(angle) / np.maximum(radius, 1e-9), 1.0)
        local = np.stack([u * scale, v * scale, np.cos(angle)], axis=-1)
        return (local @ self.axes()).astype(np.float32)

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (n x 2) where world points (n x 3, mm) appear; the inverse of `rays`."""
        local = (points - np.array(self.eye)) @ self.axes().T
        across = np.hypot(local[:, 0], local[:, 1])
        radius = self._radius(np.arctan2(across, local[:, 2])) * self.focal()
        scale = radius / np.maximum(across, 1e-9)
        return np.stack([local[:, 0] * scale + self.width / 2, local[:, 1] * scale + self.height / 2], axis=1)
