"""Pictures on the fixture and about it: the header sign, price strips, louvres, and the room behind."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.arrays import Floats, Picture, to_linear
from models.scenes.lettering import Colour, Style, write
from models.scenes.palette import hsv, mix

if TYPE_CHECKING:
    from models.scenes.scene import Fixture

PER_MM = 2.0  # texels a millimetre of signs and strips
ROOM_MM = (5200.0, 3600.0)  # what the picture of the room covers, across and up
_WHITE: Colour = (250, 250, 250)


def _fade(rows: int, columns: int, top: Colour, bottom: Colour) -> Picture:
    ramp = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    first, last = np.array(top, np.float32), np.array(bottom, np.float32)
    return np.repeat(first + (last - first) * ramp, columns, axis=1).astype(np.uint8)


def _crest(sign: Picture, x: float, y: float, size: float, paint: Colour) -> None:
    """The invented owner's mark: a white lozenge with a rising wave."""
    t = np.linspace(-1, 1, 24)
    lozenge = np.array([(x, y - size), (x + size, y), (x, y + size), (x - size, y)])
    cv2.fillPoly(sign, [lozenge.astype(np.int32)], _WHITE, cv2.LINE_AA)
    for k, tone in ((0.25, mix(paint, _WHITE, 0.3)), (0.6, paint)):
        crest = y + size * (k * 0.55 - 0.2 * np.sin(2.6 * t))
        inside = size * 0.86 - np.abs(crest - y)
        upper = [(x + u * w, c) for u, w, c in zip(t, inside, crest, strict=True)]
        lower = [(x + u * w * 0.9, c + size * 0.13) for u, w, c in zip(t, inside, crest, strict=True)][::-1]
        cv2.fillPoly(sign, [np.array(upper + lower).astype(np.int32)], tone, cv2.LINE_AA)


@lru_cache(maxsize=64)
def header_sign(fixture: Fixture) -> Floats:
    """The lit sign above the opening, linear light."""
    rows, columns = round(fixture.header_mm * PER_MM), round(fixture.width * PER_MM)
    rng = np.random.default_rng((fixture.seed, 21))
    sign = _fade(rows, columns, mix(fixture.paint, _WHITE, 0.12), mix(fixture.paint, (0, 0, 0), 0.25))
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    curve = rows * (0.72 + 0.16 * np.sin(xs / columns * 5 + rng.uniform(0, 6)))
    band = np.clip(ys - curve, 0, 1)[..., None]
    sign = (sign * (1 - band) + np.array(mix(fixture.paint, _WHITE, 0.45), np.float32) * band).astype(np.uint8)
    if fixture.header:
        x = columns * rng.uniform(0.45, 0.6)
        style = Style(face="sans", weight=850, colour=_WHITE, outline=mix(fixture.paint, (0, 0, 0), 0.5), shadow=0.06)
        write(sign, fixture.header, centre=(x, rows * 0.48), height=rows * 0.62, max_width=columns * 0.6, style=style)
        _crest(sign, columns * 0.13, rows * 0.46, rows * 0.3, fixture.paint)
    return to_linear(sign)


