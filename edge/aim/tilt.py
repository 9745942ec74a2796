"""How far a camera is turned about its own axis: by how shelf edges and uprights lean in the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EDGE = 640
"""Frames are searched at this many pixels of their longer edge."""

SHORTEST = 0.05
"""Of the longer edge: shorter lines are letters and caps."""

MOST = 40.0
"""Degrees up to which a camera is believed to be tilted; beyond, upright and level are no longer told apart."""

NEAR = 7.0
"""Degrees from what most lines say, up to which a line has a say."""

LEAST_LENGTH = 1.5
"""Longer edges: the length of agreeing lines from which they say something."""

ROUNDS = 8


def find_tilt(image: NDArray[np.uint8]) -> float | None:
    """The degrees by which upright and level edges lean clockwise; None where there are too few.

    A fixture is full of lines that are level or upright in the shop. Seen from aside, level ones run together on one
    side, and seen from above or below, upright ones do; but those through the middle of the picture keep their
    direction. So a line's lean is its place times a slope, plus the tilt that is asked for: fitted to all line segments
    (von Gioi et al. 2010) at once, by their length, with Tukey's weights against what is neither level nor upright.

    Args:
        image: (height, width, 3) BGR.
    """
    height, width = image.shape[:2]
    scale = EDGE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    found = cv2.createLineSegmentDetector().detect(small)[0]
    if found is None:
        return None
    ends = found.reshape(-1, 4).astype(np.float64)
    along = ends[:, 2:] - ends[:, :2]
    length = np.hypot(*along.T)
    kept = length >= SHORTEST * EDGE
    ends, along, length = ends[kept], along[kept], length[kept]
    direction = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    lean = (direction + 45) % 90 - 45
    level = np.abs((direction - lean + 90) % 180 - 90) < 45  # noqa: PLR2004 - a right angle's half
    usable = np.abs(lean) <= MOST
    middles = (ends[:, :2] + ends[:, 2:]) / 2 - np.array(size) / 2
    return _fit(lean[usable], length[usable], middles[usable] / EDGE, level[usable])


def _fit(lean: Floats, length: Floats, middles: Floats, level: NDArray[np.bool_]) -> float | None:
    if length.sum() < LEAST_LENGTH * EDGE:
        return None
    steps = np.arange(-MOST, MOST + 0.5, 0.5)
    votes = (length * np.exp(-0.5 * ((lean[None] - steps[:, None]) / 1.5) ** 2)).sum(axis=1)
    tilt = float(steps[int(np.argmax(votes))])
    # The tilt, the level lines' slope over their height, the upright ones' over their place across.
    design = np.stack(
        [np.ones_like(lean), np.where(level, middles[:, 1], 0), np.where(level, 0, middles[:, 0])], axis=1
    )
    answer = np.array([tilt, 0.0, 0.0])
    weight = np.zeros_like(lean)
    for _ in range(ROUNDS):
        off = (lean - design @ answer) / NEAR
        weight = length * np.clip(1 - off**2, 0, None) ** 2
        ridge = np.diag([0.0, 1.0, 1.0]) * 0.02 * weight.sum()  # few lines say little about slopes
        normal = design.T @ (weight[:, None] * design) + ridge
        if weight.sum() <= 0:
            return None
        answer = np.linalg.solve(normal, design.T @ (weight * lean))
    return float(answer[0]) if weight.sum() >= LEAST_LENGTH * EDGE else None
