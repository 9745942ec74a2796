"""The goods of one fixture from its sums: means over captures, ratios of sums, shares of shelf. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cloud_sink.profile.availability import NOTHING
from edge.shelf.ratio import divide, linear_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloud_sink.profile.availability import Availability
    from edge.contract.catalogue import Sku


@dataclass(frozen=True, slots=True)
class SkuSums:
    """One SKU of one fixture: means over the captures of each view, added up over the views.

    Each view of a fixture lists its own units, but says the plan of the whole fixture.
    """

    facings: float = 0.0
    unsure: float = 0.0
    planned: float = 0.0
    width: float = 0.0  # share of the frame
    seen: float = 0.0  # share of captures that show it, of the view that shows it most
    taken: int = 0
    refilled: int = 0
    is_planned: bool = False

    def with_view(self, other: SkuSums) -> SkuSums:
        """The same SKU with what another view of the same fixture says."""
        return replace(self + other, planned=max(self.planned, other.planned))

    def __add__(self, other: SkuSums) -> SkuSums:
        return SkuSums(
            facings=self.facings + other.facings,
            unsure=self.unsure + other.unsure,
            planned=self.planned + other.planned,
            width=self.width + other.width,
            seen=max(self.seen, other.seen),
            taken=self.taken + other.taken,
            refilled=self.refilled + other.refilled,
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
    osa: float | None
    skus: frozenset[str]


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
    members: dict[tuple[str, str | None], set[str]] = {}
    for sku, sums in shelf.skus.items():
        if sku in group_of and (sums.facings > 0 or sums.is_planned):
            group = group_of[sku]
            members.setdefault(group, set()).add(sku)
            facings[group] = facings.get(group, 0.0) + sums.facings
            widths[group] = widths.get(group, 0.0) + sums.width
    unsure = shelf.means.get("unsure", 0.0)
    lines = []
    # Rounded: of groups with equally many facings, the last bits of sums of means decide nothing.
    for group in sorted(facings, key=lambda one: (one[1] or "", -round(facings[one], 9), one[0])):
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
                osa=sum((shelf.availability.get(sku, NOTHING) for sku in members[group]), start=NOTHING).value,
                skus=frozenset(members[group]),
            )
        )
    return lines


def _total(amounts: Mapping[tuple[str, str | None], float], groups: Iterable[tuple[str, str | None]]) -> float:
    return sum(amounts[group] for group in groups)


def _add(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {*one, *other}}
