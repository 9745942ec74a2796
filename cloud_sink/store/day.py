"""Reading one store's business day: the rows a profile is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, func, or_, select

from cloud_sink.store.asked import of_store
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

    from sqlalchemy import Connection, Table


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
    fixtures = _counts(connection, fixture_day, tenant, store, day)
    rejections = _counts(connection, rejection_day, tenant, store, day)
    skus = _counts(connection, sku_day, tenant, store, day)
    traffic = _counts(connection, traffic_hour, tenant, store, day)
    return StoreDay(
        fixtures={(key[0], key[1]): counts for key, counts in fixtures.items()},
        rejections={(key[0], key[1], key[2]): counts["captures"] for key, counts in rejections.items()},
        skus={(key[0], key[1], key[2]): counts for key, counts in skus.items()},
        traffic={(key[0], key[1]): counts for key, counts in traffic.items()},
        captures=_captures(connection, tenant, store, day),
        episodes=read_episodes(connection, tenant, store, span),
        due=_due(connection, tenant, store, day),
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


def _counts(connection: Connection, table: Table, tenant: str, store: str, day: date) -> dict[tuple[Any, ...], Counts]:
    keys = [column.name for column in table.primary_key][3:]
    names = [column.name for column in table.columns][3 + len(keys) :]
    statement = (
        select(table)
        .where(table.c.tenant == tenant, table.c.store == store, table.c.day == day)
        .order_by(*(table.c[key] for key in keys))  # means are floats: the same order gives the same sums
    )
    found = {}
    for row in connection.execute(statement).mappings():
        counts = {name: int(row[name]) for name in names}
        if any(counts.values()):  # a row that corrections emptied says the same as none
            found[tuple(row[key] for key in keys)] = counts
    return found


def _captures(connection: Connection, tenant: str, store: str, day: date) -> dict[str, tuple[datetime, ...]]:
    statement = (
        select(events.c.fixture, events.c.at)
        .where(
            events.c.tenant == tenant,
            events.c.store == store,
            events.c.day == day,
            events.c.type == "shelf.observed.v1",
        )
        .order_by(events.c.fixture, events.c.at)
    )
    found: dict[str, list[datetime]] = {}
    for fixture, at in connection.execute(statement):
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


def _due(connection: Connection, tenant: str, store: str, day: date) -> tuple[CameraDue, ...]:
    statement = (
        select(camera_due)
        .where(camera_due.c.tenant == tenant, camera_due.c.store == store, camera_due.c.day == day)
        .order_by(camera_due.c.fixture, camera_due.c.device, camera_due.c.camera)
    )
    return tuple(
        CameraDue(fixture=row.fixture, device=row.device, camera=row.camera, due=row.due)
        for row in connection.execute(statement)
    )
