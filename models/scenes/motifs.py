"""The small pictures on a label: fruit, leaves, drops, bolts, drawn with polygons and ellipses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.palette import mix

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.scenes.arrays import Picture
    from models.scenes.lettering import Colour

_SHIFT = 4  # sub-pixel bits of OpenCV's drawing
_WHITE: Colour = (255, 255, 255)


def _fill(canvas: Picture, points: list[tuple[float, float]], colour: Colour) -> None:
    scaled = np.round(np.array(points) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [scaled], colour, cv2.LINE_AA, _SHIFT)


def _disc(  # noqa: PLR0917 - coordinates in order, as in all of OpenCV's drawing
    canvas: Picture, x: float, y: float, rx: float, ry: float, colour: Colour, angle: float = 0
) -> None:
    t = np.linspace(0, 2 * np.pi, 40)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    px, py = rx * np.cos(t), ry * np.sin(t)
    _fill(canvas, list(zip(x + px * c - py * s, y + px * s + py * c, strict=True)), colour)


def _ball(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A round fruit: shaded from a dark rim to a highlight."""
    for part in np.linspace(0, 1, 7):
        shade = mix(mix(colour, (0, 0, 0), 0.35), mix(colour, _WHITE, 0.25), float(part))
        _disc(canvas, x - 0.22 * r * part, y - 0.25 * r * part, r * (1 - 0.62 * part), r * (1 - 0.62 * part), shade)
    _disc(canvas, x - 0.35 * r, y - 0.42 * r, r * 0.16, r * 0.1, _WHITE, -30)


def leaf(canvas: Picture, x: float, y: float, r: float, colour: Colour, *, angle: float = -40) -> None:
    """A pointed leaf with a midrib."""
    green = mix((40, 150, 50), colour, 0.25)
    t = np.linspace(0, 1, 20)
    half = np.sin(np.pi * t) ** 0.8 * r * 0.36
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    px, along = np.concatenate([half, -half[::-1]]), np.concatenate([t, t[::-1]]) * 2 * r - r
    for part, tone in ((1.0, green), (0.62, mix(green, _WHITE, 0.22))):
        xs, ys = along * c - px * part * s, along * s + px * part * c
        _fill(canvas, list(zip(x + xs, y + ys, strict=True)), tone)
    cv2.line(
        canvas,
        (int(x - r * c), int(y - r * s)),
        (int(x + r * c), int(y + r * s)),
        mix(green, (0, 0, 0), 0.4),
        1,
        cv2.LINE_AA,
    )


