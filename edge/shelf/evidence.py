"""What one capture proves of each planned SKU: it is there, it may be there, or its place could not be seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.shelf.alignment import Alignment


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts for the stock-out tracker (`edge.shelf.stockouts.observe`)."""

    planned: Mapping[str, int]  # planned facings of each SKU
    seen: Mapping[str, int]  # recognised facings of each SKU, anywhere on the fixture
    unsure: Mapping[str, int]  # unsure facings that could be the SKU
    hidden: frozenset[str]  # SKUs with a place that could not be seen


def gather_evidence(alignment: Alignment) -> Evidence:
    """Sort what a capture shows by what it proves.

    An unsure facing could be the SKU of the place it stands at, and the SKU that is its best guess; not any other, or
    one of them would keep every stock-out from being told.
    """
    could_be: Counter[str] = Counter()
    at = {id(place.facing): place.slot.sku for place in alignment.places if place.outcome == "unsure"}
    for facing in alignment.facings:
        if facing.status == "unsure":
            could_be.update({sku for sku in (facing.sku, at.get(id(facing))) if sku is not None})
    return Evidence(
        planned=Counter(place.slot.sku for place in alignment.places),
        seen=Counter(f.sku for f in alignment.facings if f.status == "recognised" and f.sku is not None),
        unsure=could_be,
        hidden=frozenset(place.slot.sku for place in alignment.places if place.outcome == "hidden"),
    )
