"""Reading one store's business day: the rows a profile is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, union

from cloud_sink.store import ledger
from cloud_sink.store.moments import from_ms, to_ms
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
from edge.contract import ranges as ranged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection, Table

    from edge.contract.business_day import Span

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Episode:
    """One stock-out episode; `until` is None while it lasts."""

    fixture: str
    sku: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CameraDue:
    """Captures a camera should have made in a day's opening hours."""

    fixture: str
    device: str
    camera: str
    due: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device that last spoke from this store."""

    device: str
    state: str | None
    state_at: datetime | None
    last_seen: datetime
    health: str | None  # JSON
    health_at: datetime | None
    missing: int  # events that are asked for


@dataclass(frozen=True, slots=True)
class StoreDay:
    """All that is stored of one store and one business day."""

    fixtures: Mapping[tuple[str, str], Counts] = field(default_factory=dict)  # by fixture and view
    rejections: Mapping[tuple[str, str, str], int] = field(default_factory=dict)  # by fixture, view and reason
    skus: Mapping[tuple[str, str, str], Counts] = field(default_factory=dict)  # by fixture, view and SKU
    traffic: Mapping[tuple[int, str], Counts] = field(default_factory=dict)  # by hour and fixture
    captures: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)  # accepted, by fixture, ascending
    episodes: tuple[Episode, ...] = ()
    due: tuple[CameraDue, ...] = ()
    devices: tuple[DeviceRow, ...] = ()


def read_day(connection: Connection, tenant: str, store: str, day: date, span: Span) -> StoreDay:
    """Read the rows of a store's business day; `span` is its stretch of time, for episodes."""
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
        episodes=_episodes(connection, tenant, store, span),
        due=_due(connection, tenant, store, day),
        devices=_devices(connection, tenant, store),
    )


def latest_day(connection: Connection, tenant: str, store: str) -> date | None:
    """The last business day of which anything is stored."""
    days = [
        connection.execute(
            select(func.max(table.c.day)).where(table.c.tenant == tenant, table.c.store == store)
        ).scalar_one()
        for table in (fixture_day, traffic_hour, camera_due)
    ]
    return max((day for day in days if day is not None), default=None)


def stores_seen(connection: Connection) -> list[tuple[str, str]]:
    """Tenant and store of everything that ever reported."""
    pairs = union(*(select(table.c.tenant, table.c.store).distinct() for table in (fixture_day, devices))).subquery()
    return [
        (row.tenant, row.store) for row in connection.execute(select(pairs).order_by(pairs.c.tenant, pairs.c.store))
    ]


def zone_of(connection: Connection, tenant: str, store: str) -> str | None:
    """The zone that the devices of a store report."""
    statement = (
        select(devices.c.zone)
        .where(devices.c.tenant == tenant, devices.c.store == store, devices.c.zone != "")
        .order_by(devices.c.last_seen.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


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


def _episodes(connection: Connection, tenant: str, store: str, span: Span) -> tuple[Episode, ...]:
    statement = (
        select(stockouts)
        .where(
            stockouts.c.tenant == tenant,
            stockouts.c.store == store,
            stockouts.c.since < to_ms(span.until),
            or_(stockouts.c.until.is_(None), stockouts.c.until > to_ms(span.since)),
        )
        .order_by(stockouts.c.fixture, stockouts.c.since, stockouts.c.sku, stockouts.c.episode)
    )
    return tuple(
        Episode(
            fixture=row.fixture,
            sku=row.sku,
            since=from_ms(row.since),
            until=None if row.until is None else from_ms(row.until),
        )
        for row in connection.execute(statement)
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


def _devices(connection: Connection, tenant: str, store: str) -> tuple[DeviceRow, ...]:
    missing: dict[str, int] = {}
    for (owner, device, _), holes in ledger.holes(connection, tenant=tenant).items():
        if owner == tenant:
            missing[device] = missing.get(device, 0) + ranged.size(holes)
    statement = select(devices).where(devices.c.tenant == tenant, devices.c.store == store).order_by(devices.c.device)
    return tuple(
        DeviceRow(
            device=row.device,
            state=row.state,
            state_at=None if row.state_at is None else from_ms(row.state_at),
            last_seen=from_ms(row.last_seen),
            health=row.health,
            health_at=None if row.health_at is None else from_ms(row.health_at),
            missing=missing.get(row.device, 0),
        )
        for row in connection.execute(statement)
    )
