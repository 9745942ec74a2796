"""Light, glass and file of a training picture: exposure, colour cast, glare, condensation, blur, noise, JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def vary_light(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture as another camera in another light would have made it; same shape, BGR."""
    image = _tone(image, rng=rng)
    if rng.random() < 0.5:
        image = _hue(image, rng=rng)
    if rng.random() < 0.15:
        image = _glare(image, rng=rng)
    if rng.random() < 0.08:
        image = _condensation(image, rng=rng)
    if rng.random() < 0.3:
        image = _sharpness(image, rng=rng)
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(2, 12), image.shape).astype(np.float32)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 92))])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
    return image


def _tone(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Exposure, gamma, contrast and a colour cast in one look-up table."""
    x = np.linspace(0, 1, 256)[:, None]
    gain = np.exp(rng.normal(0, 0.18)) * np.exp(rng.normal(0, 0.06, 3))
    y = (x ** np.exp(rng.normal(0, 0.3)) - 0.5) * np.exp(rng.normal(0, 0.15)) + 0.5
    table = (y * gain * 255).clip(0, 255).astype(np.uint8)
    result: NDArray[np.uint8] = cv2.LUT(image, table[:, None, :])
    return result


def _hue(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn the hue and change the saturation: a product is one whatever its colour."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    shift = int(rng.integers(0, 180)) if rng.random() < 0.3 else int(rng.normal(0, 6))
    hue = (np.arange(256) + shift) % 180
    saturation = (np.arange(256) * rng.uniform(0.0 if rng.random() < 0.15 else 0.5, 1.5)).clip(0, 255)
    table = np.stack([hue, saturation, np.arange(256)], axis=1).astype(np.uint8)[:, None, :]
    result: NDArray[np.uint8] = cv2.cvtColor(cv2.LUT(hsv, table), cv2.COLOR_HSV2BGR)
    return result


def _glare(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A soft bright patch or streak, as on the glass of a door. Drawn small and enlarged: it is soft anyway."""
    side = 64
    mask = np.zeros((side, side), dtype=np.float32)
    centre = tuple(int(v) for v in rng.integers(0, side, 2))
    axes = (int(rng.integers(2, 10)), int(rng.integers(4, 40)))
    cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1.0, 6.0)))
    mask = cv2.resize(mask, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)[..., None]
    strength = rng.uniform(0.2, 0.8) * mask
    lit: NDArray[np.uint8] = (image * (1 - strength) + 255 * strength).clip(0, 255).astype(np.uint8)
    return lit


def _condensation(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A pale veil over the glass, denser in places, that also softens what is behind it."""
    height, width = image.shape[:2]
    veil = cv2.resize(rng.uniform(0.2, 1, (4, 4)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    veil = (veil * rng.uniform(0.15, 0.6)).clip(0, 0.75)[..., None]
    soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.8, 2.2)))
    tone = rng.uniform(150, 240)
    fogged: NDArray[np.uint8] = (soft * (1 - veil) + tone * veil).clip(0, 255).astype(np.uint8)
    return fogged


def _sharpness(image: NDArray[np.uint8], *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Out of focus, moved, or over-sharpened."""
    kind = rng.random()
    if kind < 0.4:
        blurred = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 2.0)))
    elif kind < 0.65:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), dtype=np.float32)
        end = tuple(int(v) for v in rng.integers(0, length, 2))
        cv2.line(kernel, end, (length - 1 - end[0], length - 1 - end[1]), 1.0)
        blurred = cv2.filter2D(image, -1, kernel / kernel.sum())
    else:
        amount = float(rng.uniform(0.3, 1.2))
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        blurred = cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    return np.asarray(blurred, dtype=np.uint8)
