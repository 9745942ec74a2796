"""Reading what stands in a store now: its devices, and the last capture of each view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from cloud_sink.store import corrections, ledger
from cloud_sink.store.asked import of_store
from cloud_sink.store.moments import from_ms
from cloud_sink.store.tables import devices, events, fixture_day
from edge.contract import ranges as ranged
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import CaptureRejected, Part, ShelfObserved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection, Select, Table

    from cloud_sink.store.corrections import Corrections
    from edge.contract.payloads import Deviation

_FEW = 8
"""Events of a fixture that are read first; only where they do not tell all, the whole day is."""

_ALL = 1_000_000
"""More than a day holds; one database knows no limit that is none, which the other would."""


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
class LastLook:
    """The last accepted capture of one view of a fixture on a day."""

    fixture: str
    view: str
    capture: str
    event: str  # `{epoch}-{seq}`
    evidence: str | None  # SHA-256 of the last photograph that was kept
    photographed: str | None  # its capture: this one, or one before it on that day
    own: int  # facings
    foreign: int
    planned: int  # facings of the fixture's plan
    deviations: tuple[Deviation, ...]


class _Seen(Part):
    capture: str
    view: str = ShelfObserved.model_fields["view"].default
    evidence: str | None = None


class _Glance(Part):
    """What tells which observation is looked for, of all those of a day."""

    data: _Seen


def _on_day(statement: Select[Any], table: Table) -> Select[Any]:
    c = table.c
    return of_store(statement, table).where(c.day == bindparam("day"), c.fixture == bindparam("fixture"))


_VIEWS = _on_day(select(fixture_day.c.view), fixture_day).where(fixture_day.c.accepted > 0)
_LATEST = (
    _on_day(select(events.c.epoch, events.c.seq, events.c.body), events)
    .where(events.c.type == bindparam("type"))
    .order_by(events.c.at.desc(), events.c.device.desc(), events.c.epoch.desc(), events.c.seq.desc())
    .limit(bindparam("limit"))
)
_DEVICES = of_store(select(devices), devices).order_by(devices.c.device)


def read_looks(connection: Connection, tenant: str, store: str, day: date, fixtures: Iterable[str]) -> list[LastLook]:
    """The last capture of each view of some fixtures on a day."""
    known = corrections.of_store(connection, tenant, store)
    return [look for fixture in fixtures for look in _looks(connection, tenant, store, day, fixture, known=known)]


def _looks(
    connection: Connection, tenant: str, store: str, day: date, fixture: str, *, known: Corrections
) -> list[LastLook]:
    """Views are captured together and photographed often: mostly the last few events have all that is looked for."""
    asked = {"tenant": tenant, "store": store, "day": day, "type": "shelf.observed.v1", "fixture": fixture}
    views = set(connection.execute(_VIEWS, asked).scalars())
    found: dict[str, LastLook] = {}
    for limit in (_FEW, _ALL):
        found = {}
        for epoch, seq, body in connection.execute(_LATEST, {**asked, "limit": limit}):
            seen = _Glance.model_validate_json(body).data
            if seen.view not in found:
                found[seen.view] = _look(f"{epoch}-{seq}", corrections.as_it_counts(body, tenant, known))
            elif found[seen.view].evidence is None and seen.evidence:
                found[seen.view] = replace(found[seen.view], evidence=seen.evidence, photographed=seen.capture)
        if views <= found.keys() and all(look.evidence for look in found.values()):
            break
    return [found[view] for view in sorted(found)]


def _look(event: str, seen: ShelfObserved) -> LastLook:
    kpis = seen.counted_kpis
    return LastLook(
        fixture=seen.fixture,
        view=seen.view,
        capture=seen.capture,
        event=event,
        evidence=seen.evidence,
        photographed=seen.capture if seen.evidence else None,
        own=kpis.own,
        foreign=kpis.foreign,
        planned=sum(seen.planned.values()),
        deviations=tuple(seen.deviations),
    )


def read_rejected(
    connection: Connection, tenant: str, store: str, day: date, fixtures: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """By fixture, the event and capture that was rejected last on a day."""
    found = {}
    for fixture in fixtures:
        asked = {"tenant": tenant, "store": store, "day": day, "type": "capture.rejected.v1", "fixture": fixture}
        for epoch, seq, body in connection.execute(_LATEST, {**asked, "limit": 1}):
            rejected = EVENT_ADAPTER.validate_json(body).data
            assert isinstance(rejected, CaptureRejected)
            found[fixture] = (f"{epoch}-{seq}", rejected.capture)
    return found


def read_devices(connection: Connection, tenant: str, store: str) -> tuple[DeviceRow, ...]:
    """The devices that last spoke from a store."""
    rows = connection.execute(_DEVICES, {"tenant": tenant, "store": store}).all()
    missing: dict[str, int] = {}
    for (_, device, _), holes in ledger.holes(connection, tenant=tenant, devices=[row.device for row in rows]).items():
        missing[device] = missing.get(device, 0) + ranged.size(holes)
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
        for row in rows
    )
