"""How a place in the fixture is lit, and what a glossy surface mirrors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.arrays import Floats, smoothstep

if TYPE_CHECKING:
    from models.scenes.scene import Fixture, Lighting

_ENV = (96, 192)  # rows: straight up to straight down; columns: once around, the middle is +z


def strip_colour(lighting: Lighting) -> Floats:
    """BGR of the fixture's own light."""
    return np.array([1 + 0.12 * lighting.cool, 1.0, 1 - 0.12 * lighting.cool], np.float32)


@lru_cache(maxsize=64)
def surroundings(lighting: Lighting, kind: str) -> tuple[Floats, Floats]:
    """What surfaces mirror, as a picture of all directions: sharp, and blurred for satin surfaces (BGR, linear)."""
    rng = np.random.default_rng((lighting.seed, 11))
    rows, columns = _ENV
    up, around = np.meshgrid(np.linspace(1, -1, rows), np.linspace(-180, 180, columns), indexing="ij")
    base = 0.1 + 0.12 * np.clip(up, -0.3, 1) + 0.1 * (np.abs(around) < 90)
    env = np.repeat(base[..., None], 3, axis=2) * lighting.room * 1.4
    for _ in range(int(rng.integers(1, 4))):
        a, w = rng.uniform(-70, 70), rng.uniform(4, 22)
        e0, e1 = rng.uniform(-0.1, 0.25), rng.uniform(0.35, 0.7)
        tint = rng.uniform(0.85, 1.15, 3)
        env[(np.abs(around - a) < w) & (up > e0) & (up < e1)] = tint * rng.uniform(1.0, 2.6) * lighting.room
    for _ in range(int(rng.integers(1, 4))):  # doors and shop windows at eye level draw the streaks on cans
        a, w = rng.choice((-1, 1)) * rng.uniform(12, 75), rng.uniform(2.5, 9)
        low, high = rng.uniform(-0.5, -0.15), rng.uniform(0.15, 0.5)
        env[(np.abs(around - a) < w) & (up > low) & (up < high)] = (
            rng.uniform(0.85, 1.15, 3) * rng.uniform(1.6, 3.4) * lighting.room
        )
    own = strip_colour(lighting)
    if kind == "cooler":
        for side in (-1, 1):
            env[(np.abs(around - side * rng.uniform(72, 84)) < 7) & (np.abs(up) < 0.8)] = own * 6.0 * lighting.side
        env[(up > 0.62) & (up < 0.8) & (np.abs(around) < 80)] = own * 2.2 * lighting.top
    else:
        for a in (-35, 20, 60):
            env[(np.abs(around - a) < 9) & (up > 0.55) & (up < 0.9)] = 3.0 * lighting.room
    sharp = cv2.GaussianBlur(env.astype(np.float32), (0, 0), 1.2)
    wide = np.concatenate([sharp, sharp, sharp], axis=1)
    soft = cv2.GaussianBlur(wide, (0, 0), 7)[:, columns : 2 * columns]
    return sharp, np.ascontiguousarray(soft)


def mirrored(env: Floats, rays: Floats, normal: Floats) -> Floats:
    """What rays (n x 3) see in the picture `env` after they bounce off surfaces with these normals."""
    bounce = rays - 2 * (rays * normal).sum(axis=1, keepdims=True) * normal
    rows, columns = env.shape[:2]
    x = (np.arctan2(bounce[:, 0], bounce[:, 2]) / (2 * np.pi) + 0.5) * (columns - 1)
    y = (1 - bounce[:, 1]) / 2 * (rows - 1)
    out = np.empty((len(rays), 3), np.float32)
    for start in range(0, len(rays), 32_000):  # OpenCV's remap takes at most 32767 columns
        part = slice(start, start + 32_000)
        out[part] = cv2.remap(
            env,
            x[None, part].astype(np.float32),
            y[None, part].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
    return out


@dataclass(frozen=True, slots=True)
class Place:
    """Where on its shelf something stands, for shadows: heights of its board and of the board above, mm."""

    floor: float
    ceiling: float


def irradiance(fixture: Fixture, lighting: Lighting, *, point: Floats, normal: Floats, place: Place) -> Floats:
    """Light that falls on points (n x 3, mm) with normals (n x 3): n x 3 BGR.

    The top strip is a line along the front of the ceiling, shadowed by the boards between; the side strips are lines
    up both front edges; the room comes from the front and fades towards the back.
    """
    x, y, z = point[:, 0], point[:, 1], point[:, 2]
    facing = 0.5 + 0.5 * normal[:, 2]
    room = lighting.room * (0.3 + 0.7 * facing) * np.exp(z / 260)
    up, out = fixture.height + 15 - y, 55 - z
    reach = np.sqrt(up * up + out * out)
    towards = (normal[:, 1] * up + normal[:, 2] * out) / reach
    meets = z + (place.ceiling - y) / np.maximum(up, 1) * out  # depth at which the ray to the strip passes the board
    shadow = 0.22 + 0.78 * smoothstep(-70, 25, meets) if place.ceiling < fixture.height - 1 else 1.0
    top = lighting.top * (0.25 + 0.75 * np.clip(towards, 0, 1)) * shadow * (700 / (reach + 450)) ** 1.3
    left, right = x + 12, fixture.width + 12 - x
    level = np.maximum(40 - z, 20)
    side = np.zeros_like(x)
    for gap, sign in ((left, -1.0), (right, 1.0)):
        far = np.sqrt(gap * gap + level * level)
        cosine = (normal[:, 0] * sign * gap + normal[:, 2] * level) / far
        side += np.clip(0.35 + 0.65 * cosine, 0, 1) * 260 / (far + 200)
    side *= lighting.side * np.exp(z / 420)
    bounce = 0.16 * (lighting.top + lighting.side) * np.exp(z / 500) * (0.7 + 0.3 * normal[:, 1])
    own = (top + side + bounce)[:, None] * strip_colour(lighting)
    under = 1 - 0.35 * np.exp(-np.maximum(place.ceiling - y, 0) / 28)
    contact = 1 - 0.5 * np.exp(-np.maximum(y - place.floor, 0) / 9) * (normal[:, 1] < 0.8)
    light: Floats = ((own + room[:, None]) * (under * contact)[:, None]).astype(np.float32)
    return light