def citrus(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A cut citrus fruit with its segments, a whole one behind it, and a leaf."""
    _ball(canvas, x + 0.75 * r, y - 0.35 * r, 0.75 * r, colour)
    leaf(canvas, x + 0.75 * r, y - 1.15 * r, 0.55 * r, colour)
    _disc(canvas, x, y, r, r, colour)
    _disc(canvas, x, y, 0.88 * r, 0.88 * r, mix(colour, _WHITE, 0.85))
    for k in range(9):
        a0, a1 = 2 * np.pi * (k + 0.09) / 9, 2 * np.pi * (k + 0.91) / 9
        mid = (a0 + a1) / 2
        tip = (x + 0.12 * r * np.cos(mid), y + 0.12 * r * np.sin(mid))
        arc = [(x + 0.8 * r * np.cos(a), y + 0.8 * r * np.sin(a)) for a in np.linspace(a0, a1, 6)]
        _fill(canvas, [tip, *arc], mix(colour, _WHITE, 0.25))


def berries(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A cluster of berries under a leaf."""
    leaf(canvas, x + 0.4 * r, y - 0.95 * r, 0.7 * r, colour)
    for dx, dy in ((-0.75, -0.3), (0, -0.45), (0.75, -0.3), (-0.4, 0.2), (0.4, 0.2), (0, 0.75)):
        _ball(canvas, x + dx * r, y + dy * r, 0.46 * r, colour)


def peach(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """Two round fruits, one cut open to the stone."""
    _ball(canvas, x - 0.55 * r, y, 0.85 * r, colour)
    leaf(canvas, x - 0.3 * r, y - 0.95 * r, 0.6 * r, colour, angle=-25)
    _disc(canvas, x + 0.6 * r, y + 0.25 * r, 0.72 * r, 0.66 * r, mix(colour, (0, 0, 0), 0.2))
    _disc(canvas, x + 0.6 * r, y + 0.25 * r, 0.64 * r, 0.58 * r, mix(colour, (190, 240, 255), 0.65))
    _disc(canvas, x + 0.6 * r, y + 0.25 * r, 0.24 * r, 0.28 * r, (40, 70, 110))


def drop(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A drop with a crown of small ones."""
    for dx, dy, k in ((0, 0, 1.0), (-0.95, 0.35, 0.42), (0.95, 0.3, 0.36)):
        t = np.linspace(0, 2 * np.pi, 40)
        px, py = np.sin(t) * np.sin(t / 2) ** 1.5, -np.cos(t)
        _fill(
            canvas,
            list(zip(x + (dx + k * 0.8 * px) * r, y + (dy - k * py) * r * -1 + 0, strict=True)),
            mix(colour, _WHITE, 0.3),
        )
    _disc(canvas, x - 0.25 * r, y + 0.3 * r, 0.12 * r, 0.25 * r, _WHITE, 20)


def bolt(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A flash of lightning."""
    shape = ((0.25, -1.5), (-0.7, 0.15), (-0.05, 0.1), (-0.35, 1.5), (0.75, -0.35), (0.1, -0.25))
    _fill(canvas, [(x + px * r * 1.15, y + py * r * 1.1) for px, py in shape], (250, 250, 250))
    _fill(canvas, [(x + px * r, y + py * r) for px, py in shape], colour)


def star(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A five-pointed star within a lighter one."""
    for size, tone in ((1.2, mix(colour, _WHITE, 0.7)), (0.9, colour)):
        ring = [
            (
                x + size * r * (1 if k % 2 == 0 else 0.45) * np.sin(np.pi * k / 5),
                y - size * r * (1 if k % 2 == 0 else 0.45) * np.cos(np.pi * k / 5),
            )
            for k in range(10)
        ]
        _fill(canvas, ring, tone)


def flower(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """Six petals about a yellow heart."""
    for k in range(6):
        a = np.pi * k / 3
        _disc(
            canvas,
            x + 0.6 * r * np.cos(a),
            y + 0.6 * r * np.sin(a),
            0.52 * r,
            0.3 * r,
            mix(colour, _WHITE, 0.7),
            np.degrees(a),
        )
    _disc(canvas, x, y, 0.28 * r, 0.28 * r, (40, 200, 250))


def mountain(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """Snow-capped peaks."""
    for dx, k in ((-0.8, 0.8), (0.7, 0.9), (0.0, 1.25)):
        px = x + dx * r
        base = y + 0.8 * r
        _fill(
            canvas, [(px - k * r, base), (px, base - 1.5 * k * r), (px + k * r, base)], mix(colour, (60, 30, 20), 0.35)
        )
        _fill(
            canvas,
            [
                (px - 0.35 * k * r, base - 0.98 * k * r),
                (px, base - 1.5 * k * r),
                (px + 0.35 * k * r, base - 0.98 * k * r),
                (px + 0.1 * k * r, base - 0.85 * k * r),
                (px - 0.1 * k * r, base - 1.05 * k * r),
            ],
            _WHITE,
        )


def wave(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """Three swells, each lighter than the last."""
    t = np.linspace(-1.8, 1.8, 40)
    for k in range(3):
        crest = y + (k - 1) * 0.5 * r + 0.28 * r * np.sin(t * 2.6 + k * 1.3)
        edge = list(zip(x + t * r, crest, strict=True))
        swell = crest + (0.06 + 0.26 * (1 - (t / 1.8) ** 2)) * r
        under = list(zip((x + t * r)[::-1], swell[::-1], strict=True))
        _fill(canvas, edge + under, mix(colour, _WHITE, 0.15 + 0.3 * k))


def flake(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """A snow crystal."""
    width = max(1, int(r * 0.14))
    tone = mix(colour, _WHITE, 0.8)
    for k in range(6):
        a = np.pi * k / 3
        cv2.line(canvas, (int(x), int(y)), (int(x + r * np.cos(a)), int(y + r * np.sin(a))), tone, width, cv2.LINE_AA)
        for side in (-0.5, 0.5):
            start = (int(x + 0.6 * r * np.cos(a)), int(y + 0.6 * r * np.sin(a)))
            end = (int(start[0] + 0.35 * r * np.cos(a + side)), int(start[1] + 0.35 * r * np.sin(a + side)))
            cv2.line(canvas, start, end, tone, width, cv2.LINE_AA)


def bubbles(canvas: Picture, x: float, y: float, r: float, colour: Colour) -> None:
    """Rising bubbles."""
    for dx, dy, k in ((-0.6, 0.5, 0.42), (0.45, 0.2, 0.5), (-0.1, -0.55, 0.36), (0.7, -0.75, 0.24), (-0.75, -0.5, 0.2)):
        _disc(canvas, x + dx * r, y + dy * r, k * r, k * r, mix(colour, _WHITE, 0.75))
        _disc(canvas, x + dx * r, y + dy * r, k * r * 0.8, k * r * 0.8, mix(colour, _WHITE, 0.3))
        _disc(canvas, x + (dx - 0.3 * k) * r, y + (dy - 0.35 * k) * r, k * r * 0.22, k * r * 0.22, _WHITE)


MOTIFS: dict[str, Callable[[Picture, float, float, float, Colour], None]] = {
    "citrus": citrus,
    "berries": berries,
    "peach": peach,
    "leaf": leaf,
    "drop": drop,
    "bolt": bolt,
    "star": star,
    "flower": flower,
    "mountain": mountain,
    "wave": wave,
    "flake": flake,
    "bubbles": bubbles,
}
