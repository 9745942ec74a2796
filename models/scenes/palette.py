"""Colours of a brand and of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from models.scenes.lettering import Colour


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A BGR colour from an OpenCV hue (0..179) and saturation and value in 0..1."""
    pixel = np.array([[[hue % 180, np.clip(saturation, 0, 1) * 255, np.clip(value, 0, 1) * 255]]], np.uint8)
    b, g, r = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0]
    return int(b), int(g), int(r)


def mix(a: Colour, b: Colour, part: float) -> Colour:
    """`a` with `part` of it replaced by `b`."""
    first, second = (int(x + (y - x) * part) for x, y in zip(a[:2], b[:2], strict=True))
    return first, second, int(a[2] + (b[2] - a[2]) * part)


def luminance(colour: Colour) -> float:
    """How bright a colour looks, 0..1."""
    return (0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]) / 255


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one product.

    Of its print: ground and its second tone, accent, emblem, word, the dark of outlines, the motif; and of its
    closure and what is inside.
    """

    ground: Colour
    second: Colour
    accent: Colour
    emblem: Colour
    word: Colour
    dark: Colour
    cap: Colour
    liquid: Colour
    fruit: Colour


_LIQUID = {
    "soda": (0.75, 0.6),
    "water": (0.12, 0.86),
    "tea": (0.8, 0.5),
    "juice": (0.82, 0.9),
    "energy": (0.8, 0.7),
    "milk": (0.12, 0.94),
}


def variant_palette(
    *, category: str, hue: int, second_hue: int, scheme: str, brand_hue: int, rng: np.random.Generator
) -> Palette:
    """Colours of a variant under its brand's scheme: `flavour` leads, `brand` leads, `white` or `black` ground."""
    colourless = hue == 0 and second_hue == 0
    sat = 0.0 if colourless else rng.uniform(0.72, 0.95)
    main = hsv(hue, sat, 0.16 if colourless else rng.uniform(0.68, 0.9))
    second = hsv(second_hue, sat * 0.95, 0.3 if colourless else rng.uniform(0.8, 0.98))
    brand = hsv(brand_hue, 0.85, 0.7)
    white, black = (246, 246, 244), (26, 22, 22)
    if scheme == "white":
        ground, tone, accent, emblem, word = white, hsv(hue, sat * 0.25, 0.95), main, brand, white
    elif scheme == "black":
        ground, tone, accent, emblem, word = black, hsv(hue, sat, 0.32), second, main, white
    elif scheme == "brand":
        ground, tone, accent, emblem, word = brand, hsv(brand_hue + 6, 0.8, 0.45), second, main, white
    else:
        ground, tone, accent, emblem, word = main, second, white, brand, white
    if luminance(emblem) > 0.72:
        word = hsv(brand_hue, 0.9, 0.35)
    caps = (brand, main, white, hsv(brand_hue, 0.9, 0.5), second)
    liquid_sat, liquid_value = _LIQUID[category]
    dark_cola = category == "soda" and hue <= 2
    liquid = hsv(4, 0.85, 0.1) if dark_cola else hsv(hue, liquid_sat * (0.9 if sat else 0.1), liquid_value)
    fruit = hsv(hue, 0.0 if colourless else 0.85, 0.95)
    cap = caps[int(rng.integers(len(caps)))]
    return Palette(ground, tone, accent, emblem, word, hsv(brand_hue, 0.9, 0.22), cap, liquid, fruit)
