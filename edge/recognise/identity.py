"""From embeddings to SKUs, with an honest score: pure functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Status = Literal["recognised", "unknown", "unsure"]

AT_ONCE = 64  # facings: against 10,000 SKUs of 4 references their cosines take 10 MB; more at once gain no speed


@dataclass(frozen=True, slots=True)
class Doubt:
    """How an embedder's cosines become a probability, and where certainty ends. Chosen with the model, kept with it."""

    scale: float  # steepness of the softmax over cosines
    none_cosine: float  # the constant cosine of the answer "none of the catalogue"
    recognised: float  # from this probability on, a SKU is `recognised`
    unknown: float  # from this probability of "none" on, a facing is `unknown`
    row_odds: float = 1.0  # how much a neighbour that was recognised as the same SKU speaks for it


@dataclass(frozen=True, slots=True)
class Identity:
    """What one facing is."""

    sku: str  # the best SKU, whatever the status
    score: float  # probability that it is this SKU, 0..1
    status: Status
    runner_up: str | None  # the second best SKU; None when the catalogue has only one


@dataclass(frozen=True, slots=True)
class Index:
    """The reference embeddings of a catalogue, those of one SKU side by side."""

    skus: tuple[str, ...]  # k >= 1
    references: NDArray[np.float32]  # (m, d) of length 1
    first: NDArray[np.int64]  # (k,) where each SKU's references begin, rising from 0

    def identify(self, embeddings: NDArray[np.float32], doubt: Doubt) -> list[Identity]:
        """The identity of each of (n, d) unit embeddings."""
        return [
            identity
            for start in range(0, len(embeddings), AT_ONCE)
            for identity in decide(self.cosines(embeddings[start : start + AT_ONCE]), self.skus, doubt)
        ]

    def cosines(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, k) cosines of (n, d) unit embeddings, n >= 1, to the nearest reference of every SKU."""
        return sku_cosines(embeddings, self.references, self.first)


def sku_cosines(
    embeddings: NDArray[np.float32], references: NDArray[np.float32], first: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cosine of every embedding to the nearest reference of every SKU.

    Args:
        embeddings: (n, d) of length 1.
        references: (m, d) of length 1, those of one SKU side by side.
        first: (k,) where each SKU's references begin, rising from 0.

    Returns:
        (n, k).
    """
    cosines: NDArray[np.float32] = np.maximum.reduceat(embeddings @ references.T, first, axis=1)
    return cosines


def probabilities(cosines: NDArray[np.float32], *, scale: float, none_cosine: float) -> NDArray[np.float64]:
    """(n, k) cosines -> (n, k + 1) probabilities; the last column is "none of these"."""
    none = np.full((len(cosines), 1), none_cosine)
    logits = scale * np.concatenate([cosines.astype(np.float64), none], axis=1)
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return shares


def decide(cosines: NDArray[np.float32], skus: Sequence[str], doubt: Doubt) -> list[Identity]:
    """The identity of every facing from its (n, k) cosines to the k SKUs, k >= 1."""
    chances = probabilities(cosines, scale=doubt.scale, none_cosine=doubt.none_cosine)
    # Two looks for the largest: sorting 10,000 SKUs to read the first two took longer than comparing with them.
    first = cosines.argmax(1)
    others = cosines.copy()
    others[np.arange(len(cosines)), first] = -np.inf
    second = others.argmax(1)
    identities = []
    for row, best, next_best in zip(chances, first.tolist(), second.tolist(), strict=True):
        score, none = float(row[best]), float(row[-1])
        status: Status = "unsure"
        if score >= doubt.recognised:
            status = "recognised"
        elif none >= doubt.unknown:
            status = "unknown"
        runner_up = skus[next_best] if len(skus) > 1 else None
        identities.append(Identity(skus[best], score, status, runner_up))
    return identities
