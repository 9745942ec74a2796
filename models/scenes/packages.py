"""Package forms: what a can, a bottle or a carton measures, and the outline of its solid of revolution."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.scenes.arrays import Floats

Kind = Literal["can", "bottle", "carton"]
SAMPLES = 512  # entries of an outline table, bottom to top


@dataclass(frozen=True, slots=True)
class Package:
    """One package form.

    `outline` holds (height, radius) pairs as fractions of the height and of half the width, bottom to top; it is
    empty for cartons. `label` is the printed zone as fractions of the height; `cap` is where the closure begins.
    """

    name: str
    kind: Kind
    volume_ml: int
    width_mm: float
    depth_mm: float
    height_mm: float
    outline: tuple[tuple[float, float], ...] = ()
    label: tuple[float, float] = (0.0, 1.0)
    cap: float = 1.0
    fill: float = 1.0


def _can(name: str, volume_ml: int, width_mm: float, height_mm: float) -> Package:
    rim = 4.0 / height_mm
    outline = (
        (0.0, 0.78),
        (rim, 0.84),
        (2.2 * rim, 0.97),
        (3 * rim, 1.0),
        (1 - 4.2 * rim, 1.0),
        (1 - 2.6 * rim, 0.93),
        (1 - 1.1 * rim, 0.83),
        (1 - 0.8 * rim, 0.85),
        (1.0, 0.85),
    )
    return Package(name, "can", volume_ml, width_mm, width_mm, height_mm, outline, (2.2 * rim, 1 - 2.1 * rim))


def _bottle(
    name: str,
    volume_ml: int,
    width_mm: float,
    height_mm: float,
    body: tuple[tuple[float, float], ...],
    *,
    label: tuple[float, float],
    neck_mm: float = 28.0,
    cap_mm: float = 17.0,
) -> Package:
    neck = neck_mm / width_mm
    cap = 1 - cap_mm / height_mm
    ring = 4.0 / height_mm
    top = (
        (cap - 3.2 * ring, neck * 0.93),
        (cap - 1.6 * ring, neck * 0.9),
        (cap - 1.5 * ring, neck * 1.13),
        (cap - 0.9 * ring, neck * 1.13),
        (cap - 0.8 * ring, neck * 0.95),
        (cap, neck * 1.06),
        (1 - ring * 0.4, neck * 1.04),
        (1.0, neck * 0.97),
    )
    return Package(
        name,
        "bottle",
        volume_ml,
        width_mm,
        width_mm,
        height_mm,
        ((0.0, 0.78), (0.015, 0.92), (0.04, 1.0), *body, *top),
        label,
        cap - 0.2 * ring,
        cap - 5 * ring,
    )


PACKAGES: dict[str, Package] = {
    package.name: package
    for package in (
        _can("can-330", 330, 66, 115),
        _can("can-330-sleek", 330, 58, 145),
        _can("can-250", 250, 53, 134),
        _can("can-500", 500, 66, 168),
        _bottle("pet-500", 500, 65, 228, ((0.6, 1.0), (0.7, 0.97), (0.78, 0.84), (0.85, 0.6)), label=(0.3, 0.6)),
        _bottle(
            "pet-450-contour",
            450,
            65,
            218,
            ((0.2, 1.0), (0.34, 0.86), (0.46, 0.9), (0.6, 1.0), (0.7, 0.97), (0.8, 0.76), (0.86, 0.55)),
            label=(0.46, 0.7),
        ),
        _bottle(
            "pet-500-sleeve",
            500,
            68,
            212,
            ((0.3, 1.0), (0.36, 0.95), (0.62, 0.95), (0.66, 1.0), (0.74, 0.99), (0.82, 0.82), (0.87, 0.66)),
            label=(0.05, 0.85),
            neck_mm=36,
            cap_mm=20,
        ),
        _bottle("pet-350", 350, 64, 168, ((0.56, 1.0), (0.66, 0.95), (0.75, 0.78), (0.8, 0.58)), label=(0.22, 0.55)),
        _bottle("pet-1500", 1500, 90, 312, ((0.62, 1.0), (0.7, 0.98), (0.8, 0.78), (0.88, 0.42)), label=(0.34, 0.6)),
        _bottle(
            "glass-330",
            330,
            61,
            222,
            ((0.48, 1.0), (0.56, 0.95), (0.66, 0.68), (0.76, 0.5), (0.9, 0.44)),
            label=(0.12, 0.46),
            neck_mm=26,
            cap_mm=7,
        ),
        Package("carton-200", "carton", 200, 50, 38, 122),
        Package("carton-330", "carton", 330, 62, 50, 142),
        Package("carton-1000", "carton", 1000, 95, 64, 198),
    )
}

BY_CATEGORY: dict[str, tuple[str, ...]] = {
    "soda": ("can-330", "can-330-sleek", "pet-450-contour", "pet-500", "glass-330", "pet-1500"),
    "water": ("pet-500", "pet-350", "pet-500", "pet-1500"),
    "tea": ("pet-500-sleeve", "pet-450-contour", "can-330-sleek", "pet-500-sleeve", "carton-330"),
    "juice": ("carton-330", "pet-350", "carton-1000", "can-250", "carton-200"),
    "energy": ("can-250", "can-500", "can-330-sleek", "can-250"),
    "milk": ("carton-200", "carton-1000", "pet-350", "carton-330"),
}


@cache
def outline_mm(name: str) -> tuple[Floats, Floats]:
    """The outline of a package as tables over its height, bottom to top.

    Returns:
        Radius in mm and its slope (d radius / d height), `SAMPLES` entries each.
    """
    package = PACKAGES[name]
    heights, radii = np.array(package.outline, np.float32).T
    y = np.linspace(0, 1, SAMPLES, dtype=np.float32)
    radius = np.interp(y, heights, radii).astype(np.float32) * package.width_mm / 2
    radius = cv2.GaussianBlur(radius.reshape(1, -1), (0, 0), 2.2, borderType=cv2.BORDER_REPLICATE).ravel()
    slope = np.gradient(radius, package.height_mm / (SAMPLES - 1))
    return radius, np.clip(slope, -3, 3).astype(np.float32)
