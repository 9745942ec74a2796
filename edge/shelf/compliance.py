"""Planogram compliance: planned facings satisfied, at four cumulative levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.shelf.ratio import Ratio

if TYPE_CHECKING:
    from edge.shelf.alignment import Alignment, Place


@dataclass(frozen=True, slots=True)
class Compliance:
    """Planned facings satisfied of planned facings. Each level asks for more than the one before."""

    present: Ratio  # the SKU is somewhere on the fixture
    shelf: Ratio  # it is on the slot's shelf
    order: Ratio  # it is at the slot's place in the order of that shelf
    facings: Ratio  # with at least the slot's facings: those found there, at most those planned


def measure_compliance(alignment: Alignment) -> Compliance:
    """Measure how far the shelf keeps to the plan.

    A planned facing counts at a level when its SKU reaches that level; at the last one, when it is there itself. Extra
    facings count nowhere. A place that is hidden, or holds a facing that only could be its SKU, proves neither and
    leaves both sides.
    """
    recognised = [facing for facing in alignment.facings if facing.status == "recognised"]
    present = {facing.sku for facing in recognised}
    on_shelf = {(alignment.shelf_of.get(facing.shelf), facing.sku) for facing in recognised}
    filled = [place for place in alignment.places if place.outcome == "filled"]
    in_order = {_key(place) for place in filled}
    counted = [place for place in alignment.places if place.outcome in {"filled", "empty"}]
    whole = len(counted)
    return Compliance(
        present=Ratio(sum(place.slot.sku in present for place in counted), whole),
        shelf=Ratio(sum((place.slot.shelf, place.slot.sku) in on_shelf for place in counted), whole),
        order=Ratio(sum(_key(place) in in_order for place in counted), whole),
        facings=Ratio(len(filled), whole),
    )


def _key(place: Place) -> tuple[int, int]:
    return place.slot.shelf, place.slot.position
