"""A capture of a fixture as the page shows it: boxes over the photograph, deviations on the plan. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cloud_sink.store.corrected import Correction
    from cloud_sink.web.views.plan_drawing import Mark
    from edge.contract.catalogue import Sku
    from edge.contract.payloads import Deviation, FacingRecord, ShelfObserved

Kind = Literal["own", "foreign", "unknown", "unsure", "gap"]
KINDS: tuple[Kind, ...] = ("own", "foreign", "unsure", "unknown", "gap")

PIXELS = 1000
"""Boxes are drawn on a square of so many units, which is stretched over the photograph."""

_PLACED = frozenset({"missing", "void", "too_few", "misplaced"})
"""Deviations that tell a place of the plan."""


@dataclass(frozen=True, slots=True)
class Box:
    """A facing or gap over the photograph, in units of `PIXELS`."""

    kind: Kind
    facing: int | None  # as corrections number it; None for a gap
    x: float
    y: float
    width: float
    height: float
    shelf: int
    position: int | None
    sku: str | None
    name: str | None
    score: float | None  # of the SKU, 0 to 1
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """All that is drawn of one capture."""

    boxes: tuple[Box, ...]
    counts: Mapping[Kind, int]


def look_at(
    seen: ShelfObserved, corrections: Sequence[Correction], *, own: Collection[str], products: Mapping[str, Sku]
) -> Look:
    """What counts of a capture, with what people said of it.

    Args:
        seen: the observation, as the device told it.
        corrections: of it, in the order in which they were made.
        own: owners whose products are own at this fixture; empty where nobody said: then what is planned is own.
        products: the catalogues' SKUs by id.
    """
    said = {one.facing: one for one in corrections}
    told = dict(enumerate(seen.counted_facings))
    added = {one.facing: one.record for one in corrections if one.record is not None}
    boxes = []
    for number in sorted({*told, *added, *said}):
        record, change = told.get(number) or added.get(number), said.get(number)
        if record is None or (change is not None and change.standing == "removed"):
            continue
        sku = record.sku if change is None else change.sku
        kind: Kind
        if change is not None and change.standing != "removed":
            kind = change.standing
        else:
            kind = _kind(record, seen, own=own, products=products)
        boxes.append(_box(record, number, kind, sku=sku, products=products, corrected=change is not None))
    boxes += [
        Box("gap", None, *_place(gap.box), gap.shelf, None, gap.sku, _name(gap.sku, products), None)
        for gap in seen.counted_gaps
    ]
    return Look(tuple(boxes), {kind: sum(box.kind == kind for box in boxes) for kind in KINDS})


def marks_of(seen: ShelfObserved) -> dict[tuple[int, int], list[Mark]]:
    """The deviations that tell a place of the plan, by shelf and position."""
    marks: dict[tuple[int, int], list[Mark]] = {}
    for one in seen.deviations:
        if one.kind in _PLACED and one.shelf is not None and one.position is not None:
            marks.setdefault((one.shelf, one.position), []).append(one.kind)
    return marks


def gathered(deviations: Sequence[Deviation]) -> dict[Deviation, int]:
    """Deviations as a table tells them: those of one kind, product and shelf as one, with how often."""
    return Counter(one.model_copy(update={"position": None}) for one in deviations)


def _kind(record: FacingRecord, seen: ShelfObserved, *, own: Collection[str], products: Mapping[str, Sku]) -> Kind:
    if record.status != "recognised":
        return record.status
    product = products.get(record.sku or "")
    mine = product.owner in own if own and product is not None else record.sku in seen.planned
    return "own" if mine else "foreign"


def _box(
    record: FacingRecord, number: int, kind: Kind, *, sku: str | None, products: Mapping[str, Sku], corrected: bool
) -> Box:
    return Box(
        kind,
        number,
        *_place(record.box),
        record.shelf,
        record.position,
        sku,
        _name(sku, products),
        None if corrected else record.sku_score,
        corrected,
    )


def _place(box: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (side * PIXELS for side in box)
    return round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1)


def _name(sku: str | None, products: Mapping[str, Sku]) -> str | None:
    product = products.get(sku or "")
    return product.name if product is not None else sku
