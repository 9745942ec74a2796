"""Training pictures from photographs: geometry (this file) and light (`light.py`).

The training photographs were stretched to squares and real frames are not, so the aspect is varied from half to double.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.train.light import vary_light

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.train.photos import Photo

FITTED_SIDE = 640  # a photograph that just fits the detector has this longest side
SCALES = (0.5, 1.6)  # of the fitted size
ASPECT = 2.0  # width over height is varied from 1/ASPECT to ASPECT
VISIBLE = 0.35  # a product cut by the frame below this share is neither product nor background


@dataclass(frozen=True, slots=True)
class Example:
    """One picture to learn from."""

    image: NDArray[np.uint8]  # (side, side, 3) BGR
    boxes: NDArray[np.float32]  # (n, 4)
    ignored: NDArray[np.float32]  # (m, 4)


def make_example(photos: Sequence[Photo], index: int, *, side: int, rng: np.random.Generator, wild: bool) -> Example:
    """Draw one training picture from photograph `index`.

    Args:
        photos: all there are.
        index: of the one to show.
        side: pixels of the square picture.
        rng: source of chance.
        wild: sometimes a second photograph beside it, bent by a lens, turned and sheared. Boxes around turned products
            are looser than those around upright ones, so the last part of a run goes without.
    """
    example = _place(photos[index], side=side, rng=rng, wild=wild)
    if wild and rng.random() < 0.2:
        other = photos[int(rng.integers(len(photos)))]
        example = _beside(example, _place(other, side=side, rng=rng, wild=wild), rng=rng)
    if wild and rng.random() < 0.15:
        example = _bend(example, rng=rng)
    if rng.random() < (0.35 if wild else 0.15):
        example = _occlude(example, rng=rng)
    return Example(vary_light(example.image, rng=rng), example.boxes, example.ignored)


def _place(photo: Photo, *, side: int, rng: np.random.Generator, wild: bool) -> Example:
    """Scale, stretch, turn, tilt, mirror and crop one photograph onto a square of `side` pixels."""
    height, width = photo.image.shape[:2]
    scale = FITTED_SIDE / max(height, width) * np.exp(rng.uniform(*np.log(SCALES)))
    stretch = np.exp(rng.uniform(-1, 1) * np.log(ASPECT) / 2) if rng.random() < 0.8 else 1.0
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    turn, shear = np.deg2rad(np.clip(rng.normal(0, 3.0 if wild else 0.7, 2), -9, 9))
    linear = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        @ np.array([[1.0, np.tan(shear)], [0.0, 1.0]])
        @ np.diag([mirror * scale * stretch, scale / stretch])
    )
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = -linear @ np.array([width / 2, height / 2])
    matrix[2, :2] = rng.normal(0, 0.00012, 2) @ np.linalg.inv(linear).T * (wild and rng.random() < 0.5)
    corners = _project(np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64), matrix)
    low, high = corners.min(0), corners.max(0)
    # Where the photograph is larger than the picture any part of it may be seen; where smaller it may lie anywhere.
    slack = np.array([side, side]) - (high - low)
    shift = rng.uniform(np.minimum(slack, 0), np.maximum(slack, 0)) - low
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ matrix
    fill = tuple(int(v) for v in (rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, 114)))
    shrinks = float(np.sqrt(abs(np.linalg.det(linear)))) < 0.8
    image = cv2.warpPerspective(
        photo.image, matrix, (side, side), flags=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR, borderValue=fill
    )
    boxes, visible = _clip(_project_boxes(photo.boxes, matrix), side)
    ignored, _ = _clip(_project_boxes(photo.ignored, matrix), side)
    cut = visible < VISIBLE
    return Example(image.astype(np.uint8), _sized(boxes[~cut]), _sized(np.concatenate([ignored, boxes[cut]])))


def _project(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) points through a (3, 3) homography."""
    mapped = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    result: NDArray[np.float64] = mapped[:, :2] / mapped[:, 2:]
    return result


