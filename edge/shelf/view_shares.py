"""What is read of a fixture as a whole, shared out to its views so that the shares add up to it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge.shelf.kpis import Widths, compute_kpis
from edge.shelf.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from edge.shelf.facing import Facing
    from edge.shelf.kpis import ShelfKpis
    from edge.shelf.views import Merged, Twin


@dataclass(frozen=True, slots=True)
class ViewShare:
    """One view's part of a reading."""

    reading: Reading  # boxes in pixels of the view; shelves and positions of the fixture
    source: tuple[int | None, ...]  # of each facing, its index among the merged facings; None: kept by the vote


def share_out(
    reading: Reading,
    merged: Merged,
    seen: Mapping[str, Sequence[Facing]],
    *,
    source: Sequence[int | None] | None = None,
    owner_of: Mapping[str, str],
    own: AbstractSet[str],
) -> dict[str, ViewShare]:
    """Share a reading out to the views.

    A facing goes to the view whose facing stands for it, a gap to the view that shows it best. Counts are those of what
    a view has; a SKU is in the assortment of the view that has its first facing. What only the fixture as a whole has,
    must-stock and compliance and deviations, goes to the first view.

    Args:
        reading: of the fixture, boxes in pixels of its front.
        merged: what it was read from.
        seen: the facings of each view, in pixels of the view.
        source: of each facing of the reading, its index among the merged facings, None: kept by a vote; without it the
            reading's facings are the merged ones.
        owner_of: owner of each SKU of the catalogue.
        own: the owners whose products the fixture is for.
    """
    origin = tuple(range(len(merged.facings))) if source is None else tuple(source)
    views = list(merged.front.maps)
    holder = [
        merged.front.shown_best(facing.box) if index is None else merged.twins[index].view
        for facing, index in zip(reading.facings, origin, strict=True)
    ]
    first: dict[str, str] = {}
    for facing, view in zip(reading.facings, holder, strict=True):
        if facing.status == "recognised" and facing.sku is not None:
            first.setdefault(facing.sku, view)
    shares = {}
    for view in views:
        places = [place for place, name in enumerate(holder) if name == view]
        on_front = [reading.facings[place] for place in places]
        gaps = [gap for gap in reading.gaps if merged.front.shown_best(gap.box) == view]
        kpis = compute_kpis(on_front, gaps, owner_of=owner_of, own=own)
        assortment = sum(name == view and owner_of.get(sku) in own for sku, name in first.items())
        leads = view == views[0]
        width = merged.front.sizes[view][0] / merged.front.width
        kpis = replace(
            kpis,
            assortment=assortment,
            must_stock=reading.kpis.must_stock if leads else None,
            compliance=reading.kpis.compliance if leads else None,
            widths=_scaled(kpis, width),
        )
        shares[view] = ViewShare(
            Reading(
                facings=tuple(
                    _in_view(facing, _twin(merged, origin[place]), view, merged, seen)
                    for facing, place in zip(on_front, places, strict=True)
                ),
                gaps=tuple(replace(gap, box=merged.front.in_view(gap.box, view)) for gap in gaps),
                deviations=reading.deviations if leads else (),
                kpis=kpis,
                evidence=None,
            ),
            tuple(origin[place] for place in places),
        )
    return shares


def _twin(merged: Merged, index: int | None) -> Twin | None:
    return None if index is None else merged.twins[index]


def _in_view(
    facing: Facing, twin: Twin | None, view: str, merged: Merged, seen: Mapping[str, Sequence[Facing]]
) -> Facing:
    box = merged.front.in_view(facing.box, view) if twin is None else seen[view][twin.index].box
    return replace(facing, box=box)


def _scaled(kpis: ShelfKpis, by: float) -> Widths:
    """Widths on the front such that the width of the view's picture stands for that of the front."""
    w = kpis.widths
    return Widths(w.own * by, w.foreign * by, w.unknown * by, w.unsure * by)
