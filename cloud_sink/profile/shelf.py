"""The goods of one fixture from its sums: means over captures, ratios of sums, shares of shelf. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.shelf.ratio import divide, linear_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloud_sink.profile.availability import Availability
    from edge.contract.catalogue import Sku


@dataclass(frozen=True, slots=True)
class SkuSums:
    """One SKU of one fixture: means over the captures of each view, added up over the views."""

    facings: float = 0.0
    unsure: float = 0.0
    planned: float = 0.0
    width: float = 0.0  # share of the frame
    seen: float = 0.0  # share of captures that show it, of the view that shows it most
    is_planned: bool = False

    def __add__(self, other: SkuSums) -> SkuSums:
        return SkuSums(
            facings=self.facings + other.facings,
            unsure=self.unsure + other.unsure,
            planned=self.planned + other.planned,
            width=self.width + other.width,
            seen=max(self.seen, other.seen),
            is_planned=self.is_planned or other.is_planned,
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands on a fixture, or on all of a store's."""

    captures: int = 0
    means: Mapping[str, float] = field(default_factory=dict)  # of the counts below, by capture
    sums: Mapping[str, int] = field(default_factory=dict)  # over captures, for ratios
    skus: Mapping[str, SkuSums] = field(default_factory=dict)
    unsure_width: float = 0.0
    availability: Mapping[str, Availability] = field(default_factory=dict)

    def __add__(self, other: Shelf) -> Shelf:
        """Two fixtures together."""
        skus = dict(self.skus)
        for sku, sums in other.skus.items():
            skus[sku] = skus[sku] + sums if sku in skus else sums
        seen = dict(self.availability)
        for sku, one in other.availability.items():
            seen[sku] = seen[sku] + one if sku in seen else one
        return Shelf(
            captures=self.captures + other.captures,
            means=_add(self.means, other.means),
            sums=Counter(self.sums) + Counter(other.sums),
            skus=skus,
            unsure_width=self.unsure_width + other.unsure_width,
            availability=seen,
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A group of SKUs and its part of the shelf."""

    name: str
    category: str | None
    facings: float
    share: float | None
    linear: float | None


def by_brand(shelf: Shelf, products: Mapping[str, Sku]) -> list[Share]:
    """Each brand within each of its categories."""
    return _shares(shelf, {sku: (one.brand, one.category) for sku, one in products.items()}, within_category=True)


def by_category(shelf: Shelf, products: Mapping[str, Sku]) -> list[Share]:
    """Each category's part of all recognised and unsure facings."""
    return _shares(shelf, {sku: (one.category, None) for sku, one in products.items()}, within_category=False)


def by_owner(shelf: Shelf, products: Mapping[str, Sku]) -> list[Share]:
    """Each owner's part of all recognised and unsure facings."""
    return _shares(shelf, {sku: (one.owner, None) for sku, one in products.items()}, within_category=False)


def sku_share(shelf: Shelf, sku: str, products: Mapping[str, Sku]) -> float | None:
    """A SKU's share of its category's facings; unsure facings could be any SKU and stay in the denominator."""
    product = products.get(sku)
    if product is None:
        return None
    rivals = sum(
        sums.facings
        for other, sums in shelf.skus.items()
        if other in products and products[other].category == product.category
    )
    own = shelf.skus[sku].facings
    return divide(own, rivals + shelf.means.get("unsure", 0.0))


def _shares(shelf: Shelf, group_of: Mapping[str, tuple[str, str | None]], *, within_category: bool) -> list[Share]:
    facings: dict[tuple[str, str | None], float] = {}
    widths: dict[tuple[str, str | None], float] = {}
    for sku, sums in shelf.skus.items():
        if sku in group_of and sums.facings > 0:
            group = group_of[sku]
            facings[group] = facings.get(group, 0.0) + sums.facings
            widths[group] = widths.get(group, 0.0) + sums.width
    unsure = shelf.means.get("unsure", 0.0)
    lines = []
    for group in sorted(facings, key=lambda one: (one[1] or "", -facings[one], one[0])):
        rivals = [other for other in facings if not within_category or other[1] == group[1]]
        total, wide = _total(facings, rivals), _total(widths, rivals)
        lines.append(
            Share(
                name=group[0],
                category=group[1],
                facings=facings[group],
                share=divide(facings[group], total + unsure),
                linear=linear_share(
                    brand=widths[group], others=max(0.0, wide - widths[group]), unsure=shelf.unsure_width
                ),
            )
        )
    return lines


def _total(amounts: Mapping[tuple[str, str | None], float], groups: Iterable[tuple[str, str | None]]) -> float:
    return sum(amounts[group] for group in groups)


def _add(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {*one, *other}}
