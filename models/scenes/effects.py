"""What lies between the goods and the file: shopper, glass, lens, sensor, JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.shopper import Shopper, draw_shopper

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Mask, Picture
    from models.scenes.camera import Camera
    from models.scenes.scene import Fixture, Lighting


@dataclass(frozen=True, slots=True)
class Effects:
    """Strengths of all effects; the defaults are a good phone in a good moment.

    `exposure` in stops; `warmth` > 0 is yellower; `noise` is the read noise in parts of full scale; `defocus` and
    `shake` in pixels (`shake_angle` in degrees); `glare` and `fog` 0..1; `jpeg` is a quality, 0 for none.
    """

    exposure: float = 0.0
    warmth: float = 0.0
    vignette: float = 0.25
    bloom: float = 0.06
    noise: float = 0.004
    defocus: float = 0.6
    shake: float = 0.0
    shake_angle: float = 0.0
    contrast: float = 1.0
    glare: float = 0.0
    fog: float = 0.0
    fringe: float = 0.0008
    jpeg: int = 0
    seed: int = 0
    shoppers: tuple[Shopper, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """What stands before the fixture: `light` where `cover` is 1, mirrored `glare` added, `fog` that veils."""

    light: Floats
    cover: Mask
    glare: Floats
    fog: Mask


def reflections(rows: int, columns: int, strength: float, rng: np.random.Generator) -> Floats:
    """The shop mirrored in the door's glass: soft windows and lamps, slanted, and a faint veil."""
    small = np.zeros((120, 90, 3), np.float32)
    for _ in range(int(rng.integers(2, 5))):
        x, y, w, h = rng.uniform(0, 80), rng.uniform(0, 90), rng.uniform(5, 24), rng.uniform(8, 50)
        lean = rng.uniform(-6, 6)
        shape = np.array([(x, y), (x + w, y + lean * 0.3), (x + w + lean, y + h), (x + lean, y + h)])
        tint = tuple(float(v) for v in rng.uniform(0.8, 1.2, 3) * rng.uniform(0.25, 1.0))
        cv2.fillPoly(small, [np.round(shape * 8).astype(np.int32)], tint, cv2.LINE_AA, 3)
    veil = np.linspace(0.12, 0.02, 120, dtype=np.float32)[:, None, None]
    glare: Floats = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), float(rng.uniform(0.8, 2.5))) + veil,
        (columns, rows),
        interpolation=cv2.INTER_CUBIC,
    )
    return np.asarray(np.maximum(glare, 0) * strength * 0.45, np.float32)


def condensation(rows: int, columns: int, strength: float, rng: np.random.Generator) -> Mask:
    """Fog on the glass: patches that grow from the lower corners, with runs where drops have rolled down."""
    coarse = rng.normal(0, 1, (12, 9)).astype(np.float32)
    patches = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    edge = np.abs(xs / columns - 0.5) * 1.3 + ys / rows * 0.8
    fog = np.clip(strength * 1.5 + 0.28 * patches + edge * 0.8 - 1.05, 0, 1)
    for _ in range(int(24 * strength)):
        x, y = int(rng.integers(columns)), int(rng.integers(rows))
        cv2.line(
            fog,
            (x, y),
            (x + int(rng.integers(-4, 5)), min(rows, y + int(rng.integers(20, 160)))),
            0.05,
            int(rng.integers(1, 4)),
            cv2.LINE_AA,
        )
    soft: Mask = cv2.GaussianBlur(fog.astype(np.float32), (0, 0), 1.2) * 0.85
    return soft


