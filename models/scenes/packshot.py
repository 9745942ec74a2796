"""Pack shots: one product before a plain or uneven ground, as a catalogue is enrolled from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.camera import Camera
from models.scenes.effects import Effects, Layer, develop
from models.scenes.light import Place
from models.scenes.palette import hsv
from models.scenes.scene import Fixture, Lighting, Unit
from models.scenes.shade import shade
from models.scenes.solids import trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.arrays import Picture
    from models.scenes.products import Product

_SUPERSAMPLE = 2.0
_STUDIO = Fixture(kind="rack", width=700, height=700, depth=500, shelves=(0.0,), strip_mm=1)


def pack_shot(product: Product, *, seed: int, size: int = 320) -> Picture:
    """Photograph a product's front in a studio: light, turn, height of the camera and ground vary a little by seed.

    Args:
        product: what is photographed.
        seed: of this picture.
        size: longer side of the picture in pixels; the shorter follows the package, with a margin of a few per cent.
    """
    return masked_shot(product, seed=seed, size=size)[0]


def masked_shot(product: Product, *, seed: int, size: int = 320) -> tuple[Picture, NDArray[np.float32]]:
    """A pack shot, and how much of each of its pixels the pack covers, (height, width) 0..1."""
    rng = np.random.default_rng((product.seed, seed, 51))
    package = product.package
    margin = float(rng.uniform(1.04, 1.14))
    across = package.width_mm * margin / (package.height_mm * margin)
    height, width = (size, max(16, round(size * across))) if across <= 1 else (round(size / across), size)
    away = float(rng.uniform(900, 1600))
    middle = (0.0, package.height_mm / 2, 0.0)
    eye = (away * float(rng.normal(0, 0.06)), package.height_mm / 2 + away * float(rng.uniform(-0.02, 0.16)), away)
    field = 2 * np.degrees(
        np.arctan(min(package.width_mm, package.height_mm) * margin / 2 / (away - package.depth_mm / 2))
    )
    camera = Camera(width, height, eye, middle, field=float(field), roll=float(rng.normal(0, 1.0)))
    lighting = Lighting(
        top=float(rng.uniform(0.7, 1.2)),
        side=float(rng.uniform(0.2, 0.7)),
        room=float(rng.uniform(0.5, 0.9)),
        cool=float(rng.normal(0, 0.4)),
        seed=int(rng.integers(1000)),
    )
    rays = camera.rays(_SUPERSAMPLE)
    rows, columns = rays.shape[:2]
    tone = hsv(float(rng.integers(180)), float(rng.uniform(0, 0.12)), float(rng.uniform(0.55, 0.97)))
    ground = (np.array(tone, np.float32) / 255) ** 2.2 * np.linspace(1.05, 0.75, rows, dtype=np.float32)[:, None, None]
    light = np.repeat(ground, columns, axis=1).astype(np.float32)
    light *= (
        1
        + 0.06
        * cv2.resize(rng.normal(0, 1, (6, 4)).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)[
            ..., None
        ]
    )
    unit = Unit(0, 0, 0, product, (0.0, 0.0, 0.0), float(rng.normal(0, 0.22 if package.kind != "carton" else 0.12)))
    flat = rays.reshape(-1, 3)
    start = np.array(eye, np.float32)
    hits = trace(package, eye=start, rays=flat, yaw=unit.yaw)
    chosen = hits.only(hits.hit)
    seen = flat[hits.hit]
    # The studio's axes start at its left front corner: the product stands in its middle.
    point = start + chosen.distance[:, None] * seen + np.array([_STUDIO.width / 2, 200.0, -40.0], np.float32)
    place = Place(200.0, _STUDIO.height)
    scale = away / camera.focal() / _SUPERSAMPLE
    shaded = shade(
        unit, chosen, fixture=_STUDIO, lighting=lighting, place=place, point=point, rays=seen, mm_per_pixel=scale
    )
    flat_light = light.reshape(-1, 3)
    flat_light[hits.hit] = shaded.body * (1 - 0.8 * shaded.veil) + shaded.mirror + shaded.veil * flat_light[hits.hit]
    small = cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)
    nothing = np.zeros((height, width), np.float32)
    layer = Layer(np.zeros_like(small), nothing, np.zeros_like(small), nothing)
    effects = Effects(
        exposure=float(rng.normal(0.25, 0.2)),
        warmth=float(rng.normal(0, 0.25)),
        vignette=0.05,
        bloom=0.02,
        defocus=float(rng.uniform(0.2, 0.8)),
        noise=0.003,
    )
    covered = cv2.resize(
        hits.hit.reshape(rows, columns).astype(np.float32), (width, height), interpolation=cv2.INTER_AREA
    )
    return develop(small, layer, effects, seed), np.asarray(covered, np.float32)
