"""Labelled photographs and what was found on them, made by hand: facings of 20 x 40 pixels side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.recognise.datasets import LabelledPhoto
from edge.recognise.detector import Detections
from edge.recognise.identity import Identity, Status
from edge.recognise.measures import Judged, Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

SKUS = ("cola", "water", "juice")
STATUSES: tuple[Status, ...] = ("recognised", "unsure", "unknown")


def row_of_boxes(count: int, *, shift: float = 0.0) -> NDArray[np.float32]:
    """Facings of 20 x 40 pixels side by side."""
    left = np.arange(count) * 25.0 + shift
    return np.stack([left, np.zeros(count), left + 20, np.full(count, 40)], 1).astype(np.float32)


def seen(
    truth: NDArray[np.float32],
    found: NDArray[np.float32],
    *,
    skus: list[str | None] | None = None,
    crowd: list[bool] | None = None,
    scores: list[float] | None = None,
    identities: list[Identity] | None = None,
    path: Path = Path("a.jpg"),
) -> Seen:
    """What a photograph holds and what was found in it; scores of 0.5 and more are shown."""
    photo = LabelledPhoto(
        path, truth, tuple(skus or ["cola"] * len(truth)), np.array(crowd or [False] * len(truth), np.bool_)
    )
    detections = Detections(found, np.array(scores or [0.9] * len(found), np.float32))
    return Seen(photo, detections, detections.scores >= 0.5, tuple(identities) if identities is not None else None)


def said(sku: str, status: Status = "recognised", *, score: float = 0.99) -> Identity:
    """What one detection was taken for."""
    return Identity(sku, score, status, None)


def judged(truth: str, sku: str, status: Status = "recognised", *, listed: bool = True) -> Judged:
    """One found facing."""
    return Judged(truth, said(sku, status), listed)


def any_photo(rng: np.random.Generator) -> Seen:
    """A photograph with anything on it: crowds, foreign products, boxes missed, doubled, displaced and faint."""
    truth = row_of_boxes(int(rng.integers(0, 7)))
    found = np.concatenate([truth[rng.random(len(truth)) < 0.8], row_of_boxes(int(rng.integers(0, 4)), shift=90)])
    found = (found + rng.normal(0, 4, found.shape)).astype(np.float32)
    found[:, 2:] = np.maximum(found[:, 2:], found[:, :2] + 1)
    names = [*SKUS, "foreign", None]
    return seen(
        truth,
        found,
        skus=[names[int(i)] for i in rng.integers(0, len(names), len(truth))],
        crowd=(rng.random(len(truth)) < 0.2).tolist(),
        scores=rng.random(len(found)).tolist(),
        identities=[
            said(SKUS[int(i)], STATUSES[int(rng.integers(0, 3))], score=float(rng.random()))
            for i in rng.integers(0, len(SKUS), len(found))
        ],
    )
