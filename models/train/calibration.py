"""Choose how cosines become a probability, and where certainty ends, on facings that training did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.recognise.identity import Doubt, probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

NONE = -1  # the label of a product that is in no catalogue: the last column of the probabilities
PRECISION = 0.995  # wanted of `recognised`
KNOWN_LOST = 0.01  # share of known products that may be called `unknown`


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facings with the cosines to every SKU of a catalogue, the truth, and how much each counts."""

    cosines: NDArray[np.float32]  # (n, k); -1 for SKUs that are not in the catalogue asked
    labels: NDArray[np.int64]  # (n,) column of the true SKU, or NONE
    weights: NDArray[np.float64]  # (n,)


def evidence(cosines: NDArray[np.float32], labels: NDArray[np.int64], *, weight: float) -> Evidence:
    """Facings that together count `weight`."""
    return Evidence(cosines, labels, np.full(len(labels), weight / max(1, len(labels))))


def without(columns: NDArray[np.int64], facings: Evidence, *, weight: float) -> Evidence:
    """The facings of the SKUs `columns`, asked of a catalogue that lacks these SKUs: unknown products."""
    rows = np.isin(facings.labels, columns)
    cosines = facings.cosines[rows].copy()
    cosines[:, columns] = -1.0
    return evidence(cosines, np.full(int(rows.sum()), NONE), weight=weight)


def together(parts: Sequence[Evidence]) -> Evidence:
    """All of them."""
    return Evidence(
        np.concatenate([part.cosines for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def calibrate(facings: Evidence) -> Doubt:
    """Fit scale and none-cosine by weighted log loss over a grid; then the two thresholds.

    `recognised` is the lowest probability from which on at least `PRECISION` of the facings, unknown products among
    them, have the right SKU; `unknown` the lowest probability of "none" that at most `KNOWN_LOST` of the known reach.
    """
    rows = np.arange(len(facings.labels))
    best: tuple[float, float, float] | None = None
    for scale, none_cosine in _grid():
        chances = probabilities(facings.cosines, scale=scale, none_cosine=none_cosine)[rows, facings.labels]
        loss = float(-(facings.weights * np.log(np.maximum(chances, 1e-6))).sum())
        if best is None or loss < best[0]:
            best = (loss, scale, none_cosine)
    assert best is not None
    chances = probabilities(facings.cosines, scale=best[1], none_cosine=best[2])
    score, said = chances[:, :-1].max(1), chances[:, :-1].argmax(1)
    recognised = lowest_for_precision(score, said == facings.labels, facings.weights, wanted=PRECISION)
    known = facings.labels != NONE
    none = weighted_quantile(chances[known, -1], facings.weights[known], 1 - KNOWN_LOST)
    return Doubt(best[1], best[2], round(recognised, 4), round(max(none, 0.5), 4))


def lowest_for_precision(
    score: NDArray[np.float64], right: NDArray[np.bool_], weights: NDArray[np.float64], *, wanted: float
) -> float:
    """The lowest score from which on the weighted share of right answers is at least `wanted`; 1 if there is none."""
    order = np.argsort(-score, kind="stable")
    precision = (right * weights)[order].cumsum() / np.maximum(weights[order].cumsum(), 1e-12)
    good = np.flatnonzero(precision >= wanted)
    return float(score[order[good[-1]]]) if len(good) else 1.0


def weighted_quantile(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """The value that `share` of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    place = int(np.searchsorted(weights[order].cumsum(), share * weights.sum()))
    return float(values[order[min(place, len(order) - 1)]])


def _grid() -> Iterator[tuple[float, float]]:
    for scale in np.arange(6.0, 41.0, 1.0):
        for none_cosine in np.arange(0.2, 0.93, 0.02):
            yield float(scale), round(float(none_cosine), 2)
