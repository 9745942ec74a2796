"""A shopper seen from behind, between camera and fixture: a soft, shaded figure of nobody."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from models.scenes.arrays import Floats, Mask, to_linear
from models.scenes.palette import hsv


@dataclass(frozen=True, slots=True)
class Shopper:
    """Where a shopper stands: middle of the body and top of the head as parts of width and height, and the breadth."""

    x: float
    top: float
    breadth: float
    seed: int


def outline(rows: int, columns: int, parts: list[tuple[str, tuple[float, ...]]]) -> Mask:
    """A mask of ellipses (x, y, radii, turn) and polygons, in pixels."""
    mask = np.zeros((rows, columns), np.uint8)
    for kind, values in parts:
        if kind == "ellipse":
            x, y, rx, ry, turn = values
            cv2.ellipse(mask, (int(x), int(y)), (max(int(rx), 1), max(int(ry), 1)), turn, 0, 360, 255, -1, cv2.LINE_AA)
        else:
            points = np.array(values).reshape(-1, 2)
            cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(mask / 255, np.float32)


def swell(mask: Mask, depth: float) -> Floats:
    """Normals (x, y) of a mask blown up like a cushion of this depth in pixels."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    t = np.clip(inside / depth, 0, 1)
    relief = cv2.GaussianBlur(np.sqrt(np.maximum(t * (2 - t), 0)) * depth, (0, 0), depth * 0.12 + 1)
    return np.stack(
        [-cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8), -cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8)], axis=-1
    )


def cloth(rows: int, columns: int, rng: np.random.Generator, fold: float) -> Floats:
    """Folds: noise stretched along the body."""
    noise = rng.normal(0, 1, (max(rows // 40, 2), max(columns // 14, 2))).astype(np.float32)
    folds: Floats = cv2.GaussianBlur(cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC), (0, 0), 2)
    return 1 + fold * folds


def draw_shopper(shopper: Shopper, *, rows: int, columns: int, room: float) -> tuple[Floats, Mask]:
    """Linear light (rows x columns x 3) and cover (rows x columns) of a shopper."""
    rng = np.random.default_rng((shopper.seed, 31))
    x, top = shopper.x * columns, shopper.top * rows
    b = shopper.breadth * columns / 2
    head_y, head = top + b * 0.55, b * 0.4
    shoulder = head_y + b * 0.85
    low = float(rows + b)
    torso = outline(
        rows,
        columns,
        [
            (
                "poly",
                (
                    x - b * 0.3,
                    shoulder - b * 0.25,
                    x + b * 0.3,
                    shoulder - b * 0.25,
                    x + b * 0.86,
                    shoulder + b * 0.14,
                    x + b,
                    shoulder + b * 0.7,
                    x + b * 0.94,
                    low,
                    x - b * 0.94,
                    low,
                    x - b,
                    shoulder + b * 0.7,
                    x - b * 0.86,
                    shoulder + b * 0.14,
                ),
            ),
            ("ellipse", (x - b * 0.72, shoulder + b * 0.42, b * 0.3, b * 0.42, 15.0)),
            ("ellipse", (x + b * 0.72, shoulder + b * 0.42, b * 0.3, b * 0.42, -15.0)),
        ],
    )
    reach = float(rng.choice((-1.0, 1.0)))
    hand = (x + reach * b * 1.5, shoulder - b * 0.05)
    arm = outline(
        rows,
        columns,
        [
            (
                "poly",
                (
                    x + reach * b * 0.75,
                    shoulder + b * 0.1,
                    x + reach * b * 1.36,
                    shoulder - b * 0.16,
                    x + reach * b * 1.44,
                    shoulder + b * 0.1,
                    x + reach * b * 0.92,
                    shoulder + b * 0.75,
                ),
            )
        ],
    )
    palm = outline(rows, columns, [("ellipse", (hand[0], hand[1], b * 0.17, b * 0.12, -20.0 * reach))])
    neck = outline(
        rows,
        columns,
        [("poly", (x - b * 0.2, head_y, x + b * 0.2, head_y, x + b * 0.27, shoulder, x - b * 0.27, shoulder))],
    )
    skull = outline(
        rows,
        columns,
        [
            ("ellipse", (x, head_y, head * 0.86, head * 1.1, 0.0)),
            ("ellipse", (x, head_y - head * 0.25, head * 0.93, head * 0.92, 0.0)),
        ],
    )
    skin = hsv(10, float(rng.uniform(0.35, 0.55)), float(rng.uniform(0.5, 0.85)))
    shirt = hsv(float(rng.integers(180)), float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.2, 0.8)))
    hair = hsv(10, 0.4, float(rng.uniform(0.07, 0.22)))
    light = np.zeros((rows, columns, 3), np.float32)
    cover = np.zeros((rows, columns), np.float32)
    parts = (
        (palm, skin, b * 0.1, 0.05),
        (arm, shirt, b * 0.2, 0.1),
        (neck, skin, b * 0.2, 0.03),
        (torso, shirt, b * 0.55, 0.12),
        (skull, hair, head * 0.8, 0.3),
    )
    for mask, colour, depth, fold in parts:
        slope = swell(mask, depth)
        lambert = np.clip(0.62 - 0.35 * slope[..., 1] - 0.16 * slope[..., 0], 0.15, 1.3)
        tone = to_linear(np.array([[colour]], np.uint8))[0, 0]
        lit = tone * (lambert * cloth(rows, columns, rng, fold))[..., None] * room
        soft = cv2.GaussianBlur(mask, (0, 0), 1.3)[..., None]
        light = light * (1 - soft) + lit * soft
        cover = np.maximum(cover, soft[..., 0])
    haze = max(b * 0.018, 0.8)  # nearer than the focus
    return cv2.GaussianBlur(light, (0, 0), haze), cv2.GaussianBlur(cover, (0, 0), haze)
