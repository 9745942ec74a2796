"""An arm that reaches into the picture, and nobody else: what a people detector does not find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.arrays import to_linear
from models.scenes.palette import hsv
from models.scenes.shopper import cloth, outline, swell

if TYPE_CHECKING:
    from models.scenes.arrays import Floats, Mask


@dataclass(frozen=True, slots=True)
class Arm:
    """From where it comes in to where the hand is, as parts of width and height, and its breadth, of the width."""

    start: tuple[float, float]
    hand: tuple[float, float]
    breadth: float
    seed: int


def draw_arm(arm: Arm, *, rows: int, columns: int, room: float) -> tuple[Floats, Mask]:
    """Linear light (rows x columns x 3) and cover (rows x columns) of an arm: sleeve, wrist, hand."""
    rng = np.random.default_rng((arm.seed, 33))
    size = np.array((columns, rows), np.float64)
    start, hand = np.array(arm.start) * size, np.array(arm.hand) * size
    along = (hand - start) / max(float(np.linalg.norm(hand - start)), 1.0)
    across = np.array((-along[1], along[0]))
    b = arm.breadth * columns / 2
    begin = start - along * b * 2  # from outside the picture
    wrist = hand - along * b * 1.2
    cuff = start + (wrist - start) * float(rng.uniform(0.1, 1.0))
    sleeve = [begin + across * b * 1.25, cuff + across * b * 1.05, cuff - across * b * 1.05, begin - across * b * 1.25]
    bare = [cuff + across * b * 0.85, wrist + across * b * 0.6, wrist - across * b * 0.6, cuff - across * b * 0.85]
    turn = float(np.degrees(np.arctan2(along[1], along[0])))
    skin = hsv(10, float(rng.uniform(0.3, 0.55)), float(rng.uniform(0.35, 0.85)))
    shirt = hsv(float(rng.integers(180)), float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.15, 0.85)))
    fingers = [
        outline(rows, columns, [("ellipse", (*(hand + along * b * 0.9 + across * b * k), b * 0.62, b * 0.15, turn))])
        for k in (-0.5, -0.17, 0.17, 0.5)
    ]
    parts = (
        (outline(rows, columns, [("poly", tuple(float(v) for p in bare for v in p))]), skin, b * 0.8, 0.03),
        (outline(rows, columns, [("ellipse", (hand[0], hand[1], b * 1.1, b * 0.75, turn))]), skin, b * 0.6, 0.03),
        *((finger, skin, b * 0.14, 0.02) for finger in fingers),
        (outline(rows, columns, [("poly", tuple(float(v) for p in sleeve for v in p))]), shirt, b, 0.1),
    )
    light = np.zeros((rows, columns, 3), np.float32)
    cover = np.zeros((rows, columns), np.float32)
    for mask, colour, depth, fold in parts:
        if not mask.any():
            continue
        slope = swell(mask, max(depth, 1.5))
        lambert = np.clip(0.62 - 0.35 * slope[..., 1] - 0.16 * slope[..., 0], 0.15, 1.3)
        tone = to_linear(np.array([[colour]], np.uint8))[0, 0]
        lit = tone * (lambert * cloth(rows, columns, rng, fold))[..., None] * room
        soft = cv2.GaussianBlur(mask, (0, 0), 1.0)[..., None]
        light = light * (1 - soft) + lit * soft
        cover = np.maximum(cover, soft[..., 0])
    haze = max(b * 0.03, 0.7)
    return cv2.GaussianBlur(light, (0, 0), haze), cv2.GaussianBlur(cover, (0, 0), haze)
