"""What recognition is worth on labelled photographs, with 95 % intervals by bootstrap over photographs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.recognise.boxes import pairwise_iou
from edge.recognise.evaluation import match_boxes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edge.recognise.datasets import LabelledPhoto
    from edge.recognise.detector import Detections
    from edge.recognise.identity import Identity

IOU_LEVELS = tuple(np.round(np.arange(0.5, 1.0, 0.05), 2).tolist())
_RECALLS = np.linspace(0, 1, 101)  # COCO's points of the precision curve
_DRAWS = 500
CLASS_BOXES, CLASS_PHOTOS = 20, 8  # a class with fewer boxes, or in fewer photographs, has no figure worth a mean


@dataclass(frozen=True, slots=True)
class Seen:
    """One photograph with what was found in it."""

    truth: LabelledPhoto
    found: Detections  # down to a very low score
    shown: NDArray[np.bool_]  # (n,) counted: at or above the shipped threshold, in the front row
    identities: tuple[Identity, ...] | None  # (n,) one for each detection; None without a catalogue


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval; None where there is nothing to measure."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """One matched facing whose SKU is told."""

    truth: str
    said: Identity
    listed: bool  # the catalogue holds the true SKU

    @property
    def right(self) -> bool:
        """The best SKU is the true one."""
        return self.said.sku == self.truth


def average_precision(seen: Sequence[Seen]) -> tuple[Figure, Figure]:
    """AP at IoU 0.5, and the mean over IoU 0.50:0.05:0.95; every product one class, crowds no hit and no miss."""
    rows = [
        [_hits(one.truth.boxes, one.truth.crowd, one.found.boxes, one.found.scores, level) for level in IOU_LEVELS]
        for one in seen
    ]
    units = np.array([one.truth.facings for one in seen])

    def levels(draw: NDArray[np.int64], count: int) -> float | None:
        total = int(units[draw].sum())
        if not total:
            return None
        return float(np.mean([_curve_area([rows[i][level] for i in draw], total) for level in range(count)]))

    ap50 = _figure(len(seen), lambda draw: levels(draw, 1))
    # Ten curves a draw: fewer draws give the same interval to the second digit.
    return ap50, _figure(len(seen), lambda draw: levels(draw, len(IOU_LEVELS)), draws=_DRAWS // 5)


def class_average_precision(seen: Sequence[Seen]) -> dict[str, tuple[float, int, int]]:
    """For each SKU of the truth: AP at IoU 0.5 of box and SKU together, its boxes, its photographs.

    A detection's score is that of the box times that of the SKU; units whose SKU is not told are no hit and no miss.
    """
    skus = sorted(
        {
            sku
            for one in seen
            for sku, crowd in zip(one.truth.skus, one.truth.crowd, strict=True)
            if sku is not None and not crowd
        }
    )
    figures = {}
    for sku in skus:
        rows, boxes, photos = [], 0, 0
        for one in seen:
            assert one.identities is not None
            own = np.array([name == sku for name in one.truth.skus], np.bool_)
            open_ = one.truth.crowd | np.array([name is None for name in one.truth.skus], np.bool_)
            counted = own & ~one.truth.crowd
            kept = counted | open_
            said = np.array([identity.sku == sku for identity in one.identities], np.bool_)
            scores = one.found.scores * np.array([identity.score for identity in one.identities], np.float32)
            rows.append(_hits(one.truth.boxes[kept], open_[kept], one.found.boxes[said], scores[said], 0.5))
            boxes += int(counted.sum())
            photos += int(counted.any())
        figures[sku] = (_curve_area(rows, boxes), boxes, photos)
    return figures


def count_error(seen: Sequence[Seen]) -> Figure:
    """Mean over photographs of |units shown - units there| / units there; detections in crowds are left out."""
    errors = []
    for one in seen:
        if one.truth.facings:
            boxes = one.found.boxes[one.shown]
            shown = len(boxes) - int(in_crowd(boxes, one.truth).sum())
            errors.append(abs(shown - one.truth.facings) / one.truth.facings)
    values = np.array(errors)
    return _figure(len(values), lambda draw: float(values[draw].mean()))


def found_units(one: Seen) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The units that were found (IoU >= 0.5, shown), and the detection that found each: indices of truth and found."""
    units, shown = np.flatnonzero(~one.truth.crowd), np.flatnonzero(one.shown)
    pairs = match_boxes(one.truth.boxes[units], one.found.boxes[shown])
    return units[pairs.truth], shown[pairs.boxes]


