"""Products across stores: how many stores have each, its share of shelf, its availability; own against competitors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cloud_sink.profile.figures import FORMULAE
from cloud_sink.store import assortment, settled, stale
from cloud_sink.store.assortment import NOBODY, Extent
from cloud_sink.store.database import reading
from cloud_sink.store.day import zones_of
from edge.contract.business_day import Span, day_span
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from edge.contract.business_day import Clockwork
    from edge.contract.catalogue import Sku

Side = Literal["own", "competitor"]
Counts = dict[str, int]
Value = float | None

_NONE: Counts = {}


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One product in some stores over some days."""

    sku: str
    name: str
    brand: str | None
    owner: str | None
    category: str | None
    side: Side | None  # None: no catalogue knows its owner, or nobody said whose products fixtures are for
    seen_in: int  # stores
    planned_in: int
    distribution: Value  # stores that it was seen in / stores observed
    facings: Value  # on the mean of the stores that have it
    share: Value  # of its category's facings, unsure ones in the denominator
    osa: Value
    episodes: int  # stock-outs that began
    out_now: int  # stores


@dataclass(frozen=True, slots=True)
class Shared:
    """An owner's or a brand's part of all recognised and unsure facings."""

    name: str
    side: Side | None
    products: int
    facings: int  # summed over captures
    share: Value
    osa: Value


@dataclass(frozen=True, slots=True)
class Assortment:
    """All products of a tenant in some stores over some days."""

    since: date
    until: date
    stores: int  # observed
    waiting: int  # days of stores that are not settled yet
    lines: tuple[ProductLine, ...]
    owners: tuple[Shared, ...]
    brands: tuple[Shared, ...]
    own_share: Mapping[date, Value]  # day by day, of all recognised and unsure facings
    unknown: int  # facings of products that no catalogue has, summed over captures
    facings: int  # of all


def ask_assortment(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    since: date,
    until: date,
    where: Mapping[str, str] | None = None,
) -> Assortment:
    """Add a tenant's products up over its stores.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        tenant: whose.
        since: the first business day.
        until: the last one, included.
        where: attributes that a store must have, such as `{"city": "Hue"}`.
    """
    extent = Extent(tenant, since, until, _named(stores, tenant, where) if where else None)
    sides = owners_of(stores, tenant)
    with reading(engine) as connection:
        there = assortment.observed_stores(connection, extent)
        told = assortment.stood(connection, extent)
        fared = assortment.fared(connection, extent)
        begun = assortment.begun(connection, tenant, spans(connection, stores, extent, there))
        out = assortment.out_now(connection, tenant, extent.only)
        days = settled.totals_by_day(
            connection, tenant, since, until, only=None if extent.only is None else list(extent.only)
        )
        waiting = stale.count_within(connection, tenant, since, until)
    stood, means = {sku: row for sku, (row, _) in told.items()}, {sku: mean for sku, (_, mean) in told.items()}
    unsure = sum(row["unsure"] for row in stood.values())
    categories = _totals(stood, {sku: one.category for sku, one in products.items()})
    known = {sku for sku, row in stood.items() if sku != NOBODY and (row["captures_seen"] or row["captures_planned"])}
    listed = known | {one.id for one in products.values() if one.owner in sides and one.life_cycle == "active"}
    lines = []
    for sku in sorted(listed):
        product, row, course = products.get(sku), stood.get(sku, _NONE), fared.get(sku, _NONE)
        lines.append(
            ProductLine(
                sku=sku,
                name=product.name if product else sku,
                brand=product.brand if product else None,
                owner=product.owner if product else None,
                category=product.category if product else None,
                side=side_of(product, sides),
                seen_in=row.get("seen_in", 0),
                planned_in=row.get("planned_in", 0),
                distribution=divide(row.get("seen_in", 0), len(there)),
                facings=divide(means.get(sku, 0.0), row.get("seen_in", 0)),
                share=divide(row.get("facings", 0), categories.get(product.category, 0) + unsure) if product else None,
                osa=osa_of(course),
                episodes=begun.get(sku, 0),
                out_now=out.get(sku, 0),
            )
        )
    named = [one for one in lines if one.owner is not None]
    return Assortment(
        since=since,
        until=until,
        stores=len(there),
        waiting=waiting,
        lines=tuple(lines),
        owners=_shared(named, "owner", stood, fared, unsure),
        brands=_shared(named, "brand", stood, fared, unsure),
        own_share={day: FORMULAE["own_share"].of(row) for day, row in days.items()},
        unknown=sum(row["unknown"] for row in stood.values()),
        facings=sum(row["facings"] + row["unsure"] + row["unknown"] for row in stood.values()),
    )


def owners_of(stores: StoreBook, tenant: str) -> frozenset[str]:
    """Whose products are own in some fixture of a tenant."""
    return frozenset(
        owner for one in stores.described if one.tenant == tenant for fixture in one.fixtures for owner in fixture.own
    )


def side_of(product: Sku | None, owners: frozenset[str]) -> Side | None:
    """Own or a competitor's; None where nobody knows."""
    if product is None or not owners:
        return None
    return "own" if product.owner in owners else "competitor"


def spans(
    connection: Transaction, stores: StoreBook, extent: Extent, places: Iterable[str]
) -> list[tuple[Span, list[str]]]:
    """The stretch of time of some business days: one for all stores whose clocks agree."""
    zones = zones_of(connection, extent.tenant)
    alike: dict[Clockwork, list[str]] = {}
    for place in places:
        alike.setdefault(stores.clockwork(extent.tenant, place, zones.get(place, "UTC")), []).append(place)
    return [
        (Span(day_span(extent.since, clock).since, day_span(extent.until, clock).until), own)
        for clock, own in alike.items()
    ]


def osa_of(counts: Counts) -> Value:
    """Availability, from milliseconds watched and out."""
    return FORMULAE["osa"].of(counts)


def _totals(stood: Mapping[str, Counts], group_of: Mapping[str, str]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for sku, row in stood.items():
        if sku in group_of:
            totals[group_of[sku]] = totals.get(group_of[sku], 0) + row["facings"]
    return totals


def _shared(
    lines: Sequence[ProductLine],
    by: Literal["owner", "brand"],
    stood: Mapping[str, Counts],
    fared: Mapping[str, Counts],
    unsure: int,
) -> tuple[Shared, ...]:
    groups: dict[str, list[ProductLine]] = {}
    for one in lines:
        groups.setdefault(getattr(one, by), []).append(one)
    facings = {name: sum(stood.get(one.sku, _NONE).get("facings", 0) for one in own) for name, own in groups.items()}
    total = sum(facings.values()) + unsure
    found = [
        Shared(
            name=name,
            side=own[0].side,
            products=sum(one.seen_in > 0 for one in own),
            facings=facings[name],
            share=divide(facings[name], total),
            osa=osa_of(_together(fared.get(one.sku, _NONE) for one in own)),
        )
        for name, own in groups.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.facings, one.name)))


def _together(rows: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for row in rows:
        for name, count in row.items():
            total[name] = total.get(name, 0) + count
    return total


def _named(stores: StoreBook, tenant: str, where: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        one.id
        for one in stores.described
        if one.tenant == tenant and all(getattr(one, name) == value for name, value in where.items())
    )