def _pane(camera: Camera, fixture: Fixture) -> Mask:
    """Where the opening, and so the glass before it, is in the picture."""
    t = np.linspace(0, 1, 12)
    zero, one = np.zeros_like(t), np.ones_like(t)
    x = np.concatenate([t, one, 1 - t, zero]) * fixture.width
    y = np.concatenate([zero, t, one, 1 - t]) * fixture.height
    edge = camera.project(np.stack([x, y, np.zeros_like(x)], axis=1))
    pane = np.zeros((camera.height, camera.width), np.uint8)
    cv2.fillPoly(pane, [np.round(edge * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(pane / 255, np.float32)


def foreground(effects: Effects, camera: Camera, fixture: Fixture, lighting: Lighting) -> Layer:
    """Everything between the lens and the goods, at the camera's resolution."""
    rows, columns = camera.height, camera.width
    rng = np.random.default_rng((effects.seed, fixture.seed, 41))
    light, cover = np.zeros((rows, columns, 3), np.float32), np.zeros((rows, columns), np.float32)
    for shopper in effects.shoppers:
        figure, mask = draw_shopper(shopper, rows=rows, columns=columns, room=lighting.room + 0.15 * lighting.top)
        light = light * (1 - mask[..., None]) + figure * mask[..., None]
        cover = np.maximum(cover, mask)
    nothing = np.zeros((rows, columns, 3), np.float32)
    glare = reflections(rows, columns, effects.glare, rng) if effects.glare > 0 else nothing
    fog = condensation(rows, columns, effects.fog, rng) if effects.fog > 0 else nothing[..., 0]
    pane = _pane(camera, fixture)
    return Layer(light, cover, glare * pane[..., None], fog * pane)


def _glass(light: Floats, layer: Layer) -> Floats:
    if layer.fog.any():
        sigma = max(light.shape[1] / 110, 1.0)
        misty = cv2.GaussianBlur(light, (0, 0), sigma) * 0.75 + 0.16
        light = light + (misty - light) * layer.fog[..., None]
    return light + layer.glare


def shaken(light: Floats, length: float, angle: float) -> Floats:
    """Moved while the shutter was open, by `length` pixels at `angle` degrees."""
    size = max(3, int(length) | 1)
    kernel = np.zeros((size, size), np.float32)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    for t in np.linspace(-0.5, 0.5, size * 4):
        kernel[round((size - 1) * (0.5 + s * t)), round((size - 1) * (0.5 + c * t))] += 1
    return np.asarray(cv2.filter2D(light, -1, kernel / kernel.sum()), np.float32)


def _lens(light: Floats, effects: Effects) -> Floats:
    rows, columns = light.shape[:2]
    if effects.shake >= 1:
        light = shaken(light, effects.shake, effects.shake_angle)
    if effects.defocus > 0.2:
        light = cv2.GaussianBlur(light, (0, 0), effects.defocus)
    if effects.fringe:
        blue, red = (
            cv2.warpAffine(
                np.ascontiguousarray(light[..., k]),
                np.array([[z, 0, (1 - z) * columns / 2], [0, z, (1 - z) * rows / 2]]),
                (columns, rows),
                borderMode=cv2.BORDER_REPLICATE,
            )
            for k, z in ((0, 1 - effects.fringe), (2, 1 + effects.fringe))
        )
        light = np.stack([blue, light[..., 1], red], axis=-1)
    if effects.bloom > 0:
        halo = cv2.GaussianBlur(np.minimum(light, 4), (0, 0), columns / 30)
        light = light + effects.bloom * (halo - light * 0.5)
    corner = np.linspace(-1, 1, rows)[:, None] ** 2 + np.linspace(-1, 1, columns) ** 2
    return np.asarray(light * (1 - effects.vignette * corner / 2)[..., None], np.float32)


def develop(light: Floats, layer: Layer, effects: Effects, seed: int) -> Picture:
    """Turn linear light into the picture a camera would store."""
    rng = np.random.default_rng((seed, 42))
    light = _glass(light, layer)
    light = light * (1 - layer.cover[..., None]) + layer.light * layer.cover[..., None]
    light = _lens(light, effects)
    balance = np.array([1 - 0.18 * effects.warmth, 1.0, 1 + 0.14 * effects.warmth], np.float32)
    light = np.maximum(light, 0) * balance * np.float32(2.0**effects.exposure)
    if effects.noise > 0:
        grain = rng.standard_normal(light.shape, np.float32)
        light = light + grain * np.sqrt(effects.noise**2 + np.maximum(light, 0) * effects.noise * 0.12)
        speckle = cv2.GaussianBlur(rng.standard_normal(light.shape, np.float32), (0, 0), 1.1)
        light = light + speckle * effects.noise * 0.8
    light = np.maximum(light, 0)
    shoulder = light * (1 + light / 4.0) / (1 + light)  # highlights roll off as on film (Reinhard 2002)
    tone = np.clip(1.28 * shoulder, 0, 1) ** (1 / 2.2)
    tone = np.clip((tone - 0.5) * effects.contrast * 1.08 + 0.5 - 0.01, 0, 1)
    picture: Picture = np.round(tone * 255).astype(np.uint8)
    if effects.jpeg:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, effects.jpeg])
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return picture
