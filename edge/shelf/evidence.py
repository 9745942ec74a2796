"""What one capture proves of each planned SKU: it is there, it may be there, or its place could not be seen.

A vote over captures is slow by one capture to believe a change. So that no stock-out is dated late by it, evidence
holds both what the vote believes and what the latest capture shows, and tells where the two differ.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
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
    # The best score of a facing that is, by its best guess, the SKU; an unsure one only where the SKU is planned.
    chance: Mapping[str, float] = field(default_factory=dict)
    lapsing: frozenset[str] = frozenset()  # SKUs that the vote believes in, and the latest capture does not show
    appearing: frozenset[str] = frozenset()  # SKUs that the latest capture shows, and the vote does not believe yet


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
    chance: dict[str, float] = {}
    for facing in alignment.facings:
        likely = facing.status == "recognised" or (facing.status == "unsure" and facing.sku == at.get(id(facing)))
        if likely and facing.sku is not None:
            chance[facing.sku] = max(chance.get(facing.sku, 0.0), facing.sku_score or 0.0)
    return Evidence(
        planned=Counter(place.slot.sku for place in alignment.places),
        seen=Counter(f.sku for f in alignment.facings if f.status == "recognised" and f.sku is not None),
        unsure=could_be,
        hidden=frozenset(place.slot.sku for place in alignment.places if place.outcome == "hidden"),
        chance=chance,
    )


def weigh_votes(now: Evidence, believed: Evidence) -> Evidence:
    """Evidence of a vote over captures, with what tells it from the latest capture alone.

    Args:
        now: of the latest capture.
        believed: of the vote that it took part in.
    """
    shown = {sku for sku in believed.planned if now.seen.get(sku, 0) or now.unsure.get(sku, 0)}
    held = {sku for sku in believed.planned if believed.seen.get(sku, 0) or believed.unsure.get(sku, 0)}
    # A SKU that the vote merely holds possible, and the capture surely shows, is not proven by one capture either.
    surer = {sku for sku in shown & held if now.seen.get(sku, 0) and not believed.seen.get(sku, 0)}
    return replace(
        believed,
        hidden=now.hidden,
        chance=now.chance,
        lapsing=frozenset(held - shown),
        appearing=frozenset((shown - held) | surer),
    )
