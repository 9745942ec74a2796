"""The print of a package: a ground pattern, the brand's emblem and word, the variant, a motif and small print."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.lettering import FACES, Colour, Style, blend, write
from models.scenes.motifs import MOTIFS
from models.scenes.palette import Palette, luminance, mix

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Picture

GROUNDS = ("plain", "fade", "waves", "diagonal", "burst", "split", "dots", "facets", "bands", "swoosh")
EMBLEMS = ("none", "oval", "banner", "shield", "disc", "ribbon")
LAYOUTS = ("across", "upright", "tilted", "arched")


@dataclass(frozen=True, slots=True)
class Design:
    """What all labels of a brand share."""

    ground: str
    emblem: str
    layout: str
    style: Style
    capitals: bool
    motif_place: float
    motif_size: float


def brand_design(rng: np.random.Generator) -> Design:
    """Draw a brand's design."""
    return Design(
        ground=str(rng.choice(GROUNDS)),
        emblem=str(rng.choice(EMBLEMS)),
        layout=str(rng.choice(LAYOUTS, p=(0.4, 0.2, 0.2, 0.2))),
        style=Style(
            face=str(rng.choice(FACES)),
            weight=int(rng.integers(600, 950)),
            outline_part=float(rng.uniform(0.06, 0.16)),
            shear=float(rng.choice((0, 0, 0.2, 0.3))),
            shadow=float(rng.choice((0, 0.07))),
        ),
        capitals=bool(rng.random() < 0.5),
        motif_place=float(rng.uniform(-0.12, 0.12)),
        motif_size=float(rng.uniform(0.75, 1.1)),
    )


def _grid(h: int, w: int) -> tuple[Floats, Floats]:
    """Height 0..1 from the top, and turn -1..1 about the middle of a panel, as two h x w arrays."""
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    return (ys / max(h - 1, 1)).astype(np.float32), (xs / max(w - 1, 1) * 2 - 1).astype(np.float32)


def _pattern(name: str, h: int, w: int, rng: np.random.Generator) -> Floats:
    """How much of the second tone shows at each pixel, 0..1; joins at the panel's sides."""
    v, u = _grid(h, w)
    phase, turn = rng.uniform(0, 2 * np.pi), np.pi * u
    aspect = h / w
    if name == "fade":
        field = v * 1.2 - 0.1
    elif name == "waves":
        field = 0.5 + 3 * np.sin(v * rng.uniform(14, 26) + 1.6 * np.sin(turn + phase))
    elif name == "diagonal":
        field = 0.5 + 4 * np.sin(v * aspect * 18 + 4 * turn + phase)
    elif name == "burst":
        angle = np.arctan2((v - rng.uniform(0.3, 0.5)) * aspect * 2, u)
        field = (0.5 + 3 * np.sin(angle * int(rng.integers(9, 16)))) * np.clip(1.3 - np.hypot(u, v - 0.5), 0, 1)
    elif name == "split":
        field = 0.5 + 40 * (v - rng.uniform(0.5, 0.68) - 0.07 * np.cos(turn + phase))
    elif name == "dots":
        cells = rng.integers(8, 14)
        field = 0.5 + 9 * (np.cos(turn * cells) * np.cos(v * aspect * np.pi * 2 * cells) - 0.75 + 0.5 * v)
    elif name == "facets":
        points = rng.uniform((0, -1), (1, 1), (26, 2)).astype(np.float32)
        away = np.hypot(v[..., None] * aspect - points[:, 0] * aspect, np.abs(u[..., None] - points[:, 1]))
        field = rng.uniform(0, 1, 26)[np.argmin(away, axis=2)]
    elif name == "bands":
        field = 0.5 + 40 * (np.abs(v - rng.uniform(0.35, 0.6)) - rng.uniform(0.14, 0.26))
    elif name == "swoosh":
        curve = rng.uniform(0.45, 0.6) + 0.2 * np.sin(turn + phase) + 0.08 * np.sin(2 * turn)
        field = 0.5 + 30 * np.minimum(v - curve, curve + 0.22 - v)
    else:
        field = np.zeros_like(v)
    tone: Floats = np.clip(field, 0, 1).astype(np.float32)
    return tone


def _emblem(
    canvas: Picture, name: str, *, x: float, y: float, w: float, h: float, colours: tuple[Colour, Colour]
) -> None:
    """Draw the shape that the brand's word stands on, and its rim."""
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cx, cy = int(x), int(y)
    if name == "oval":
        cv2.ellipse(mask, (cx, cy), (int(w * 0.56), int(h * 0.85)), -8, 0, 360, 255, -1, cv2.LINE_AA)
    elif name == "disc":
        cv2.circle(mask, (cx, cy), int(w * 0.5), 255, -1, cv2.LINE_AA)
    elif name == "banner":
        mask[max(0, int(y - h * 0.75)) : int(y + h * 0.75)] = 255
    elif name == "shield":
        shape = ((-0.55, -0.95), (0.55, -0.95), (0.55, 0.35), (0, 1.3), (-0.55, 0.35))
        points = np.array([(x + px * w, y + py * h * 1.1) for px, py in shape])
        cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)
    elif name == "ribbon":
        ribbon = ((-0.75, -0.5), (0.75, -0.95), (0.62, -0.1), (0.75, 0.55), (-0.75, 0.95), (-0.62, 0.2))
        points = np.array([(x + px * w, y + py * h) for px, py in ribbon])
        cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)
    rim = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    blend(canvas, (rim / 255).astype(np.float32), colours[1], x=0, y=0)
    blend(canvas, (mask / 255).astype(np.float32), colours[0], x=0, y=0)