def judge(seen: Sequence[Seen], listed: set[str]) -> list[list[Judged]]:
    """For each photograph, the facings that were found and whose SKU is told."""
    judged = []
    for one in seen:
        assert one.identities is not None
        row = []
        for unit, box in zip(*found_units(one), strict=True):
            sku = one.truth.skus[unit]
            if sku is not None:
                row.append(Judged(sku, one.identities[box], sku in listed))
        judged.append(row)
    return judged


def share(judged: Sequence[Sequence[Judged]], of: Callable[[Judged], bool], within: Callable[[Judged], bool]) -> Figure:
    """The share `of` among the facings `within`."""
    counts = np.array([[sum(of(j) for j in row if within(j)), sum(within(j) for j in row)] for row in judged])

    def value(draw: NDArray[np.int64]) -> float | None:
        hits, total = counts[draw].sum(0)
        return float(hits / total) if total else None

    return _figure(len(judged), value)


def _figure(photos: int, value: Callable[[NDArray[np.int64]], float | None], *, draws: int = _DRAWS) -> Figure:
    if not photos:
        return Figure(None, None, None)
    rng = np.random.default_rng(0)
    drawn = [value(rng.integers(0, photos, photos)) for _ in range(draws)]
    known = [one for one in drawn if one is not None]
    whole = value(np.arange(photos))
    if whole is None or not known:
        return Figure(whole, None, None)
    low, high = np.percentile(known, [2.5, 97.5])
    return Figure(whole, float(low), float(high))


def in_crowd(boxes: NDArray[np.float32], truth: LabelledPhoto) -> NDArray[np.bool_]:
    """(n,) which of (n, 4) boxes find no unit and lie for more than half in a crowd."""
    free = np.ones(len(boxes), np.bool_)
    free[match_boxes(truth.boxes[~truth.crowd], boxes).boxes] = False
    inside: NDArray[np.bool_] = free & (_covered(boxes, truth.boxes[truth.crowd]).max(1, initial=0.0) > 0.5)  # noqa: PLR2004 - half
    return inside


def _covered(boxes: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, m) share of each box that lies in each place."""
    low = np.maximum(boxes[:, None, :2], places[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], places[None, :, 2:])
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(1, keepdims=True), 1e-9)
    covered: NDArray[np.float32] = np.clip(high - low, 0, None).prod(2) / area
    return covered


def _hits(
    truth: NDArray[np.float32],
    crowd: NDArray[np.bool_],
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    min_iou: float,
) -> NDArray[np.float64]:
    """(k, 2) score and hit (1 or 0) of the detections of one photograph, COCO's greedy matching; crowds left out."""
    units, places = truth[~crowd], truth[crowd]
    iou, covered = pairwise_iou(boxes, units), _covered(boxes, places)
    free = np.ones(len(units), np.bool_)
    rows = []
    for index in np.argsort(-scores, kind="stable"):
        reach = np.where(free, iou[index], -1.0)
        best = int(reach.argmax()) if len(reach) else -1
        if best >= 0 and reach[best] >= min_iou:
            free[best] = False
            rows.append((float(scores[index]), 1.0))
        elif not (covered[index] >= min_iou).any():
            rows.append((float(scores[index]), 0.0))
    return np.array(rows, np.float64).reshape(-1, 2)


def _curve_area(rows: Sequence[NDArray[np.float64]], units: int) -> float:
    """Area under COCO's precision curve (101 points), 0..1."""
    table = np.concatenate([*rows, np.zeros((0, 2))])
    if not len(table) or not units:
        return 0.0
    hits = table[np.argsort(-table[:, 0], kind="stable"), 1].cumsum()
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    places = np.searchsorted(hits / units, _RECALLS, side="left")
    return float(np.where(places < len(hits), precision[np.minimum(places, len(hits) - 1)], 0.0).mean())
