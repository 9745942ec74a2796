"""Where rays meet packages: a solid of revolution (cans, bottles) or a turned box (cartons)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.scenes.packages import SAMPLES, Package, outline_mm

if TYPE_CHECKING:
    from models.scenes.arrays import Bools, Floats

_STEPS = 4  # the walk along a ray converges in three or four on every outline here


@dataclass(frozen=True, slots=True)
class Hits:
    """Where n rays meet a package: which do, how far, the normal there, and the place on its skin.

    `u` runs once around (0..1, the middle faces front), `v` from the bottom (0) to the top (1); on the top face
    (`top`) u and v are its square.
    """

    hit: Bools
    distance: Floats
    normal: Floats
    u: Floats
    v: Floats
    top: Bools

    def only(self, chosen: Bools) -> Hits:
        """The hits of some of the rays."""
        return Hits(
            self.hit[chosen],
            self.distance[chosen],
            self.normal[chosen],
            self.u[chosen],
            self.v[chosen],
            self.top[chosen],
        )


def trace(package: Package, *, eye: Floats, rays: Floats, yaw: float) -> Hits:
    """Meet rays (n x 3, unit) from `eye` (3, mm from the middle of the package's base) with a package turned by yaw."""
    if package.kind == "carton":
        return _trace_box(package, eye, rays, yaw)
    return _trace_revolution(package, eye, rays, yaw)


def _trace_revolution(package: Package, eye: Floats, rays: Floats, yaw: float) -> Hits:
    """Walk each ray to the outline: meet the cylinder of the radius at the present height, look at the new height.

    A ray is nearly level within a package, so the height hardly changes between steps and the walk settles at once.
    """
    radius, slope = outline_mm(package.name)
    dx, dy, dz = rays[:, 0], rays[:, 1], rays[:, 2]
    level = dx * dx + dz * dz
    nearest = -(eye[0] * dx + eye[2] * dz) / level
    miss2 = np.maximum(eye[0] ** 2 + eye[2] ** 2 - nearest * nearest * level, 0)
    distance = nearest - np.sqrt(np.maximum((package.width_mm / 2) ** 2 - miss2, 0) / level)
    for _ in range(_STEPS):
        v = (eye[1] + distance * dy) / package.height_mm
        index = np.clip(v * (SAMPLES - 1), 0, SAMPLES - 1).astype(np.int32)
        distance = nearest - np.sqrt(np.maximum(radius[index] ** 2 - miss2, 0) / level)
    height = eye[1] + distance * dy
    v = height / package.height_mm
    index = np.clip(v * (SAMPLES - 1), 0, SAMPLES - 1).astype(np.int32)
    hit = (radius[index] ** 2 >= miss2) & (v >= 0) & (v <= 1)
    x, z = eye[0] + distance * dx, eye[2] + distance * dz
    away = np.maximum(np.hypot(x, z), 1e-3)
    tilt = -slope[index]
    norm = np.sqrt(1 + tilt * tilt)
    normal = np.stack([x / away / norm, tilt / norm, z / away / norm], axis=1)
    u = (np.arctan2(x, z) - yaw) / (2 * np.pi) + 0.5
    top = np.zeros_like(hit)
    if eye[1] > package.height_mm:
        reach = (package.height_mm - eye[1]) / np.minimum(dy, -1e-6)
        tx, tz = eye[0] + reach * dx, eye[2] + reach * dz
        top = (dy < 0) & (np.hypot(tx, tz) <= radius[-1]) & (~hit | (reach < distance))
        distance = np.where(top, reach, distance)
        normal[top] = (0, 1, 0)
        c, s = np.cos(yaw), np.sin(yaw)
        u = np.where(top, (tx * c - tz * s) / radius[-1] / 2 + 0.5, u)
        v = np.where(top, 0.5 - (tx * s + tz * c) / radius[-1] / 2, v)
    u = np.where(top, u, u - np.floor(u))
    return Hits(
        hit | top,
        distance.astype(np.float32),
        normal.astype(np.float32),
        u.astype(np.float32),
        v.astype(np.float32),
        top,
    )


def _trace_box(package: Package, eye: Floats, rays: Floats, yaw: float) -> Hits:
    """Slab test in the box's own axes; the skin holds front, right, back and left side by side."""
    c, s = np.float32(np.cos(yaw)), np.float32(np.sin(yaw))
    origin = np.array([eye[0] * c - eye[2] * s, eye[1], eye[0] * s + eye[2] * c], np.float32)
    local = np.stack([rays[:, 0] * c - rays[:, 2] * s, rays[:, 1], rays[:, 0] * s + rays[:, 2] * c], axis=1)
    local = np.where(np.abs(local) < 1e-6, np.float32(1e-6), local)
    low = np.array([-package.width_mm / 2, 0, -package.depth_mm / 2], np.float32)
    high = np.array([package.width_mm / 2, package.height_mm, package.depth_mm / 2], np.float32)
    first, second = (low - origin) / local, (high - origin) / local
    near, far = np.minimum(first, second), np.maximum(first, second)
    axis = np.argmax(near, axis=1)
    distance = near.max(axis=1)
    hit = (distance < far.min(axis=1)) & (distance > 0)
    x, y, z = (origin[k] + distance * local[:, k] for k in range(3))
    sign = -np.sign(np.take_along_axis(local, axis[:, None], 1)[:, 0])
    w, d = package.width_mm, package.depth_mm
    around = 2 * (w + d)
    front = (x + w / 2) / around
    right = (w + (d / 2 - z)) / around
    back = (w + d + (w / 2 - x)) / around
    left = (2 * w + d + (z + d / 2)) / around
    u = np.where(axis == 2, np.where(sign > 0, front, back), np.where(sign > 0, right, left))
    top = axis == 1
    u, v = np.where(top, x / w + 0.5, u), np.where(top, 0.5 - z / d, y / package.height_mm)
    flat = np.zeros_like(local)
    np.put_along_axis(flat, axis[:, None], sign[:, None], 1)
    normal = np.stack([flat[:, 0] * c + flat[:, 2] * s, flat[:, 1], -flat[:, 0] * s + flat[:, 2] * c], axis=1)
    return Hits(
        hit, distance.astype(np.float32), normal.astype(np.float32), u.astype(np.float32), v.astype(np.float32), top
    )
