"""Whether a score means what it says: of facings said with 0.8, are 80 % right? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bin:
    """The facings whose score lies in [low, high); the last bin holds 1 as well."""

    low: float
    high: float
    count: int  # at least 1
    score: float  # their mean score
    right: float  # the share of them with the right SKU


def reliability(scores: NDArray[np.float64], right: NDArray[np.bool_], *, bins: int = 10) -> list[Bin]:
    """Bins of equal width over the scores, rising; empty ones are left out.

    Args:
        scores: (n,) 0..1.
        right: (n,) the SKU that was said is the true one.
        bins: how many.
    """
    places = np.minimum((scores * bins).astype(np.int64), bins - 1)
    return [
        Bin(place / bins, (place + 1) / bins, int(own.sum()), float(scores[own].mean()), float(right[own].mean()))
        for place in range(bins)
        if (own := places == place).any()
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """Mean distance between score and share right, weighted by facings (Naeini et al. 2015); None without facings."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.score - one.right) for one in bins) / total if total else None
