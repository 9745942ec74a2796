"""Reading one store's business day: the rows a profile is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, func, or_, select

from cloud_sink.store.asked import of_day, of_store
from cloud_sink.store.dialect import Listed
from cloud_sink.store.distinct import distinct
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.settled_tables import stale_day, store_day
from cloud_sink.store.tables import (
    camera_due,
    devices,
    events,
    fixture_day,
    rejection_day,
    sku_day,
    stockouts,
    traffic_hour,
)
from edge.contract.business_day import Span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Select, Table


Counts = dict[str, int]

_FOREVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Episode:
    """One stock-out episode; `until` is None while it lasts."""

    fixture: str
    sku: str
    since: datetime
    until: datetime | None

    @property
    def lasting(self) -> Span:
        """Its time; without an end as long as time lasts."""
        return Span(self.since, self.until or _FOREVER)


@dataclass(frozen=True, slots=True)
class CameraDue:
    """Captures a camera should have made in a day's opening hours."""

    fixture: str
    device: str
    camera: str
    due: int


@dataclass(frozen=True, slots=True)
class StoreDay:
    """What was observed on one store's business day."""

    fixtures: Mapping[tuple[str, str], Counts] = field(default_factory=dict)  # by fixture and view
    rejections: Mapping[tuple[str, str, str], int] = field(default_factory=dict)  # by fixture, view and reason
    skus: Mapping[tuple[str, str, str], Counts] = field(default_factory=dict)  # by fixture, view and SKU
    traffic: Mapping[tuple[int, str], Counts] = field(default_factory=dict)  # by hour and fixture
    captures: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)  # accepted, by fixture, ascending
    episodes: tuple[Episode, ...] = ()
    due: tuple[CameraDue, ...] = ()


def read_facts(connection: Connection, tenant: str, store: str, day: date, span: Span) -> StoreDay:
    """Read a store's business day; `span` is its stretch of time, for episodes."""
    asked = {"tenant": tenant, "store": store, "day": day}
    fixtures = _counts(connection, fixture_day, asked)
    rejections = _counts(connection, rejection_day, asked)
    skus = _counts(connection, sku_day, asked)
    traffic = _counts(connection, traffic_hour, asked)
    return StoreDay(
        fixtures={(key[0], key[1]): counts for key, counts in fixtures.items()},
        rejections={(key[0], key[1], key[2]): counts["captures"] for key, counts in rejections.items()},
        skus={(key[0], key[1], key[2]): counts for key, counts in skus.items()},
        traffic={(key[0], key[1]): counts for key, counts in traffic.items()},
        captures=_captures(connection, asked),
        episodes=read_episodes(connection, tenant, store, span),
        due=_due(connection, asked),
    )


def latest_day(connection: Connection, tenant: str, store: str) -> date | None:
    """The last business day of which anything is stored."""
    return latest_days(connection, [(tenant, store)]).get((tenant, store))


def stores_seen(connection: Connection, tenant: str | None = None) -> list[tuple[str, str]]:
    """Tenant and store of everything that ever reported, of one tenant or of all, in their order."""
    owners = [tenant] if tenant is not None else _tenants(connection)
    return [(owner, store) for owner in owners for store in _stores(connection, owner)]


def tenants_with(connection: Connection, store: str, tenant: str | None = None) -> set[str]:
    """The tenants of whose store of that id anything ever reported; where one is named, only this or none."""
    owners = [tenant] if tenant is not None else _tenants(connection)
    return {owner for owner in owners if _is_known(connection, owner, store)}


def latest_days(connection: Connection, stores: Sequence[tuple[str, str]]) -> dict[tuple[str, str], date]:
    """By tenant and store the last business day of which anything is stored; stores without any are left out."""
    if not stores:
        return {}
    asked = Listed(connection, stores)
    latest = [
        select(func.max(table.c.day))
        .where(table.c.tenant == asked.text(0), table.c.store == asked.text(1))
        .scalar_subquery()
        for table in (fixture_day, traffic_hour, camera_due)
    ]
    rows = connection.execute(select(asked.text(0), asked.text(1), *latest).select_from(asked.rows))
    days = {(tenant, store): [day for day in told if day is not None] for tenant, store, *told in rows}
    return {key: max(told) for key, told in days.items() if told}


