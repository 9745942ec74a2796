"""Fronts of invented packs of every kind a supermarket sells, flat and cut out: boxes, bags, pouches, bottles, jars.

The solids of `packages` are drinks; these are what dense shelves hold besides. They are drawn from the front only,
which is cheap: hundreds make a wall (`walls`) in a few tenths of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.label import brand_design, panel, small_print
from models.scenes.motifs import MOTIFS
from models.scenes.names import FLAVOURS, brand_name
from models.scenes.palette import hsv, variant_palette

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Picture
    from models.scenes.label import Design

TALL = 150  # pixels of a pack's longer side: as large as it is ever drawn
_SCHEMES = ("flavour", "flavour", "brand", "white", "black")
_VOLUMES = ("100 g", "250 g", "400 ml", "1 kg", "12 x", "75 ml", "500 g", "2 L", "36 pcs")

# Kind of pack: its odds, and width over height from and to.
KINDS: dict[str, tuple[float, float, float]] = {
    "box": (0.30, 0.35, 2.6),
    "bag": (0.15, 0.6, 1.2),
    "pouch": (0.12, 0.55, 0.95),
    "bottle": (0.17, 0.24, 0.5),
    "jar": (0.08, 0.55, 1.0),
    "tub": (0.06, 0.9, 1.8),
    "tube": (0.05, 0.2, 0.4),
    "blister": (0.07, 0.3, 0.8),
}
CAPPED = ("bottle", "jar", "tube", "pouch")


@dataclass(frozen=True, slots=True, eq=False)
class FlatPack:
    """The front of one product."""

    name: str  # no other product has it
    kind: str
    picture: Picture  # (h, w, 3) BGR
    mask: Floats  # (h, w) 0..1: what of it the pack covers


def invent_range(name: str, rng: np.random.Generator) -> list[FlatPack]:
    """One brand's range: one form and design, one to five variants in other colours."""
    kinds = list(KINDS)
    odds = np.array([KINDS[kind][0] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=odds / odds.sum()))]
    low, high = KINDS[kind][1:]
    aspect = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    height, width = (TALL, max(20, round(TALL * aspect))) if aspect <= 1 else (max(20, round(TALL / aspect)), TALL)
    design, brand, scheme = brand_design(rng), brand_name(rng), str(rng.choice(_SCHEMES))
    hue, seed = int(rng.integers(180)), int(rng.integers(2**31))
    mask = _outline(kind, height, width, np.random.default_rng(seed))
    packs = []
    for variant in range(int(rng.integers(1, 6))):
        print_ = _print(height, width, design=design, brand=brand, scheme=scheme, hue=hue, seed=seed, rng=rng)
        packs.append(FlatPack(f"{name}-{variant}", kind, _form(kind, print_, mask, np.random.default_rng(seed)), mask))
    return packs


