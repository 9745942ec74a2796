"""The skin of a package: one picture unrolled about it, and how each height of it takes light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.label import small_print
from models.scenes.palette import Palette, mix

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Picture
    from models.scenes.lettering import Colour
    from models.scenes.packages import Package

SCALE = 4.0  # texels a millimetre
ROWS = 256  # entries of the material table, bottom to top
METAL, GLOSS, CLEAR = 0, 1, 2  # columns of the material table


@dataclass(frozen=True, slots=True)
class Skin:
    """What a package looks like unlit.

    `around` is the unrolled picture (rows from the top, columns once around, its middle faces front); for cartons it
    holds front, right, back and left side by side. `top` is the picture of the top face, square. `material` is
    ROWS x 3: how metallic, how glossy and how clear (0..1) each height is, from the bottom up.
    """

    around: Picture
    top: Picture
    material: Floats


def _roll(front: Picture, ink: Colour, rng: np.random.Generator) -> Picture:
    """Two like panels about the package, the front one in the middle, with small print on the seams."""
    quarter = front.shape[1] // 2
    around = np.concatenate([front[:, quarter:], front, front[:, :quarter]], axis=1)
    width = around.shape[1]
    small_print(around, int(width * 0.2), int(width * 0.27), rng, ink)
    return around


def _can(package: Package, front: Picture, palette: Palette, rng: np.random.Generator) -> Skin:
    rows = round(package.height_mm * SCALE)
    around = _roll(front, palette.dark, rng)
    full = np.full((rows, around.shape[1], 3), 205, np.uint8)
    y0, y1 = round((1 - package.label[1]) * rows), round((1 - package.label[0]) * rows)
    full[y0:y1] = cv2.resize(around, (around.shape[1], y1 - y0), interpolation=cv2.INTER_AREA)
    material = np.zeros((ROWS, 3), np.float32)
    y = np.linspace(0, 1, ROWS)
    printed = (y > package.label[0]) & (y < package.label[1])
    material[:, METAL] = np.where(printed, rng.choice((0.25, 0.45, 0.6)), 0.95)
    material[:, GLOSS] = np.where(printed, 0.55, 0.9)
    return Skin(full, _can_top(), material)


def _can_top(size: int = 96) -> Picture:
    """An aluminium lid with its ring and tear line."""
    top = np.full((size, size, 3), 150, np.uint8)
    c = size // 2
    for radius, tone in ((0.5, 225), (0.46, 120), (0.43, 185), (0.36, 205)):
        cv2.circle(top, (c, c), int(size * radius), (tone, tone, tone), -1, cv2.LINE_AA)
    cv2.ellipse(
        top, (c, int(size * 0.66)), (int(size * 0.15), int(size * 0.12)), 0, 0, 360, (140, 140, 140), 1, cv2.LINE_AA
    )
    cv2.ellipse(
        top, (c, int(size * 0.48)), (int(size * 0.09), int(size * 0.17)), 0, 0, 360, (235, 235, 235), -1, cv2.LINE_AA
    )
    cv2.ellipse(
        top, (c, int(size * 0.4)), (int(size * 0.05), int(size * 0.06)), 0, 0, 360, (120, 120, 120), -1, cv2.LINE_AA
    )
    return top


def _bottle(package: Package, front: Picture, palette: Palette, clarity: float, rng: np.random.Generator) -> Skin:
    around = _roll(front, palette.dark, rng)
    rows, width = round(package.height_mm * SCALE), around.shape[1]
    y = 1 - (np.arange(rows, dtype=np.float32) + 0.5) / rows  # height of each row
    liquid = np.array(palette.liquid, np.float32)
    glass = np.array(
        (205, 210, 205) if package.name != "glass-330" else mix(palette.liquid, (60, 90, 70), 0.5), np.float32
    )
    body = np.where((y < package.fill)[:, None], liquid, glass * 0.5 + liquid * 0.5)[:, None].repeat(width, axis=1)
    turn = np.linspace(0, 2 * np.pi, width, endpoint=False, dtype=np.float32)
    mould = str(rng.choice(("smooth", "smooth", "flutes", "rings")))
    relief = np.ones((rows, width), np.float32)
    if mould == "flutes":
        relief += 0.09 * np.cos(turn * int(rng.choice((10, 14, 18))))[None] * (np.abs(y - 0.18) < 0.13)[:, None]
    elif mould == "rings":
        wave = np.sin(y * package.height_mm / float(rng.uniform(9, 15)) * 2 * np.pi)
        relief += (0.08 * np.sign(wave) * np.abs(wave) ** 3 * (y < package.fill))[:, None]
    full = np.clip(body * relief[..., None], 0, 255).astype(np.uint8)
    y0, y1 = round((1 - package.label[1]) * rows), round((1 - package.label[0]) * rows)
    full[y0:y1] = cv2.resize(around, (width, y1 - y0), interpolation=cv2.INTER_AREA)
    cap = np.array(palette.cap, np.float32) * (1 + 0.13 * np.cos(turn * 60))[:, None]
    full[y > package.cap] = np.clip(cap, 0, 255).astype(np.uint8)[None]
    h = np.linspace(0, 1, ROWS)
    printed = (h > package.label[0]) & (h < package.label[1])
    closed = h > package.cap
    material = np.zeros((ROWS, 3), np.float32)
    material[:, METAL] = np.where(closed & (package.name == "glass-330"), 0.7, 0.0)
    material[:, GLOSS] = np.where(closed, 0.25, np.where(printed, 0.4, 1.0))
    dark = max(palette.liquid) < 60
    filling = 0.05 if dark else max(clarity, 0.02)
    material[:, CLEAR] = np.where(closed | printed, 0.0, np.where(h < package.fill, filling, 0.75))
    top = np.full((32, 32, 3), palette.cap, np.uint8)
    return Skin(full, top, material)


def _carton(package: Package, front: Picture, side: Picture, palette: Palette, rng: np.random.Generator) -> Skin:
    ink = palette.dark if sum(palette.ground) > 330 else (235, 235, 235)
    small_print(side, int(side.shape[1] * 0.2), int(side.shape[1] * 0.8), rng, ink)
    around = np.concatenate([front, side, front, side], axis=1)
    top = np.full((64, 64, 3), mix(palette.ground, (255, 255, 255), 0.1), np.uint8)
    cv2.line(top, (0, 32), (64, 32), mix(palette.ground, (0, 0, 0), 0.25), 2)
    if package.volume_ml >= 1000:
        cv2.circle(top, (32, 18), 11, palette.cap, -1, cv2.LINE_AA)
    else:
        cv2.circle(top, (14, 14), 4, (200, 200, 205), -1, cv2.LINE_AA)
    material = np.zeros((ROWS, 3), np.float32)
    material[:, GLOSS] = rng.choice((0.15, 0.3))
    return Skin(around, top, material)


def panel_size(package: Package) -> tuple[int, int]:
    """Rows and columns of the panel to print for a package: half way around, or one face of a carton."""
    rows = round((package.label[1] - package.label[0]) * package.height_mm * SCALE)
    across = package.width_mm if package.kind == "carton" else package.width_mm * np.pi / 2
    return rows, 4 * round(across * SCALE / 4)


def dress(package: Package, *, front: Picture, palette: Palette, clarity: float, rng: np.random.Generator) -> Skin:
    """Wrap a printed panel about its package, whose filling is more or less clear (0..1)."""
    if package.kind == "carton":
        width = 4 * round(package.depth_mm * SCALE / 4)
        x = (front.shape[1] - width) // 2
        side = cv2.GaussianBlur(front[:, x : x + width], (0, 0), 9)
        return _carton(package, front, side, palette, rng)
    if package.kind == "can":
        return _can(package, front, palette, rng)
    return _bottle(package, front, palette, clarity, rng)
