"""What happens to a pack in a shop, done to a crop: angle, light, glass, blur, price strips, JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Random = np.random.Generator


def distorted_cut(
    context: NDArray[np.uint8], box: tuple[float, float, float, float], *, width: int, height: int, rng: Random
) -> NDArray[np.uint8]:
    """Cut a facing as a careless detector and a hand-held phone would have it.

    Args:
        context: (h, w, 3) picture around the facing.
        box: the facing in it, x1, y1, x2, y2 in pixels.
        width: of the result.
        height: of the result.
        rng: source of chance.

    Returns:
        (height, width, 3) uint8, at a random, often low, resolution stretched back to full size.
    """
    x1, y1, x2, y2 = box
    margin = 0.06 + rng.normal(0, 0.045, 4)
    w, h = x2 - x1, y2 - y1
    x1, y1, x2, y2 = x1 - margin[0] * w, y1 - margin[1] * h, x2 + margin[2] * w, y2 + margin[3] * h
    centre = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    half = np.array([(x2 - x1) / 2, (y2 - y1) / 2])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    angle = rng.normal(0, 0.05)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = corners @ turn.T + centre + rng.normal(0, 0.025, (4, 2)) * half * 2
    detail = float(rng.choice([1.0, rng.uniform(0.33, 1.0)], p=[0.5, 0.5]))
    small = (max(8, round(width * detail)), max(12, round(height * detail)))
    target = np.array([[0, 0], [small[0], 0], [small[0], small[1]], [0, small[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    cut = cv2.warpPerspective(context, matrix, small, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    if small != (width, height):
        cut = cv2.resize(cut, (width, height), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    return np.asarray(cut, np.uint8)


def light(crop: NDArray[np.float32], rng: Random) -> NDArray[np.float32]:
    """Exposure, contrast, colour cast, saturation, a lamp at one side; values 0..1."""
    if rng.random() < 0.8:
        crop = np.clip(crop, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.35)))
    if rng.random() < 0.7:
        crop = crop * np.exp(rng.normal(0, 0.10, 3)).astype(np.float32)
    if rng.random() < 0.5:
        grey = crop.mean(2, keepdims=True)
        crop = grey + (crop - grey) * np.float32(rng.uniform(0.4, 1.5))
    if rng.random() < 0.6:
        crop = (crop - 0.5) * np.float32(np.exp(rng.normal(0, 0.25))) + 0.5 + np.float32(rng.normal(0, 0.12))
    if rng.random() < 0.4:
        height, width = crop.shape[:2]
        angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5)
        across = np.cos(angle) * np.linspace(-1, 1, width)[None] + np.sin(angle) * np.linspace(-1, 1, height)[:, None]
        crop = crop * (1 + strength * across[..., None]).astype(np.float32)
    return crop


def glass(crop: NDArray[np.float32], rng: Random) -> NDArray[np.float32]:
    """Condensation (a grey veil, stronger in places) and glare (a bright streak or spot)."""
    height, width = crop.shape[:2]
    if rng.random() < 0.3:
        veil = rng.uniform(0.1, 0.6) * cv2.resize(rng.uniform(0.5, 1, (3, 2)).astype(np.float32), (width, height))
        tone = np.float32(rng.uniform(0.55, 1.0))
        crop = crop * (1 - veil[..., None]) + tone * veil[..., None]
    if rng.random() < 0.25:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        angle = rng.uniform(-0.5, 0.5) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        across = (x - rng.uniform(0, width)) * np.cos(angle) + (y - rng.uniform(0, height)) * np.sin(angle)
        streak = np.exp(-((across / rng.uniform(2, 14)) ** 2)) * rng.uniform(0.2, 0.9)
        crop = crop + streak[..., None].astype(np.float32)
    return crop


def blur(crop: NDArray[np.float32], rng: Random) -> NDArray[np.float32]:
    """Out of focus, or moved."""
    chance = rng.random()
    if chance < 0.15:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 1.8)), np.float32)
    if chance < 0.27:
        length = int(rng.integers(3, 9))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
        middle = np.array([(length - 1) / 2] * 2)
        ends = [tuple(int(v) for v in np.round(middle + sign * reach)) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
        return np.asarray(cv2.filter2D(crop, -1, kernel / kernel.sum()), np.float32)
    return crop


def occlusion(crop: NDArray[np.float32], rng: Random, other: NDArray[np.uint8] | None) -> NDArray[np.float32]:
    """A price strip, a rail or a neighbour over one side, or a patch anywhere."""
    height, width = crop.shape[:2]
    if rng.random() >= 0.4:
        return crop
    crop = crop.copy()
    side = rng.choice(["below", "above", "left", "right", "patch"], p=[0.3, 0.1, 0.2, 0.2, 0.2])
    share = rng.uniform(0.05, 0.4)
    if side == "patch":
        h, w = int(height * rng.uniform(0.1, 0.4)), int(width * rng.uniform(0.15, 0.6))
        y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
    else:
        h, w = (int(height * share), width) if side in ("below", "above") else (height, int(width * share))
        y, x = (height - h if side == "below" else 0), (width - w if side == "right" else 0)
    if other is not None and rng.random() < 0.6:
        crop[y : y + h, x : x + w] = other[:h, :w].astype(np.float32) / 255
    else:
        crop[y : y + h, x : x + w] = rng.uniform(0, 1, 3).astype(np.float32)
    return crop


def weathered(crop: NDArray[np.uint8], rng: Random, *, other: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """All of it: (h, w, 3) uint8 in and out. `other` is a crop that may stand in front."""
    if rng.random() < 0.1:
        return crop
    picture = occlusion((crop / 255.0).astype(np.float32), rng, other)
    picture = blur(glass(light(picture, rng), rng), rng)
    if rng.random() < 0.4:
        picture = picture + rng.normal(0, rng.uniform(0.005, 0.035), picture.shape).astype(np.float32)
    done = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, coded = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 95))])
        done = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return done
