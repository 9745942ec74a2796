"""Choose how cosines become a probability, and where certainty ends, on photographs held back from training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.recognise.identity import Doubt, probabilities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NONE = -1  # the label of a product that is in no catalogue
PRECISION = 0.995  # wanted of `recognised`
KNOWN_LOST = 0.01  # share of known products that may be called `unknown`
_NONE_WEIGHT = 0.25  # unknown products count as a quarter of all facings when the probability is fitted


@dataclass(frozen=True, slots=True)
class Evidence:
    """Held-back facings: their cosines to every SKU of a catalogue, and the truth."""

    cosines: NDArray[np.float32]  # (n, k); -1 for SKUs that are not in the catalogue asked
    labels: NDArray[np.int64]  # (n,) column of the true SKU, or NONE


def with_skus_left_out(evidence: Evidence, *, at_once: int, seed: int) -> Evidence:
    """Add the facings of SKUs that are left out of the catalogue, `at_once` at a time in rotation, as unknown ones."""
    order = np.random.default_rng(seed).permutation(evidence.cosines.shape[1])
    cosines, labels = [evidence.cosines], [evidence.labels]
    for start in range(0, len(order), at_once):
        out = order[start : start + at_once]
        rows = np.isin(evidence.labels, out)
        without = evidence.cosines[rows].copy()
        without[:, out] = -1.0
        cosines.append(without)
        labels.append(np.full(int(rows.sum()), NONE))
    return Evidence(np.concatenate(cosines), np.concatenate(labels))


def calibrate(evidence: Evidence, *, seed: int = 0) -> Doubt:
    """Fit scale and none-cosine by weighted log loss over a grid; then the two thresholds.

    `recognised` is the lowest probability from which on at least `PRECISION` of the facings, unknown products among
    them, have the right SKU; `unknown` the lowest probability of "none" that at most `KNOWN_LOST` of the known reach.
    """
    both = with_skus_left_out(evidence, at_once=5, seed=seed)
    is_none = both.labels == NONE
    weights = np.where(is_none, _NONE_WEIGHT / max(1, is_none.sum()), (1 - _NONE_WEIGHT) / max(1, (~is_none).sum()))
    rows = np.arange(len(both.labels))
    best: tuple[float, float, float] | None = None
    for scale, none_cosine in _grid():
        chances = probabilities(both.cosines, scale=scale, none_cosine=none_cosine)[rows, both.labels]
        loss = float(-(weights * np.log(np.maximum(chances, 1e-6))).sum())
        if best is None or loss < best[0]:
            best = (loss, scale, none_cosine)
    assert best is not None
    chances = probabilities(evidence.cosines, scale=best[1], none_cosine=best[2])
    known = evidence.labels != NONE
    score, said = chances[:, :-1].max(1), chances[:, :-1].argmax(1)
    recognised = lowest_for_precision(score, said == evidence.labels, wanted=PRECISION)
    unknown = float(np.quantile(chances[known, -1], 1 - KNOWN_LOST))
    return Doubt(best[1], best[2], round(recognised, 4), round(max(unknown, 0.5), 4))


def lowest_for_precision(score: NDArray[np.float64], right: NDArray[np.bool_], *, wanted: float) -> float:
    """The lowest score from which on the share of right answers is at least `wanted`; 1 where there is none."""
    order = np.argsort(-score, kind="stable")
    precision = right[order].cumsum() / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= wanted)
    return float(score[order[good[-1]]]) if len(good) else 1.0


def _grid() -> Iterator[tuple[float, float]]:
    for scale in np.arange(6.0, 41.0, 1.0):
        for none_cosine in np.arange(0.2, 0.91, 0.02):
            yield float(scale), round(float(none_cosine), 2)