@lru_cache(maxsize=256)
def price_strip(fixture: Fixture, shelf: int) -> Floats:
    """The strip on the front edge of a shelf, linear light: logos, price tags or plain paint."""
    rows, columns = max(4, round(fixture.strip_mm * PER_MM)), round(fixture.width * PER_MM)
    rng = np.random.default_rng((fixture.seed, shelf, 22))
    paint = fixture.strip_paint
    strip = _fade(rows, columns, mix(paint, _WHITE, 0.25), mix(paint, (0, 0, 0), 0.12))
    strip[: max(1, rows // 14)] = mix(paint, _WHITE, 0.7)
    if fixture.strip_style == "logo" and fixture.header:
        style = Style(face="sans", weight=800, colour=_WHITE)
        for x in np.arange(0.12, 1.0, 0.24) * columns:
            write(
                strip,
                fixture.header,
                centre=(x, rows * 0.52),
                height=rows * 0.55,
                max_width=columns * 0.16,
                style=style,
            )
            cv2.circle(
                strip,
                (int(x - columns * 0.095), int(rows * 0.52)),
                int(rows * 0.24),
                mix(paint, _WHITE, 0.8),
                -1,
                cv2.LINE_AA,
            )
    elif fixture.strip_style == "tags":
        x = float(rng.uniform(10, 60))
        ink = Style(face="uni", weight=700, colour=(25, 25, 25))
        while x < columns - 90:
            x0, x1, y0, y1 = int(x), int(x + 80), int(rows * 0.1), int(rows * 0.92)
            card = (240, 245, 245) if rng.random() < 0.8 else (60, 220, 250)
            cv2.rectangle(strip, (x0, y0), (x1, y1), card, -1)
            price = f"{rng.integers(6, 40)}.{rng.integers(1, 10)}00"
            write(strip, price, centre=(x0 + 40, rows * 0.42), height=rows * 0.42, max_width=70, style=ink)
            strip[int(rows * 0.74) : int(rows * 0.84), x0 + 8 : x1 - 8] = np.where(rng.random(64) < 0.5, 40, 235)[
                None, :, None
            ]
            x += float(rng.uniform(95, 190))
    return to_linear(strip)


def _stand(picture: Picture, *, x: int, base: int, w: int, h: int, tone: Colour, rng: np.random.Generator) -> None:
    """A piece of the shop's furniture: a crate, a counter, or shelves with something colourful on each."""
    cv2.rectangle(picture, (x, base - h), (x + w, base), tone, -1)
    boards = int(rng.integers(0, 6))
    for k in range(boards):
        y0, y1 = base - h + k * h // boards + 3, base - h + (k + 1) * h // boards - 3
        cv2.rectangle(picture, (x + 2, y0), (x + w - 2, y1), mix(tone, (0, 0, 0), 0.55), -1)
        at = x + 3
        while at < x + w - 9:
            step = int(rng.integers(5, 11))
            thing = hsv(float(rng.integers(180)), float(rng.uniform(0.2, 0.9)), float(rng.uniform(0.3, 0.95)))
            cv2.rectangle(picture, (at, y1 - int(rng.integers(6, max(7, y1 - y0)))), (at + step - 2, y1), thing, -1)
            at += step


@lru_cache(maxsize=16)
def room(fixture: Fixture) -> Floats:
    """The shop behind and beside the fixture, out of focus, linear light."""
    rng = np.random.default_rng((fixture.seed, 23))
    rows, columns = 360, 520
    wall = hsv(float(rng.integers(180)), float(rng.uniform(0.02, 0.2)), float(rng.uniform(0.45, 0.9)))
    picture = _fade(rows, columns, mix(wall, (0, 0, 0), 0.15), wall)
    horizon = int(rows * 0.8)
    floor = hsv(float(rng.integers(8, 25)), 0.12, float(rng.uniform(0.4, 0.7)))
    picture[horizon:] = _fade(rows - horizon, columns, mix(floor, (0, 0, 0), 0.35), floor)
    for x in range(0, columns, 34):  # tiles run towards the eye
        cv2.line(picture, (x, horizon), (x + (x - columns // 2) // 2, rows), mix(floor, (0, 0, 0), 0.3), 1, cv2.LINE_AA)
    cv2.rectangle(picture, (0, horizon - 6), (columns, horizon), mix(wall, (0, 0, 0), 0.5), -1)
    for _ in range(int(rng.integers(5, 12))):
        x, w, h = int(rng.integers(0, columns)), int(rng.integers(24, 100)), int(rng.integers(50, 210))
        tone = hsv(float(rng.integers(180)), float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.2, 0.8)))
        _stand(picture, x=x, base=horizon + int(rng.integers(0, 14)), w=w, h=h, tone=tone, rng=rng)
    grain = rng.normal(0, 7, (rows // 4, columns // 4, 1)).astype(np.float32)
    grain = cv2.resize(grain, (columns, rows))[..., None]
    noisy = np.clip(picture.astype(np.float32) + grain, 0, 255).astype(np.uint8)
    return to_linear(cv2.GaussianBlur(noisy, (0, 0), float(rng.uniform(1.2, 2.6))))
