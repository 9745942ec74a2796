"""Every mistake on labelled photographs, one by one, and how often each outcome came up. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.recognise.boxes import pairwise_iou
from edge.recognise.measures import found_units, in_crowd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognise.identity import Identity
    from edge.recognise.measures import Judged, Seen

Kind = Literal["wrong", "unlisted", "false", "missed"]
Box = tuple[float, float, float, float]
_NEAR = 0.1  # IoU from which the nearest box helps to understand a mistake; below, it is merely somewhere else


@dataclass(frozen=True, slots=True)
class Mistake:
    """One facing that was got wrong.

    `wrong`: recognised as another SKU. `unlisted`: the catalogue does not hold it, yet it was recognised as a SKU.
    `false`: shown where no facing is. `missed`: a facing, not shown; `said_box` is then the nearest box, if any.
    """

    kind: Kind
    photo: Path
    true_box: Box | None  # pixels, may reach over the picture; None: no facing near
    said_box: Box | None
    truth: str | None  # the true SKU; None: not told
    said: Identity | None  # what `said_box` was taken for; None without a catalogue
    score: float | None  # the detector's, of `said_box`
    shown: bool  # `said_box` was counted as a facing
    overlap: float  # IoU of the two boxes


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the facings. The last six are those of found facings whose SKU is told."""

    facings: int
    found: int
    missed: int
    false: int
    right: int  # recognised, and rightly so
    right_unsure: int  # the right SKU, not said for certain: no mistake
    held_back: int  # another SKU, not said for certain
    wrong: int
    unlisted: int  # a product the catalogue does not hold, recognised as a SKU
    unlisted_held_back: int


def find_mistakes(seen: Sequence[Seen], listed: AbstractSet[str]) -> list[Mistake]:
    """All mistakes, photograph by photograph; `listed` are the SKUs of the catalogue."""
    return [mistake for one in seen for mistake in (*_wrong(one, listed), *_false(one), *_missed(one))]


def count_outcomes(seen: Sequence[Seen], judged: Sequence[Sequence[Judged]], mistakes: Sequence[Mistake]) -> Outcomes:
    """How often each outcome came up; `judged` is empty without a catalogue."""
    kinds = Counter(mistake.kind for mistake in mistakes)
    quiet = [j for row in judged for j in row if j.said.status != "recognised"]
    facings = sum(one.truth.facings for one in seen)
    return Outcomes(
        facings=facings,
        found=facings - kinds["missed"],
        missed=kinds["missed"],
        false=kinds["false"],
        right=sum(j.right and j.said.status == "recognised" for row in judged for j in row),
        right_unsure=sum(j.right for j in quiet),
        held_back=sum(j.listed and not j.right for j in quiet),
        wrong=kinds["wrong"],
        unlisted=kinds["unlisted"],
        unlisted_held_back=sum(not j.listed for j in quiet),
    )


def _wrong(one: Seen, listed: AbstractSet[str]) -> list[Mistake]:
    if one.identities is None:
        return []
    return [
        _mistake(one, "wrong" if truth in listed else "unlisted", unit, box)
        for unit, box in zip(*(indices.tolist() for indices in found_units(one)), strict=True)
        if (truth := one.truth.skus[unit]) is not None
        and one.identities[box].status == "recognised"
        and one.identities[box].sku != truth
    ]


def _false(one: Seen) -> list[Mistake]:
    shown = np.flatnonzero(one.shown)
    open_ = shown[~in_crowd(one.found.boxes[shown], one.truth)]
    units = np.flatnonzero(~one.truth.crowd)
    return [
        _mistake(one, "false", _nearest(one.found.boxes[box], one.truth.boxes, units), box)
        for box in np.setdiff1d(open_, found_units(one)[1]).tolist()
    ]


def _missed(one: Seen) -> list[Mistake]:
    faint, shown = np.flatnonzero(~one.shown), np.flatnonzero(one.shown)
    mistakes = []
    for unit in np.setdiff1d(np.flatnonzero(~one.truth.crowd), found_units(one)[0]).tolist():
        place = one.truth.boxes[unit]
        # What lies on the facing but was not counted says more about the miss than a counted neighbour.
        box = _nearest(place, one.found.boxes, faint, least=0.5)
        mistakes.append(_mistake(one, "missed", unit, _nearest(place, one.found.boxes, shown) if box is None else box))
    return mistakes


def _nearest(
    box: NDArray[np.float32], others: NDArray[np.float32], among: NDArray[np.int64], *, least: float = _NEAR
) -> int | None:
    overlap = pairwise_iou(box[None], others[among])[0]
    return int(among[overlap.argmax()]) if overlap.max(initial=0.0) >= least else None


def _mistake(one: Seen, kind: Kind, unit: int | None, box: int | None) -> Mistake:
    true_box = None if unit is None else one.truth.boxes[unit]
    said_box = None if box is None else one.found.boxes[box]
    return Mistake(
        kind=kind,
        photo=one.truth.path,
        true_box=_box(true_box),
        said_box=_box(said_box),
        truth=None if unit is None else one.truth.skus[unit],
        said=None if box is None or one.identities is None else one.identities[box],
        score=None if box is None else float(one.found.scores[box]),
        shown=box is not None and bool(one.shown[box]),
        overlap=0.0
        if true_box is None or said_box is None
        else float(pairwise_iou(true_box[None], said_box[None])[0, 0]),
    )


def _box(values: NDArray[np.float32] | None) -> Box | None:
    if values is None:
        return None
    x1, y1, x2, y2 = values.tolist()
    return x1, y1, x2, y2