_ZONE = of_store(select(devices.c.zone), devices).where(devices.c.zone != "")
_ZONE = _ZONE.order_by(devices.c.last_seen.desc()).limit(1)


def zone_of(connection: Connection, tenant: str, store: str) -> str | None:
    """The zone that the devices of a store report."""
    return connection.execute(_ZONE, {"tenant": tenant, "store": store}).scalar_one_or_none()


def zones_of(connection: Connection, tenant: str) -> dict[str, str]:
    """By store of a tenant the zone that its devices report, the latest word of several."""
    c = devices.c
    statement = select(c.store, c.zone).where(c.tenant == tenant, c.zone != "").order_by(c.last_seen)
    return {row.store: row.zone for row in connection.execute(statement)}


_REPORTED = (store_day, stale_day, devices)
"""Each event marks its day, which is settled soon; a device may have said nothing but that it is there."""


def _tenants(connection: Connection) -> list[str]:
    return sorted({owner for table in _REPORTED for owner in distinct(connection, table.c.tenant)})


def _stores(connection: Connection, tenant: str) -> list[str]:
    found = (distinct(connection, table.c.store, table.c.tenant == tenant) for table in _REPORTED)
    return sorted({store for stores in found for store in stores})


def _is_known(connection: Connection, tenant: str, store: str) -> bool:
    there = (exists().where(table.c.tenant == tenant, table.c.store == store) for table in _REPORTED)
    return bool(connection.execute(select(or_(*there))).scalar_one())


@cache
def _counting(table: Table) -> Select[Any]:
    keys, names = _columns(table)
    ordered = [table.c[key] for key in keys]  # means are floats: the same order gives the same sums
    return of_day(select(*ordered, *(table.c[name] for name in names)), table).order_by(*ordered)


def _columns(table: Table) -> tuple[list[str], list[str]]:
    keys = [column.name for column in table.primary_key][3:]
    return keys, [column.name for column in table.columns][3 + len(keys) :]


def _counts(connection: Connection, table: Table, asked: Mapping[str, object]) -> dict[tuple[Any, ...], Counts]:
    keys, names = _columns(table)
    found = {}
    for row in connection.execute(_counting(table), asked):
        counts = dict(zip(names, map(int, row[len(keys) :]), strict=True))
        if any(counts.values()):  # a row that corrections emptied says the same as none
            found[tuple(row[: len(keys)])] = counts
    return found


_CAPTURES = of_day(select(events.c.fixture, events.c.at), events).where(events.c.type == "shelf.observed.v1")
_CAPTURES = _CAPTURES.order_by(events.c.fixture, events.c.at)


def _captures(connection: Connection, asked: Mapping[str, object]) -> dict[str, tuple[datetime, ...]]:
    found: dict[str, list[datetime]] = {}
    for fixture, at in connection.execute(_CAPTURES, asked):
        found.setdefault(fixture, []).append(from_ms(at))
    return {fixture: tuple(moments) for fixture, moments in found.items()}


_EPISODES = (
    of_store(select(stockouts.c.fixture, stockouts.c.sku, stockouts.c.since, stockouts.c.until), stockouts)
    .where(stockouts.c.since < bindparam("before"))
    .where(or_(stockouts.c.until.is_(None), stockouts.c.until > bindparam("after")))
    .order_by(stockouts.c.fixture, stockouts.c.since, stockouts.c.sku, stockouts.c.episode)
)


def read_episodes(connection: Connection, tenant: str, store: str, span: Span) -> tuple[Episode, ...]:
    """The stock-out episodes of a store that touch a stretch of time."""
    asked = {"tenant": tenant, "store": store, "after": to_ms(span.since), "before": to_ms(span.until)}
    return tuple(
        Episode(fixture, sku, from_ms(since), None if until is None else from_ms(until))
        for fixture, sku, since, until in connection.execute(_EPISODES, asked)
    )


_DUE = of_day(select(*(camera_due.c[name] for name in ("fixture", "device", "camera", "due"))), camera_due)
_DUE = _DUE.order_by(camera_due.c.fixture, camera_due.c.device, camera_due.c.camera)


def _due(connection: Connection, asked: Mapping[str, object]) -> tuple[CameraDue, ...]:
    return tuple(CameraDue(*row) for row in connection.execute(_DUE, asked))
