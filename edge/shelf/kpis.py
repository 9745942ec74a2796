"""The KPIs of one capture of one fixture, as counts that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.shelf.compliance import Compliance, measure_compliance
from edge.shelf.ratio import Purity, Ratio, divide, linear_share, occupancy, purity, share_of_shelf

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from edge.shelf.alignment import Alignment
    from edge.shelf.facing import Facing, Gap

__all__ = [
    "BrandTally",
    "Purity",
    "Ratio",
    "ShelfKpis",
    "Widths",
    "compute_kpis",
    "divide",
    "linear_share",
    "occupancy",
    "purity",
    "share_of_shelf",
    "tally_brand",
]


KINDS = ("own", "foreign", "unknown", "unsure")


@dataclass(frozen=True, slots=True)
class Widths:
    """Widths of the facings, added up, in the unit of their boxes."""

    own: float = 0.0
    foreign: float = 0.0
    unknown: float = 0.0
    unsure: float = 0.0


@dataclass(frozen=True, slots=True)
class ShelfKpis:
    """Counts of one capture. `own + foreign + unknown + unsure == facings`."""

    facings: int
    own: int
    foreign: int
    unknown: int
    unsure: int
    gaps: int
    assortment: int  # own SKUs seen
    must_stock: Ratio | None  # SKUs of the list seen; None without a list
    compliance: Compliance | None  # None without a plan
    widths: Widths = Widths()

    @property
    def linear_share(self) -> float | None:
        """What own facings take of the width of all."""
        w = self.widths
        return linear_share(brand=w.own, others=w.foreign + w.unknown, unsure=w.unsure)

    @property
    def purity(self) -> Purity:
        """Own of own and foreign, with its range."""
        return purity(self.own, self.foreign, self.unknown, self.unsure)

    @property
    def occupancy(self) -> float | None:
        """Filled positions of all."""
        return occupancy(self.facings, self.gaps)


def compute_kpis(
    facings: Sequence[Facing],
    gaps: Sequence[Gap],
    *,
    owner_of: Mapping[str, str],
    own: AbstractSet[str],
    alignment: Alignment | None = None,
    must_stock: Collection[str] | None = None,
    blind: bool = False,
) -> ShelfKpis:
    """Count what one capture shows.

    Args:
        facings: front-row units of the fixture.
        gaps: its empty places.
        owner_of: owner of each SKU of the catalogue. A SKU that is not in it is in no catalogue: `unknown`.
        own: the owners whose products this fixture is for, by its contract.
        alignment: with the plan in force, for compliance; None without a plan.
        must_stock: SKUs that must be there, each once however often it is listed; None without a list.
        blind: whether a part of the fixture could not be seen. What may stand there, by the plan or without one, and
            nowhere else was seen, leaves both sides of must-stock compliance.
    """
    status = [_standing(facing, owner_of, own) for facing in facings]
    seen = {facing.sku for facing in facings if facing.status == "recognised"}
    listed = None if must_stock is None else frozenset(must_stock) - _untold(seen, must_stock, alignment, blind=blind)
    width = {
        name: sum(f.box[2] - f.box[0] for f, s in zip(facings, status, strict=True) if s == name) for name in KINDS
    }
    return ShelfKpis(
        facings=len(facings),
        own=status.count("own"),
        foreign=status.count("foreign"),
        unknown=status.count("unknown"),
        unsure=status.count("unsure"),
        gaps=len(gaps),
        assortment=sum(owner_of.get(sku) in own for sku in seen if sku is not None),
        must_stock=None if listed is None else Ratio(len(listed & seen), len(listed)),
        compliance=None if alignment is None else measure_compliance(alignment),
        widths=Widths(**width),
    )


def _untold(
    seen: AbstractSet[str | None], listed: Collection[str], alignment: Alignment | None, *, blind: bool
) -> frozenset[str]:
    """Listed SKUs that were not seen and may stand where nobody could see."""
    places = () if alignment is None else alignment.places
    hidden = {place.slot.sku for place in places if place.outcome == "hidden"}
    planned = {place.slot.sku for place in places}
    return frozenset(sku for sku in listed if sku not in seen and (sku in hidden or (blind and sku not in planned)))


def _standing(facing: Facing, owner_of: Mapping[str, str], own: AbstractSet[str]) -> str:
    if facing.status != "recognised" or facing.sku is None:
        return facing.status
    owner = owner_of.get(facing.sku)
    if owner is None:
        return "unknown"
    return "own" if owner in own else "foreign"


@dataclass(frozen=True, slots=True)
class BrandTally:
    """A brand's facings within its category, and their widths in pixels."""

    facings: int
    others: int
    unsure: int
    width: float
    others_width: float
    unsure_width: float

    @property
    def share(self) -> float | None:
        """Share of shelf."""
        return share_of_shelf(brand=self.facings, others=self.others, unsure=self.unsure)

    @property
    def linear_share(self) -> float | None:
        """Share of shelf by width."""
        return linear_share(brand=self.width, others=self.others_width, unsure=self.unsure_width)


def tally_brand(
    facings: Iterable[Facing], *, brand: Collection[str], category: Collection[str] | None = None
) -> BrandTally:
    """Count a brand's facings within its category.

    Args:
        facings: front-row units of one fixture.
        brand: the brand's SKUs.
        category: the category's SKUs; None takes all that stands there, unknown products too, for a fixture of one
            category. With a category, unknown products are in none.
    """
    counts = {"brand": 0, "others": 0, "unsure": 0}
    widths = {"brand": 0.0, "others": 0.0, "unsure": 0.0}
    for facing in facings:
        if facing.status == "unsure":
            kind = "unsure"
        elif category is not None and (facing.status == "unknown" or facing.sku not in category):
            continue
        else:
            kind = "brand" if facing.status == "recognised" and facing.sku in brand else "others"
        counts[kind] += 1
        widths[kind] += facing.box[2] - facing.box[0]
    return BrandTally(
        counts["brand"], counts["others"], counts["unsure"], widths["brand"], widths["others"], widths["unsure"]
    )
