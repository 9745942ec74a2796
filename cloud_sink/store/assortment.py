"""What stands of each SKU in all stores: added up where the rows lie, so that few of them come out.

Rows of SKUs are ordered by store, then day. Asked for a range of days a database reads all days of all stores; asked
for each store and each day by its name it reads those.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Float, and_, case, cast, func, select

from cloud_sink.store import corrections
from cloud_sink.store.correction_tables import corrections as corrected_table
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.settled_tables import sku_course, store_day, todo
from cloud_sink.store.tables import events, fixture_day, sku_day, stockouts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Select, Table

    from edge.contract.business_day import Span
    from edge.contract.payloads import ShelfObserved

Counts = dict[str, int]

OBSERVED = "shelf.observed.v1"
NOBODY = ""
"""In place of a SKU: facings that could be any, or none of the catalogue."""

SUMS = ("facings", "unsure", "unknown", "captures_seen", "captures_planned", "planned", "gaps")
VIEW = ("store", "fixture", "view")
View = tuple[str, str, str]
FARED = ("observed_ms", "out_ms")


@dataclass(frozen=True, slots=True)
class Extent:
    """Some stores of a tenant over some business days; None: all stores."""

    tenant: str
    since: date
    until: date
    only: tuple[str, ...] | None = None

    def rows(self, table: Table) -> ColumnElement[bool]:
        """The rows of a table with tenant, store and day."""
        c, days = table.c, [self.since + timedelta(days=at) for at in range((self.until - self.since).days + 1)]
        stores: Select[Any] | Sequence[str] = (
            select(store_day.c.store)
            .where(store_day.c.tenant == self.tenant, store_day.c.day >= self.since, store_day.c.day <= self.until)
            .distinct()
            if self.only is None
            else self.only
        )
        return and_(c.tenant == self.tenant, c.store.in_(stores), c.day.in_(days))


def observed_stores(connection: Connection, extent: Extent) -> set[str]:
    """Stores of which some capture was accepted."""
    c = store_day.c
    where = [c.tenant == extent.tenant, c.day >= extent.since, c.day <= extent.until, c.accepted > 0]
    where += [] if extent.only is None else [c.store.in_(extent.only)]
    return set(connection.execute(select(c.store).where(*where).distinct()).scalars())


def stood(connection: Connection, extent: Extent) -> dict[str, tuple[Counts, float]]:
    """By SKU, sums over captures, in how many stores it was seen (`seen_in`) and planned (`planned_in`), and its means.

    The mean of a store is over the captures of each view, added up over its views; these are added up over stores.
    """
    c = sku_day.c
    taken = _taken(extent).subquery()
    sums = [func.sum(c[name]).label(name) for name in SUMS]
    by_view = (
        select(c.store, c.fixture, c.view, c.sku, *sums)
        .where(extent.rows(sku_day))
        .group_by(c.store, c.fixture, c.view, c.sku)
        .subquery()
    )
    v = by_view.c
    same = and_(*(v[key] == taken.c[key] for key in VIEW))
    mean = func.sum(cast(v.facings, Float) / taken.c.accepted).label("mean")
    by_store = (
        select(v.store, v.sku, *(func.sum(v[name]).label(name) for name in SUMS), mean)
        .join_from(by_view, taken, same)
        .group_by(v.store, v.sku)
        .subquery()
    )
    b = by_store.c
    told = [
        *(func.sum(b[name]) for name in SUMS),
        func.sum(case((b.captures_seen > 0, 1), else_=0)),
        func.sum(case((b.captures_planned > 0, 1), else_=0)),
    ]
    names = (*SUMS, "seen_in", "planned_in")
    rows = connection.execute(select(b.sku, *told, func.sum(b.mean)).group_by(b.sku)).all()
    counts = _counts([row[:-1] for row in rows], names)
    return {row[0]: (counts[row[0]], float(row[-1])) for row in rows}


def _taken(extent: Extent) -> Select[Any]:
    """Accepted captures of each view."""
    c = fixture_day.c
    return (
        select(*(c[key] for key in VIEW), func.sum(c.accepted).label("accepted"))
        .where(extent.rows(fixture_day), c.accepted > 0)
        .group_by(*(c[key] for key in VIEW))
    )


def stood_by_day(connection: Connection, extent: Extent, groups: Mapping[str, Collection[str]]) -> dict[date, Counts]:
    """Day by day the facings of each group of SKUs, by its name, and all that are unsure (`unsure`)."""
    c = sku_day.c
    sums = [func.sum(case((c.sku.in_(sorted(skus)), c.facings), else_=0)) for skus in groups.values()]
    statement = select(c.day, *sums, func.sum(c.unsure)).where(extent.rows(sku_day)).group_by(c.day)
    return _counts(connection.execute(statement), (*groups, "unsure"))


def stood_by_view(connection: Connection, extent: Extent, sku: str) -> dict[View, Counts]:
    """One SKU by store, fixture and view: sums over captures, and how many captures there are (`accepted`)."""
    c = sku_day.c
    keys = [c[key] for key in VIEW]
    sums = [func.sum(c[name]) for name in SUMS]
    statement = select(*keys, *sums).where(extent.rows(sku_day), c.sku == sku).group_by(*keys)
    taken = {tuple(row[:3]): int(row[3]) for row in connection.execute(_taken(extent))}
    return {
        (row[0], row[1], row[2]): dict(zip(SUMS, map(int, row[3:]), strict=True)) | {"accepted": taken[tuple(row[:3])]}
        for row in connection.execute(statement)
        if tuple(row[:3]) in taken
    }


def fared(connection: Connection, extent: Extent) -> dict[str, Counts]:
    """By SKU, milliseconds that it was watched while planned, and out of stock."""
    return _fared(connection, extent, sku_course.c.sku)


def fared_by_day(connection: Connection, extent: Extent, sku: str) -> dict[date, Counts]:
    """The same of one SKU, day by day."""
    return _fared(connection, extent, sku_course.c.day, sku_course.c.sku == sku)


def fared_by_store(connection: Connection, extent: Extent, sku: str) -> dict[str, Counts]:
    """The same of one SKU, store by store."""
    return _fared(connection, extent, sku_course.c.store, sku_course.c.sku == sku)


def _fared(
    connection: Connection, extent: Extent, by: ColumnElement[Any], *where: ColumnElement[bool]
) -> dict[Any, Counts]:
    c = sku_course.c
    statement = select(by, *(func.sum(c[name]) for name in FARED)).where(extent.rows(sku_course), *where).group_by(by)
    return _counts(connection.execute(statement), FARED)


def begun(
    connection: Connection, tenant: str, where: Iterable[tuple[Span, Collection[str]]], sku: str | None = None
) -> dict[str, int]:
    """Stock-outs that began, by SKU; of one SKU by store.

    Args:
        connection: inside `reading`.
        tenant: whose.
        where: stretches of time, each with the stores whose days it is: their clocks differ.
        sku: the one that is asked for.
    """
    c, found = stockouts.c, dict[str, int]()
    by = c.sku if sku is None else c.store
    for span, stores in where:
        asked = [c.tenant == tenant, c.store.in_(sorted(stores)), c.since >= to_ms(span.since)]
        asked += [c.since < to_ms(span.until), *([] if sku is None else [c.sku == sku])]
        for name, count in connection.execute(select(by, func.count()).where(*asked).group_by(by)):
            found[name] = found.get(name, 0) + int(count)
    return found


def out_now(connection: Connection, tenant: str, only: Collection[str] | None = None) -> dict[str, int]:
    """By SKU, in how many stores it is out of stock as what is to do there was written down last."""
    c = todo.c
    where = [c.tenant == tenant, c.kind == "refill"]
    where += [] if only is None else [c.store.in_(sorted(only))]
    statement = select(c.sku, func.count(c.store.distinct())).where(*where).group_by(c.sku)
    return {sku: int(count) for sku, count in connection.execute(statement)}


def short_stores(connection: Connection, tenant: str) -> dict[str, int]:
    """By store how many SKUs are out of stock, as what is to do there was written down last."""
    c = todo.c
    statement = select(c.store, func.count(c.sku.distinct())).where(c.tenant == tenant, c.kind == "refill")
    return {store: int(count) for store, count in connection.execute(statement.group_by(c.store))}


@dataclass(frozen=True, slots=True)
class Glance:
    """The last capture of a fixture on a day, with what people corrected of it."""

    store: str
    fixture: str
    at: datetime
    seen: ShelfObserved
    touched: bool  # whether people corrected it


def glances(connection: Connection, tenant: str, day: date, sku: str) -> Iterator[Glance]:
    """The last capture of each fixture of a tenant on a day, of those whose text names a SKU anywhere."""
    c = events.c
    of_day = and_(c.tenant == tenant, c.store.in_(_stores_of(tenant, day)), c.day == day, c.type == OBSERVED)
    last = select(c.store, c.fixture, func.max(c.at).label("at")).where(of_day).group_by(c.store, c.fixture).subquery()
    same = and_(c.store == last.c.store, c.fixture == last.c.fixture, c.at == last.c.at)
    statement = select(c.device, c.epoch, c.seq, c.store, c.fixture, c.at, c.body).join_from(last, events, same)
    known = _corrected_on(connection, tenant, day)
    named = f'"{sku}"'.encode()
    for row in connection.execute(statement.where(of_day).order_by(c.store, c.fixture)):
        touched = (tenant, row.device, row.epoch, row.seq) in known
        if touched or named in row.body:
            seen = corrections.as_it_counts(row.body, tenant, known)
            yield Glance(row.store, row.fixture, from_ms(row.at), seen, touched)


def _stores_of(tenant: str, day: date) -> Select[Any]:
    return select(store_day.c.store).where(store_day.c.tenant == tenant, store_day.c.day == day)


def _corrected_on(connection: Connection, tenant: str, day: date) -> corrections.Corrections:
    c, e = corrected_table.c, events.c
    same = and_(*(c[key] == e[key] for key in ("tenant", "device", "epoch", "seq")))
    stores = select(c.store).join_from(corrected_table, events, same).where(c.tenant == tenant, e.day == day).distinct()
    found: corrections.Corrections = {}
    for store in connection.execute(stores).scalars().all():
        found |= corrections.of_store(connection, tenant, store)
    return found


def _counts(rows: Iterable[Any], names: Sequence[str]) -> dict[Any, Counts]:
    return {row[0]: dict(zip(names, map(int, row[1:]), strict=True)) for row in rows}
