"""Products across stores: how many stores have one, its share of shelf, its availability, and where it stands wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from cloud_sink.profile.figures import FORMULAE
from cloud_sink.store import assortment, settled, stale
from cloud_sink.store.assortment import NOBODY, Extent, Glance
from cloud_sink.store.database import reading
from cloud_sink.store.day import zones_of
from edge.contract.business_day import Span, day_span
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from edge.contract.business_day import Clockwork
    from edge.contract.catalogue import Sku

Side = Literal["own", "competitor"]
Counts = dict[str, int]
Value = float | None

TREND = 28
"""Days of a product's course."""

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


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One product in one store."""

    store: str
    seen: bool
    planned: bool
    facings: Value  # mean over captures, as in the store's profile
    wanted: Value  # planned facings; None where none are
    osa: Value
    episodes: int


@dataclass(frozen=True, slots=True)
class Astray:
    """Facings of a product that stand where another should, at a fixture's last capture."""

    store: str
    fixture: str
    at: datetime
    shelf: int | None
    position: int | None
    facings: int
    planned: int  # on the whole fixture
    kind: Literal["misplaced", "extra", "foreign"]


@dataclass(frozen=True, slots=True)
class ProductCourse:
    """One product: its days, its stores, and where it stands wrong."""

    days: tuple[date, ...]
    osa: tuple[Value, ...]
    share: tuple[Value, ...]
    rivals: tuple[Value, ...]  # of the category's competitors together; all None where it has none
    stores: tuple[StoreLine, ...]  # the least available first
    astray: tuple[Astray, ...]


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
                osa=_osa(course),
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


def ask_product(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    sku: str,
    since: date,
    until: date,
    last: date,
) -> ProductCourse:
    """One product store by store over a period, day by day over four weeks, and where it stands wrong.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        tenant: whose.
        sku: which.
        since: the first business day.
        until: the last one, included.
        last: the day of whose last captures it is told where it stands wrong.
    """
    extent = Extent(tenant, since, until)
    course = Extent(tenant, until - timedelta(days=TREND - 1), until)
    product, sides = products.get(sku), owners_of(stores, tenant)
    alike = [one for one in products.values() if product and one.category == product.category]
    mine = side_of(product, sides)
    groups = {
        "this": [sku],
        "category": [one.id for one in alike] or [sku],
        "rivals": [one.id for one in alike if side_of(one, sides) not in {mine, None}],
    }
    with reading(engine) as connection:
        stood = assortment.stood_by_view(connection, extent, sku)
        by_day, _ = assortment.fared_by(connection, course, sku)
        _, by_store = assortment.fared_by(connection, extent, sku)
        shown = assortment.stood_by_day(connection, course, groups)
        places = sorted({key[0] for key, row in stood.items() if row["captures_seen"] or row["captures_planned"]})
        begun = assortment.begun(connection, tenant, spans(connection, stores, extent, places), sku)
        found = list(assortment.glances(connection, tenant, last, sku))
    days = tuple(course.since + timedelta(days=at) for at in range(TREND))
    begins = min([*shown, *by_day], default=course.since)
    days = tuple(day for day in days if day >= begins)
    views: dict[str, dict[tuple[str, str], Counts]] = {}
    for (place, fixture, view), row in stood.items():
        views.setdefault(place, {})[fixture, view] = row
    lines = [_store_line(place, views[place], by_store.get(place, _NONE), begun.get(place, 0)) for place in places]
    return ProductCourse(
        days=days,
        osa=tuple(_osa(by_day.get(day, _NONE)) for day in days),
        share=tuple(_share_of(shown.get(day), "this") for day in days),
        rivals=tuple(_share_of(shown.get(day), "rivals") if groups["rivals"] else None for day in days),
        stores=tuple(sorted(lines, key=_least_available)),
        astray=tuple(one for glance in found for one in astray(glance, sku)),
    )


def astray(glance: Glance, sku: str) -> list[Astray]:
    """Where a product stands that should not stand there. Pure.

    Deviations are the device's. Of a capture that people corrected only those facings count that still are this SKU.
    """
    found = []
    for one in glance.seen.deviations:
        if one.sku == sku and one.kind in {"misplaced", "extra", "foreign"}:
            facings = min(one.seen, _standing(glance, sku, one.shelf)) if glance.touched else one.seen
            found.append(
                Astray(
                    store=glance.store,
                    fixture=glance.fixture,
                    at=glance.at,
                    shelf=one.shelf,
                    position=one.position,
                    facings=facings,
                    planned=one.planned,
                    kind=one.kind,
                )
            )
    return [one for one in found if one.facings]


def _standing(glance: Glance, sku: str, shelf: int | None) -> int:
    return sum((one.sku, one.shelf, one.status) == (sku, shelf, "recognised") for one in glance.seen.facings)


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


def _store_line(store: str, views: Mapping[tuple[str, str], Counts], course: Counts, episodes: int) -> StoreLine:
    """Each view of a fixture lists its own units, but says the plan of the whole fixture."""
    wanted: dict[str, float] = {}
    for (fixture, _), row in views.items():
        wanted[fixture] = max(wanted.get(fixture, 0.0), row["planned"] / row["accepted"])
    planned = any(row["captures_planned"] for row in views.values())
    return StoreLine(
        store=store,
        seen=any(row["captures_seen"] for row in views.values()),
        planned=planned,
        facings=sum(row["facings"] / row["accepted"] for row in views.values()),
        wanted=sum(wanted.values()) if planned else None,
        osa=_osa(course),
        episodes=episodes,
    )


def _least_available(one: StoreLine) -> tuple[bool, float, int, str]:
    return one.osa is None, one.osa or 0.0, -one.episodes, one.store


def _osa(counts: Counts) -> Value:
    return FORMULAE["osa"].of(counts)


def _share_of(row: Counts | None, name: str) -> Value:
    return None if row is None else divide(row[name], row["category"] + row["unsure"])


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
            osa=_osa(_together(fared.get(one.sku, _NONE) for one in own)),
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