def small_print(canvas: Picture, x0: int, x1: int, rng: np.random.Generator, ink: Colour) -> None:
    """A column of text too small to read, a table of nutrition and a bar code, as on every back."""
    h = canvas.shape[0]
    width = x1 - x0
    y = int(h * 0.12)
    while y < h * 0.5:
        x = x0
        while x < x1 - 6:
            run = int(rng.integers(4, 14))
            canvas[y : y + 2, x : min(x + run, x1)] = ink
            x += run + 3
        y += 5
    code = np.repeat(rng.integers(0, 2, max(width // 2, 4)), 2)[:width]
    top, bottom = int(h * 0.58), int(h * 0.8)
    canvas[top - 3 : bottom + 3, x0 - 2 : x1 + 2] = 250
    canvas[top:bottom, x0 : x0 + len(code)] = np.where(code, 30, 250)[None, :, None]


def panel(
    *,
    height: int,
    width: int,
    design: Design,
    palette: Palette,
    brand: str,
    variant: str,
    motif: str,
    volume: str,
    seen_part: float,
    rng: np.random.Generator,
) -> Picture:
    """Print one panel, height x width pixels, of which a shopper sees the middle `seen_part` from the front."""
    tone = _pattern(design.ground, height, width, rng)[..., None]
    ground, second = np.array(palette.ground, np.float32), np.array(palette.second, np.float32)
    canvas: Picture = (ground + (second - ground) * tone).astype(np.uint8)
    x, seen = width / 2, width * seen_part
    upright = design.layout == "upright" and height > seen * 0.9
    brand_y, motif_y, variant_y = height * (0.3 + 0.3 * design.motif_place), height * 0.73, height * 0.52
    word_height = min(height * 0.28, seen * 0.42)
    if upright:
        brand_y, motif_y, variant_y = height * 0.42, height * 0.84, height * 0.9
    emblem_colours = (palette.emblem, mix(palette.emblem, (255, 255, 255), 0.75))
    if design.emblem != "none" and not upright:
        _emblem(canvas, design.emblem, x=x, y=brand_y, w=seen, h=word_height * 0.95, colours=emblem_colours)
    word = brand.upper() if design.capitals else brand
    behind = palette.emblem if design.emblem != "none" and not upright else palette.ground
    plain = palette.word if abs(luminance(palette.word) - luminance(behind)) > 0.25 else palette.dark
    rim = palette.dark if luminance(plain) > 0.5 else (250, 250, 250)
    arc = {"arched": -0.35}.get(design.layout, 0.0)
    shear = design.style.shear + (0.25 if design.layout == "tilted" else 0.0)
    style = replace(design.style, colour=plain, outline=rim, arc=arc, shear=shear)
    motif_x = x if upright else x + design.motif_place * seen
    radius = min(height * 0.14, seen * 0.25) * design.motif_size
    halo = np.zeros(canvas.shape[:2], np.float32)
    cv2.circle(halo, (int(motif_x), int(motif_y)), int(radius * 1.25), 0.85, -1, cv2.LINE_AA)
    if min(palette.ground) < 200:
        blend(canvas, cv2.GaussianBlur(halo, (0, 0), radius * 0.3), mix(palette.second, (255, 255, 255), 0.8), x=0, y=0)
    MOTIFS[motif](canvas, motif_x, motif_y, radius, palette.fruit)
    if upright:
        write(canvas, word, centre=(x, brand_y), height=seen * 0.55, max_width=height * 0.72, style=style, turn=1)
    else:
        write(canvas, word, centre=(x, brand_y), height=word_height, max_width=seen * 0.98, style=style)
    ink = (250, 250, 250) if luminance(palette.ground) < 0.55 else palette.dark
    note = Style(face="uni", weight=700, colour=ink, outline=palette.ground, outline_part=0.06)
    side = x + seen * 0.4 if upright else x
    write(
        canvas,
        variant.upper(),
        centre=(side if upright else x, height * 0.42 if upright else variant_y),
        height=height * 0.09,
        max_width=(height * 0.6 if upright else seen * 0.8),
        style=note,
        turn=1 if upright else 0,
    )
    write(canvas, volume, centre=(x, height * 0.945), height=height * 0.055, max_width=seen * 0.5, style=note)
    return canvas
