"""How far a camera has moved: a view laid over an earlier one, whatever was taken from the shelf or put there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Grey

PATCH = 40
STEP = 20
REACH = 24
"""Pixels around its place in which a patch is looked for; what has moved further is not found."""

NEAR, ENOUGH_NEAR = 5, 0.4
"""Most frames stand where the last one stood: they are looked for near by first, at a tenth of the time."""

TEXTURED = 6.0  # standard deviation, grey levels; a flatter patch lies anywhere
FOUND = 0.6  # correlation at which a patch counts as found again
LEAST = 6  # patches that must agree
WITHIN = 1.5  # pixels
ENOUGH_FOR_PERSPECTIVE = 24


@dataclass(frozen=True, slots=True)
class Registration:
    """Where points of the earlier view are now."""

    warp: NDArray[np.float64]  # (3, 3) homography, pixels of the small earlier view -> pixels of the small view now
    moved: float  # the largest way of a corner, as a share of the longer edge
    agreed: float  # share of the textured patches that agree on it


def register(earlier: Grey, now: Grey, steady: NDArray[np.bool_] | None = None) -> Registration | None:
    """Lay a view over an earlier one; None when too little of it is found again.

    Patches of the earlier view are looked for near their places by normalised correlation (Lewis 1995), which light
    does not change; a similarity, and a homography where enough patches carry it, is fitted to those that agree
    (RANSAC, Fischler & Bolles 1981). What was sold, refilled or hidden disagrees and is left out.

    Args:
        earlier: (h, w) grey levels.
        now: (h, w) of the same size.
        steady: (h, w) what is known not to change with the stock: only patches mostly on it are looked for.
    """
    height, width = earlier.shape
    if now.shape != earlier.shape or min(height, width) < PATCH:
        return None
    near = _within(earlier, now, steady, NEAR)
    if near is not None and near.agreed > ENOUGH_NEAR and near.moved * max(height, width) < NEAR / 2:
        return near
    return _within(earlier, now, steady, REACH)


def _within(earlier: Grey, now: Grey, steady: NDArray[np.bool_] | None, reach: int) -> Registration | None:
    height, width = earlier.shape
    framed = cv2.copyMakeBorder(now, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    places, found, tried = [], [], 0
    for y in range(0, height - PATCH + 1, STEP):
        for x in range(0, width - PATCH + 1, STEP):
            patch = earlier[y : y + PATCH, x : x + PATCH]
            if steady is not None and steady[y : y + PATCH, x : x + PATCH].mean() < 0.5:  # noqa: PLR2004 - most of it
                continue
            if float(patch.std()) < TEXTURED:
                continue
            tried += 1
            window = framed[y : y + PATCH + 2 * reach, x : x + PATCH + 2 * reach]
            shift = _best(cv2.matchTemplate(window, patch, cv2.TM_CCOEFF_NORMED), reach)
            if shift is not None:
                places.append((x + PATCH / 2, y + PATCH / 2))
                found.append((x + PATCH / 2 + shift[0], y + PATCH / 2 + shift[1]))
    if len(places) < LEAST:
        return None
    return _fit(np.array(places), np.array(found), tried, (width, height))


def _best(scores: NDArray[np.float32], reach: int) -> tuple[float, float] | None:
    """The shift at the peak, to parts of a pixel; None when it is low or at the window's edge."""
    _, peak, _, (x, y) = cv2.minMaxLoc(scores)
    if peak < FOUND or not (0 < x < scores.shape[1] - 1 and 0 < y < scores.shape[0] - 1):
        return None
    return (
        x - reach + _vertex(*(float(v) for v in scores[y, x - 1 : x + 2])),
        y - reach + _vertex(*(float(v) for v in scores[y - 1 : y + 2, x])),
    )


def _vertex(before: float, peak: float, after: float) -> float:
    """Where the parabola through three neighbours is highest, -0.5..0.5."""
    curve = before - 2 * peak + after
    return 0.0 if curve >= 0 else float(np.clip((before - after) / (2 * curve), -0.5, 0.5))


def _fit(
    places: NDArray[np.float64], found: NDArray[np.float64], tried: int, size: tuple[int, int]
) -> Registration | None:
    similar, kept = cv2.estimateAffinePartial2D(
        places, found, method=cv2.RANSAC, ransacReprojThreshold=2 * WITHIN, maxIters=2000, confidence=0.999
    )
    if similar is None or int(kept.sum()) < LEAST:
        return None
    warp = np.vstack([similar, [0.0, 0.0, 1.0]])
    agreeing = kept.ravel().astype(bool)
    if agreeing.sum() >= ENOUGH_FOR_PERSPECTIVE:
        bent, still = cv2.findHomography(places, found, cv2.RANSAC, WITHIN)
        if bent is not None and int(still.sum()) >= 0.8 * agreeing.sum():
            warp, agreeing = bent, still.ravel().astype(bool)
    width, height = size
    corners = np.array([[(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]])
    way = np.linalg.norm(cv2.perspectiveTransform(corners, warp) - corners, axis=2)
    return Registration(warp, float(way.max()) / max(size), float(agreeing.sum()) / tried)
