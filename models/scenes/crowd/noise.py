"""What a detector makes of a crowd: it misses, jitters, sees half of who is hidden, and people who are not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.crowd.view import View

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class DetectorNoise:
    """The errors of a detector of people. Whoever is nearer hides who is behind."""

    miss: float = 0.08  # share of the frames in which somebody in full view is missed
    miss_seconds: float = 0.25  # how long a miss lasts on the mean: what is missed is missed again
    jitter: float = 0.03  # standard deviation of each edge, heights of the person
    false: float = 0.02  # boxes a frame where nobody is
    hidden: float = 0.35  # visible share at which half of the people are missed
    cut: float = 0.5  # share of the half hidden whose box ends where the other begins
    doubles: float = 0.0  # unsure second boxes of each person a frame
    score: float = 0.75  # of somebody in full view, on the mean
    score_spread: float = 0.12  # its standard deviation

    def __post_init__(self) -> None:
        if not (0 <= self.miss < 1 and 0 <= self.cut <= 1 and self.miss_seconds > 0):
            raise ValueError("miss and cut are shares, and miss_seconds more than 0")


USUAL = DetectorNoise()
"""A detector worse than ours."""

MEASURED = DetectorNoise(miss=0.03, jitter=0.022, false=0.06, doubles=1.0, score=0.77, score_spread=0.06)
"""Ours, as its card has it (`models/cards/people-detector.md`): jitter of people who walk, false and second boxes."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The detections of one frame, best first."""

    boxes: Floats  # (n, 4) pixels
    scores: Floats  # (n,)
    who: NDArray[np.intp]  # (n,) the row of the person it is of, -1 for nobody


def visible_share(boxes: Floats) -> Floats:
    """(n,) share of each box that no nearer box covers; nearer is whose feet are lower. Covers that meet count once."""
    if not len(boxes):
        return np.zeros(0)
    # Samples: ten by ten over each box, and whether any nearer box has them.
    steps = (np.arange(10) + 0.5) / 10
    x = boxes[:, 0, None] + steps * (boxes[:, 2] - boxes[:, 0])[:, None]
    y = boxes[:, 1, None] + steps * (boxes[:, 3] - boxes[:, 1])[:, None]
    in_x = (x[:, None] > boxes[None, :, 0, None]) & (x[:, None] < boxes[None, :, 2, None])
    in_y = (y[:, None] > boxes[None, :, 1, None]) & (y[:, None] < boxes[None, :, 3, None])
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    covered = np.einsum("ijx,ijy->ixy", in_x & nearer[..., None], in_y) > 0
    share: Floats = 1 - covered.mean(axis=(1, 2))
    return share


def detect(
    random: Random, boxes: Floats, missing: Flags, *, seconds: float, view: View, noise: DetectorNoise
) -> tuple[Detected, Flags]:
    """What is detected of people whose true boxes are given.

    Args:
        random: the source of chance.
        boxes: (n, 4) true boxes, not clipped to the frame.
        missing: (n,) who was missed in the frame before.
        seconds: since the frame before.
        view: the camera.
        noise: of the detector.

    Returns:
        The detections, and (n,) who is missed now, hidden people apart.
    """
    missing = _missed(random, missing, seconds, noise)
    share = visible_share(boxes)
    frame = np.array([view.width, view.height] * 2)
    height = boxes[:, 3] - boxes[:, 1]
    seen_area = np.clip(np.minimum(boxes[:, 2:], frame[2:]) - np.maximum(boxes[:, :2], 0), 0, None).prod(axis=1)
    in_frame = seen_area / np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-9)
    visible = share * in_frame
    lost = random.random(len(boxes)) > 1 / (1 + np.exp(-(visible - noise.hidden) / 0.07))
    found = ~missing & ~lost & (in_frame > 0.3)

    measured = _cut(random, boxes, share, noise) + random.normal(0, noise.jitter, (len(boxes), 4)) * height[:, None]
    scores = noise.score * (0.45 + 0.55 * visible) + random.normal(0, noise.score_spread, len(boxes))
    measured, scores, who = measured[found], scores[found], np.flatnonzero(found)
    if noise.doubles > 0:
        second = np.repeat(np.flatnonzero(found), random.poisson(noise.doubles, int(found.sum())))
        off = random.normal(0, 0.12, (second.size, 4)) * height[second, None]
        measured = np.concatenate([measured, boxes[second] + off])
        scores = np.concatenate([scores, random.uniform(0.1, 0.4, second.size)])
        who = np.concatenate([who, second])
    extra = int(random.poisson(noise.false))
    if extra:
        tall = random.uniform(0.1, 0.6, extra) * view.height
        x, y = random.uniform(0, view.width, extra), random.uniform(0.2, 1, extra) * view.height
        wide = tall * random.uniform(0.25, 0.6, extra)
        measured = np.concatenate([measured, np.stack([x - wide / 2, y - tall, x + wide / 2, y], axis=1)])
        scores = np.concatenate([scores, random.uniform(0.2, 0.8, extra)])
        who = np.concatenate([who, np.full(extra, -1)])
    measured = np.clip(measured, 0, frame)
    good = (measured[:, 2] - measured[:, 0] > 2) & (measured[:, 3] - measured[:, 1] > 4)
    order = np.argsort(-scores[good], kind="stable")
    return Detected(measured[good][order], np.clip(scores[good][order], 0.01, 0.99), who[good][order]), missing


def _missed(random: Random, before: Flags, seconds: float, noise: DetectorNoise) -> Flags:
    """A Markov chain of two states whose stationary share is `miss` and whose misses last `miss_seconds`."""
    stay = np.exp(-seconds / noise.miss_seconds)
    begin = (1 - stay) * noise.miss / (1 - noise.miss)
    chance = np.where(before, stay, begin)
    missed: Flags = random.random(len(before)) < chance
    return missed


def _cut(random: Random, boxes: Floats, share: Floats, noise: DetectorNoise) -> Floats:
    """Boxes of the half hidden end where the nearest person before them begins, on the side that is left to see."""
    cut = boxes.copy()
    for row in np.flatnonzero((share < 0.8) & (random.random(len(boxes)) < noise.cut)):
        x1, y1, x2, y2 = boxes[row]
        over = np.minimum(boxes[:, 2], x2) - np.maximum(boxes[:, 0], x1)
        over[boxes[:, 3] <= y2] = 0
        other = int(np.argmax(over))
        if over[other] > 0.7 * (x2 - x1):
            cut[row, 3] = max(y1 + 0.25 * (y2 - y1), min(y2, boxes[other, 1]))
        elif over[other] > 0:
            if boxes[other, 0] > x1:
                cut[row, 2] = max(x1 + 0.3 * (x2 - x1), min(x2, boxes[other, 0]))
            else:
                cut[row, 0] = min(x2 - 0.3 * (x2 - x1), max(x1, boxes[other, 2]))
    return cut
