"""How much is said against how much of it is right, as the threshold of certainty moves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Point:
    """What would hold if exactly the facings with `score >= threshold` were named."""

    threshold: float
    coverage: float  # share of facings that are named
    precision: float  # share of those with the right SKU


def coverage_precision(scores: NDArray[np.float64], right: NDArray[np.bool_], *, most: int = 50) -> list[Point]:
    """The curve, from the highest threshold (little is named) to the lowest (all are).

    Args:
        scores: (n,) of the best SKU, 0..1.
        right: (n,) the best SKU is the true one.
        most: more distinct scores than this are thinned evenly; both ends stay. At least 2.
    """
    if not len(scores):
        return []
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], right[order].cumsum()
    # A threshold cannot part facings of the same score: a point stands only where the score changes.
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    kept = last[np.unique(np.linspace(0, len(last) - 1, min(most, len(last))).round().astype(np.int64))]
    return [
        Point(float(falling[place]), float((place + 1) / len(scores)), float(hits[place] / (place + 1)))
        for place in kept
    ]