def _project_boxes(boxes: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Boxes around the moved mid-points of the edges: tighter than around the corners when a bottle is turned."""
    x1, y1, x2, y2 = boxes.astype(np.float64).T
    mid_x, mid_y = (x1 + x2) / 2, (y1 + y2) / 2
    points = np.stack([x1, mid_y, x2, mid_y, mid_x, y1, mid_x, y2], axis=1).reshape(-1, 2)
    mapped = _project(points, matrix).reshape(-1, 4, 2)
    return np.concatenate([mapped.min(1), mapped.max(1)], axis=1).astype(np.float32)


def _clip(boxes: NDArray[np.float32], side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes cut to the picture, and the share of each that is left."""
    clipped = boxes.clip(0, side)
    before = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    after = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    return clipped, (after / np.maximum(before, 1e-6)).astype(np.float32)


def _sized(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without boxes thinner than three pixels: nothing can be seen in them."""
    kept: NDArray[np.float32] = boxes[(boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) >= 3.0]
    return kept


def _beside(first: Example, second: Example, *, rng: np.random.Generator) -> Example:
    """Two pictures cut at one upright or level line, as where two coolers stand side by side."""
    side = first.image.shape[0]
    line = int(rng.uniform(0.3, 0.7) * side)
    upright = rng.random() < 0.6
    image = first.image.copy()
    if upright:
        image[:, line:] = second.image[:, line:]
    else:
        image[line:] = second.image[line:]
    kept = [_keep_side(e, line=line, upright=upright, before=b) for e, b in ((first, True), (second, False))]
    return Example(image, np.concatenate([k[0] for k in kept]), np.concatenate([k[1] for k in kept]))


def _keep_side(
    example: Example, *, line: int, upright: bool, before: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    axis = 0 if upright else 1
    low, high = (0.0, float(line)) if before else (float(line), np.inf)

    def cut(boxes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        clipped = boxes.copy()
        clipped[:, [axis, axis + 2]] = clipped[:, [axis, axis + 2]].clip(low, high)
        left = (clipped[:, axis + 2] - clipped[:, axis]) / np.maximum(boxes[:, axis + 2] - boxes[:, axis], 1e-6)
        return clipped, left

    boxes, left = cut(example.boxes)
    ignored, _ = cut(example.ignored)
    return _sized(boxes[left >= VISIBLE]), _sized(np.concatenate([ignored, boxes[left < VISIBLE]]))


def _bend(example: Example, *, rng: np.random.Generator) -> Example:
    """Bend straight lines as a wide lens does: radial distortion of one coefficient, outwards (barrel)."""
    side = example.image.shape[0]
    strength = float(rng.uniform(0.05, 0.35))
    half = side / 2
    centre = half + rng.normal(0, 0.08 * side, 2)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + np.float32(0.5)
    u, v = (x - centre[0]) / half, (y - centre[1]) / half
    grow = (1 + strength * (u * u + v * v)) / (1 + strength)
    map_x, map_y = ((c + half * w * grow - 0.5).astype(np.float32) for c, w in ((centre[0], u), (centre[1], v)))
    image = cv2.remap(example.image, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)

    def bent(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        x1, y1, x2, y2 = boxes.astype(np.float64).T
        mid_x, mid_y = (x1 + x2) / 2, (y1 + y2) / 2
        points = np.stack([x1, mid_y, x2, mid_y, mid_x, y1, mid_x, y2], axis=1).reshape(-1, 2)
        away = (points - centre) / half * (1 + strength)  # = shown * (1 + strength * |shown|^2), undone by iteration
        shown = away.copy()
        for _ in range(12):
            shown = away / (1 + strength * (shown**2).sum(axis=1, keepdims=True))
        moved = (centre + half * shown).reshape(-1, 4, 2)
        return np.concatenate([moved.min(1), moved.max(1)], axis=1).astype(np.float32)

    boxes, left = _clip(bent(example.boxes), side)
    ignored, _ = _clip(bent(example.ignored), side)
    gone = left < VISIBLE
    return Example(np.asarray(image, np.uint8), _sized(boxes[~gone]), _sized(np.concatenate([ignored, boxes[gone]])))


def _occlude(example: Example, *, rng: np.random.Generator) -> Example:
    """Cover parts as a door frame, an arm or a price card would; what is mostly covered is no longer asked for."""
    image, side = example.image.copy(), example.image.shape[0]
    covered = np.zeros((side, side), dtype=np.uint8)
    for _ in range(int(rng.integers(1, 4))):
        size = rng.uniform(0.03, 0.25, 2) * side
        if rng.random() < 0.4:  # a bar across the whole picture
            size[int(rng.integers(2))] = 2.5 * side
            size[int(np.argmin(size))] = rng.uniform(0.01, 0.06) * side
        patch = (tuple(rng.uniform(0, side, 2).tolist()), tuple(size.tolist()), float(rng.normal(0, 12)))
        corners = cv2.boxPoints(patch).astype(np.int32)
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.fillConvexPoly(image, corners, colour, lineType=cv2.LINE_AA)
        cv2.fillConvexPoly(covered, corners, 1)
    total = cv2.integral(covered)
    x1, y1, x2, y2 = example.boxes.astype(np.int64).clip(0, side).T
    hidden = (total[y2, x2] - total[y1, x2] - total[y2, x1] + total[y1, x1]) / np.maximum((x2 - x1) * (y2 - y1), 1)
    gone = hidden > 0.6
    return Example(image, example.boxes[~gone], np.concatenate([example.ignored, example.boxes[gone]]))