def _print(
    height: int, width: int, *, design: Design, brand: str, scheme: str, hue: int, seed: int, rng: np.random.Generator
) -> Picture:
    category = list(FLAVOURS)[int(rng.integers(len(FLAVOURS)))]
    flavour = FLAVOURS[category][int(rng.integers(len(FLAVOURS[category])))]
    palette = variant_palette(
        category=category,
        hue=int(rng.integers(180)),
        second_hue=int(rng.integers(180)),
        scheme=scheme,
        brand_hue=hue,
        rng=rng,
    )
    canvas = panel(
        height=height,
        width=width,
        design=design,
        palette=palette,
        brand=brand,
        variant=flavour.name,
        motif=str(rng.choice(list(MOTIFS))),
        volume=str(rng.choice(_VOLUMES)),
        seen_part=float(rng.uniform(0.7, 0.95)),
        rng=np.random.default_rng(seed),
    )
    if rng.random() < 0.12 and width > 50:  # some stand with their side or back to the front
        canvas[:] = palette.ground
        small_print(canvas, width // 5, width - width // 5, rng, palette.dark)
    return canvas


def _outline(kind: str, height: int, width: int, rng: np.random.Generator) -> Floats:
    """The silhouette of a kind of pack, soft at its edge."""
    v = np.linspace(0, 1, height, dtype=np.float32)
    half = np.ones(height, np.float32)  # half the width over the height, from the top
    if kind in ("bottle", "jar", "tube"):
        neck = {"bottle": rng.uniform(0.25, 0.6), "jar": rng.uniform(0.75, 0.98), "tube": 1.0}[kind]
        cap = {"bottle": rng.uniform(0.08, 0.2), "jar": rng.uniform(0.12, 0.22), "tube": 0.04}[kind]
        shoulder = cap + rng.uniform(0.03, 0.22)
        rise = np.clip((v - cap) / max(shoulder - cap, 0.02), 0, 1)
        half = neck + (1 - neck) * np.sqrt(1 - (1 - rise) ** 2)
        if kind == "tube":  # wide flat end above, cap below
            half = np.where(v < 0.85, 1 - 0.25 * (v / 0.85) ** 2, 0.55)
        elif rng.random() < 0.5:  # a waist to hold it by
            half = half * (1 - rng.uniform(0.05, 0.2) * np.exp(-(((v - rng.uniform(0.45, 0.7)) / 0.12) ** 2)))
    elif kind == "tub":
        half = 1 - rng.uniform(0.05, 0.2) * v
    elif kind in ("bag", "pouch"):
        bulge = rng.uniform(0.02, 0.08)
        half = 1 - bulge * (0.5 + 0.5 * np.cos(2 * np.pi * v)) - 0.015 * np.sin(v * rng.uniform(20, 50))
    mask = np.zeros((height, width), np.float32)
    across = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    mask[:] = np.clip((half[:, None] - across[None]) * width / 2 + 0.5, 0, 1)
    if kind == "bag":  # crimped seams
        teeth = (np.arange(width) // max(2, width // 30)) % 2
        mask[0, teeth == 0] = mask[-1, teeth == 1] = 0
    if kind == "blister":
        hole = (width // 2, max(3, height // 14))
        cv2.ellipse(mask, hole, (max(2, width // 9), max(1, height // 50)), 0, 0, 360, 0.0, -1, cv2.LINE_AA)
    return mask


def _form(kind: str, print_: Picture, mask: Floats, rng: np.random.Generator) -> Picture:
    """The print on its form: closure, the light on a round or pillowed body, creases, what shows through."""
    height, width = print_.shape[:2]
    picture = print_.astype(np.float32)
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    v, u = v / height, u / width * 2 - 1
    tone = hsv(float(rng.integers(180)), float(rng.uniform(0, 1)), float(rng.uniform(0.15, 0.98)))
    if kind in ("bottle", "jar", "tube"):
        rows = mask.mean(axis=1)
        top = int(height * (0.06 + 0.1 * rng.random()))
        closure = slice(int(height * 0.86), height) if kind == "tube" else slice(0, top)
        picture[closure] = tone
        if kind == "bottle" and rng.random() < 0.6:  # body colour around a label that does not cover it
            body = np.array(hsv(float(rng.integers(180)), float(rng.uniform(0, 1)), float(rng.uniform(0.2, 1))))
            bare = int(height * rng.uniform(0.25, 0.45))
            picture[top:bare] = body
            picture[int(height * rng.uniform(0.85, 0.97)) :] = body
        narrow = (rows / max(rows.max(), 1e-3))[:, None]
        light = 1 - 0.55 * np.abs(u / np.maximum(narrow, 0.2)) ** rng.uniform(2, 4)
        picture *= np.clip(light, 0.3, 1)[..., None]
        stripe = np.exp(-(((u - rng.uniform(-0.6, 0.6)) / rng.uniform(0.05, 0.2)) ** 2)) * rng.uniform(0, 110)
        picture += stripe[..., None]
    elif kind in ("bag", "pouch"):
        folds = np.zeros_like(u)
        for _ in range(int(rng.integers(3, 8))):
            angle, at = rng.uniform(-0.8, 0.8), rng.uniform(-1, 1)
            folds += np.exp(-(((u * np.cos(angle) + v * np.sin(angle) - at) / rng.uniform(0.03, 0.2)) ** 2)) * (
                rng.choice((-1, 1)) * rng.uniform(10, 60)
            )
        edge = np.minimum(1, np.minimum(v, 1 - v) / rng.uniform(0.04, 0.1))
        picture = picture * (0.75 + 0.25 * edge)[..., None] * (1 - 0.25 * u**4)[..., None] + folds[..., None]
    elif kind == "tub":
        lid = int(height * rng.uniform(0.08, 0.25))
        picture[:lid] = tone
        picture *= (1 - 0.3 * np.abs(u) ** 3)[..., None]
    elif kind == "blister":
        low = int(height * rng.uniform(0.25, 0.45))
        inner = slice(int(width * 0.15), max(int(width * 0.85), int(width * 0.15) + 2))
        picture[low : int(height * 0.93), inner] = tone
        gloss = np.exp(-(((u - rng.uniform(-0.4, 0.4)) / 0.15) ** 2)) * 70
        picture[low:] += gloss[low:, :, None]
    else:
        picture *= (1 + rng.uniform(-0.18, 0.18) * u + rng.uniform(-0.12, 0.12) * (v - 0.5))[..., None]
        picture[:2] = picture[:2] * 0.5 + 110
    return picture.clip(0, 255).astype(np.uint8)
