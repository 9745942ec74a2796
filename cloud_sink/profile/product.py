"""One product: its figures, its course, its stores from the least available, and where it stands wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from cloud_sink.profile.assortment import ProductLine, osa_of, owners_of, side_of, spans
from cloud_sink.store import assortment
from cloud_sink.store.assortment import Extent, Glance
from cloud_sink.store.database import reading
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.assortment import View
    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku

Counts = dict[str, int]
Value = float | None

TREND = 28
"""Days of a product's course, or as many as are asked for."""

_NONE: Counts = {}


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
    """One product: its figures, its days, its stores, and where it stands wrong."""

    line: ProductLine
    observed: int  # stores
    days: tuple[date, ...]
    osa: tuple[Value, ...]
    share: tuple[Value, ...]
    rivals: tuple[Value, ...]  # of the category's competitors together; all None where it has none
    stores: tuple[StoreLine, ...]  # the least available first
    astray: tuple[Astray, ...]


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
    """One product store by store over a period, day by day over four weeks at least, and where it stands wrong.

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
    course = Extent(tenant, min(since, until - timedelta(days=TREND - 1)), until)
    sides = owners_of(stores, tenant)
    groups = _groups(products, sku, sides)
    with reading(engine) as connection:
        there = assortment.observed_stores(connection, extent)
        stood = assortment.stood_by_view(connection, extent, sku)
        by_day = assortment.fared_by_day(connection, course, sku)
        by_store = assortment.fared_by_store(connection, extent, sku)
        shown = assortment.stood_by_day(connection, course, groups)
        begun = assortment.begun(connection, tenant, spans(connection, stores, extent, there), sku)
        out = assortment.out_now(connection, tenant)
        found = list(assortment.glances(connection, tenant, last, sku))
    begins = min([*shown, *by_day], default=until)
    days = tuple(begins + timedelta(days=at) for at in range((until - begins).days + 1))
    lines = _store_lines(stood, by_store, begun)
    product, seen = products.get(sku), [one for one in lines if one.seen]
    line = ProductLine(
        sku=sku,
        name=product.name if product else sku,
        brand=product.brand if product else None,
        owner=product.owner if product else None,
        category=product.category if product else None,
        side=side_of(product, sides),
        seen_in=len(seen),
        planned_in=sum(one.planned for one in lines),
        distribution=divide(len(seen), len(there)),
        facings=divide(sum(one.facings or 0.0 for one in seen), len(seen)),
        share=_share_of(_added(row for day, row in shown.items() if day >= since), "this") if product else None,
        osa=osa_of(_added(by_store.values())),
        episodes=sum(begun.values()),
        out_now=out.get(sku, 0),
    )
    return ProductCourse(
        line=line,
        observed=len(there),
        days=days,
        osa=tuple(osa_of(by_day.get(day, _NONE)) for day in days),
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


def _groups(products: Mapping[str, Sku], sku: str, sides: frozenset[str]) -> dict[str, list[str]]:
    """The SKU, its category's, and of these the other side's."""
    product = products.get(sku)
    alike = [one for one in products.values() if product and one.category == product.category]
    mine = side_of(product, sides)
    return {
        "this": [sku],
        "category": [one.id for one in alike] or [sku],
        "rivals": [one.id for one in alike if side_of(one, sides) not in {mine, None}],
    }


def _store_lines(
    stood: Mapping[View, Counts], fared: Mapping[str, Counts], begun: Mapping[str, int]
) -> list[StoreLine]:
    """Every store that showed or planned it."""
    views: dict[str, dict[tuple[str, str], Counts]] = {}
    for (place, fixture, view), row in stood.items():
        views.setdefault(place, {})[fixture, view] = row
    return [
        _store_line(place, rows, fared.get(place, _NONE), begun.get(place, 0))
        for place, rows in views.items()
        if any(row["captures_seen"] or row["captures_planned"] for row in rows.values())
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
        osa=osa_of(course),
        episodes=episodes,
    )


def _least_available(one: StoreLine) -> tuple[bool, float, int, str]:
    return one.osa is None, one.osa or 0.0, -one.episodes, one.store


def _share_of(row: Counts | None, name: str) -> Value:
    return divide(row[name], row["category"] + row["unsure"]) if row else None


def _added(rows: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for row in rows:
        for name, count in row.items():
            total[name] = total.get(name, 0) + count
    return total
