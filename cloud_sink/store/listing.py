"""Reading what is stored, page by page: events, episodes, devices. A page begins behind a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, tuple_

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import devices, events, rejection_day, stockouts

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Row

EventKey = tuple["date", int, str, str, int]
"""Business day, milliseconds, device, epoch, seq: how the events of a store are ordered."""

EpisodeKey = tuple[int, str, str, str]
"""Milliseconds of the beginning, store, device, episode."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it came, and when it happened by all that is known."""

    tenant: str
    store: str
    device: str
    epoch: str
    seq: int
    type: str
    day: date
    at: datetime
    dated: str  # clock, boot or arrival
    received: datetime
    body: bytes

    @property
    def key(self) -> EventKey:
        """Where it stands among the events of its store."""
        return self.day, to_ms(self.at), self.device, self.epoch, self.seq


@dataclass(frozen=True, slots=True)
class StoredEpisode:
    """A stock-out episode; `until` is None while it lasts."""

    tenant: str
    store: str
    device: str
    episode: str
    fixture: str
    sku: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class StoredDevice:
    """A device that ever spoke."""

    tenant: str
    device: str
    store: str
    zone: str
    first_seen: datetime
    last_seen: datetime
    state: str | None
    state_at: datetime | None
    health: str | None  # JSON
    health_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events of a store are wanted; days are inclusive."""

    tenant: str
    store: str
    since: date
    until: date
    type: str | None = None
    device: str | None = None
    fixture: str | None = None


def event_page(
    connection: Connection, wanted: EventFilter, *, after: EventKey | None = None, limit: int = 100
) -> list[StoredEvent]:
    """Events of a store in the order in which they happened, behind the key `after`."""
    c = events.c
    order = (c.day, c.at, c.device, c.epoch, c.seq)
    where: list[ColumnElement[bool]] = [c.tenant == wanted.tenant, c.store == wanted.store]
    where += [c.day >= wanted.since, c.day <= wanted.until]
    given = ((c.type, wanted.type), (c.device, wanted.device), (c.fixture, wanted.fixture))
    where += [column == value for column, value in given if value is not None]
    if after is not None:
        where += [c.day >= after[0], or_(c.day > after[0], tuple_(*order[1:]) > tuple_(*after[1:]))]
    statement = select(events).where(and_(*where)).order_by(*order).limit(limit)
    return [_event(row) for row in connection.execute(statement)]


def find_event(connection: Connection, tenant: str, device: str, epoch: str, seq: int) -> StoredEvent | None:
    """One event by its key."""
    c = events.c
    this = and_(c.tenant == tenant, c.device == device, c.epoch == epoch, c.seq == seq)
    row = connection.execute(select(events).where(this)).one_or_none()
    return None if row is None else _event(row)


def episode_page(
    connection: Connection,
    tenant: str | None,
    *,
    store: str | None = None,
    since: datetime | None = None,
    only_open: bool = False,
    after: EpisodeKey | None = None,
    limit: int = 100,
) -> list[StoredEpisode]:
    """Episodes in the order in which they began, behind the key `after`; those over before `since` are left out."""
    c = stockouts.c
    order = (c.since, c.store, c.device, c.episode)
    where: list[ColumnElement[bool]] = []
    where += [] if tenant is None else [c.tenant == tenant]
    where += [] if store is None else [c.store == store]
    where += [] if since is None else [or_(c.until.is_(None), c.until >= to_ms(since))]
    where += [c.until.is_(None)] if only_open else []
    where += [] if after is None else [tuple_(*order) > tuple_(*after)]
    statement = select(stockouts).where(and_(True, *where)).order_by(*order, c.tenant).limit(limit)
    return [
        StoredEpisode(
            tenant=row.tenant,
            store=row.store,
            device=row.device,
            episode=row.episode,
            fixture=row.fixture,
            sku=row.sku,
            since=from_ms(row.since),
            until=_moment(row.until),
        )
        for row in connection.execute(statement)
    ]


def device_page(
    connection: Connection,
    tenant: str | None,
    *,
    store: str | None = None,
    device: str | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 100,
) -> list[StoredDevice]:
    """Devices by tenant and id, behind the key `after`."""
    c = devices.c
    where: list[ColumnElement[bool]] = []
    where += [] if tenant is None else [c.tenant == tenant]
    where += [] if store is None else [c.store == store]
    where += [] if device is None else [c.device == device]
    where += [] if after is None else [tuple_(c.tenant, c.device) > tuple_(*after)]
    statement = select(devices).where(and_(True, *where)).order_by(c.tenant, c.device).limit(limit)
    return [
        StoredDevice(
            tenant=row.tenant,
            device=row.device,
            store=row.store,
            zone=row.zone,
            first_seen=from_ms(row.first_seen),
            last_seen=from_ms(row.last_seen),
            state=row.state,
            state_at=_moment(row.state_at),
            health=row.health,
            health_at=_moment(row.health_at),
        )
        for row in connection.execute(statement)
    ]


def rejections(connection: Connection, tenant: str, since: date, until: date) -> dict[str, int]:
    """Rejected captures of all stores by reason, the commonest first; days are inclusive."""
    c = rejection_day.c
    count = func.sum(c.captures)
    this = and_(c.tenant == tenant, c.day >= since, c.day <= until)
    statement = (
        select(c.reason, count).where(this).group_by(c.reason).having(count > 0).order_by(count.desc(), c.reason)
    )
    return {reason: int(captures) for reason, captures in connection.execute(statement)}


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_ms(ms)


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(
        tenant=row.tenant,
        store=row.store,
        device=row.device,
        epoch=row.epoch,
        seq=row.seq,
        type=row.type,
        day=row.day,
        at=from_ms(row.at),
        dated=row.dated,
        received=from_ms(row.received),
        body=row.body,
    )
