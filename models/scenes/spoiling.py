"""Faults of a view made on a finished picture, a photograph too: what a camera that was aimed badly would have given.

Where light is concerned the picture is taken back to linear light first (gamma 2.2): a photograph's own curve is not
known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.effects import condensation, reflections, shaken

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.arrays import Floats, Mask, Picture

GAMMA = 2.2
LONG = 640
"""Pixels of the longer edge in which blur is given."""


def exposed(picture: Picture, stops: float, rng: np.random.Generator) -> Picture:
    """With more or less light, and the noise that little light has."""
    light = _linear(picture) * 2.0**stops
    noise = 0.004
    light = light + rng.standard_normal(light.shape, np.float32) * np.sqrt(
        noise**2 + np.maximum(light, 0) * noise * 0.1
    )
    return _picture(light)


def defocused(picture: Picture, pixels: float) -> Picture:
    """Out of focus, in pixels of LONG."""
    return _picture(cv2.GaussianBlur(_linear(picture), (0, 0), pixels * max(picture.shape) / LONG))


def shook(picture: Picture, pixels: float, angle: float) -> Picture:
    """Moved while the shutter was open, in pixels of LONG and degrees."""
    return _picture(shaken(_linear(picture), pixels * max(picture.shape) / LONG, angle))


def fogged(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Behind fogged glass, all over the picture."""
    rows, columns = picture.shape[:2]
    return _veiled(picture, condensation(rows, columns, strength, rng))


def smeared(picture: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Through a lens with grease or dust on it: soft patches over a share of the picture."""
    rows, columns = picture.shape[:2]
    coarse = cv2.resize(rng.normal(0, 1, (4, 4)).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
    limit = float(np.quantile(coarse, 1 - share))
    patches = np.clip((coarse - limit) / 0.35 + 0.5, 0, 1)
    return _veiled(picture, np.asarray(0.9 * patches, np.float32))


def mirrored_light(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """With the windows and lamps of the shop mirrored in the glass."""
    rows, columns = picture.shape[:2]
    return _picture(_linear(picture) + reflections(rows, columns, strength, rng))


def backlit(picture: Picture, stops: float, goods: NDArray[np.float64]) -> Picture:
    """With a window behind or beside the fixture: the camera's exposure follows it, the goods stay dark.

    Args:
        picture: (height, width, 3) BGR.
        stops: by which the goods darken.
        goods: x1, y1, x2, y2 of where they stand, pixels.
    """
    rows, columns = picture.shape[:2]
    x1, y1, x2, y2 = goods
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    beside = np.maximum.reduce([x1 - xs, xs - x2, y1 - ys, ys - y2]) / max(rows, columns)
    bright = cv2.GaussianBlur(np.clip(beside * 40, 0, 1).astype(np.float32), (0, 0), columns / 60)[..., None]
    light = _linear(picture) * 2.0**-stops
    return _picture(light * (1 - bright) + 1.2 * bright)


def turned(picture: Picture, degrees: float) -> Picture:
    """Rotated clockwise, cropped to what has no empty corners."""
    rows, columns = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), -degrees, 1.0)
    whole = cv2.warpAffine(picture, turn, (columns, rows), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    sine, cosine = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))
    share = 1 / (cosine + sine * max(rows / columns, columns / rows))
    high, wide = round(rows * share / 2), round(columns * share / 2)
    return np.ascontiguousarray(whole[rows // 2 - high : rows // 2 + high, columns // 2 - wide : columns // 2 + wide])


def barred(picture: Picture, across: tuple[float, float], rng: np.random.Generator) -> Picture:
    """With something upright before the lens, from top to bottom: a door's edge, a frame, a display.

    Args:
        picture: (height, width, 3) BGR.
        across: where it begins and ends, pixels.
        rng: of its colour.
    """
    rows, columns = picture.shape[:2]
    lean = float(rng.uniform(-0.03, 0.03)) * columns
    mask = np.zeros((rows, columns), np.float32)
    corners = [
        (across[0] + lean, -9),
        (across[1] + lean, -9),
        (across[1] - lean, rows + 9),
        (across[0] - lean, rows + 9),
    ]
    cv2.fillPoly(mask, [np.round(np.array(corners)).astype(np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), max(1.0, columns / 150))[..., None]
    colour = rng.uniform(0.02, 0.5) * rng.uniform(0.85, 1.15, 3)
    shade = np.linspace(0.8, 1.2, columns, dtype=np.float32)[None, :, None] * np.linspace(1.1, 0.9, rows)[:, None, None]
    return _picture(_linear(picture) * (1 - mask) + (colour * shade * mask).astype(np.float32))


def smaller(picture: Picture, share: float) -> Picture:
    """From a camera with fewer pixels, or as far away: this share of its width and height."""
    return np.asarray(cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def _veiled(picture: Picture, veil: Mask) -> Picture:
    light = _linear(picture)
    misty = cv2.GaussianBlur(light, (0, 0), max(picture.shape[1] / 110, 1.0)) * 0.75 + 0.16
    return _picture(light + (misty - light) * veil[..., None])


def _linear(picture: Picture) -> Floats:
    return np.asarray((picture.astype(np.float32) / 255) ** GAMMA, np.float32)


def _picture(light: NDArray[np.floating]) -> Picture:
    return np.asarray(np.round(np.clip(light, 0, 1) ** (1 / GAMMA) * 255), np.uint8)
