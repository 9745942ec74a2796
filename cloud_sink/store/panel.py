"""Some SKUs over many days, store by store: what analyses are made of. Not for pages that have to be fast."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select

from cloud_sink.store.correction_tables import corrections
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.settled_tables import sku_course
from cloud_sink.store.tables import camera_due, events, fixture_day, sku_day, stockouts

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import Connection

    from edge.contract.business_day import Span

Counts = dict[str, int]
OBSERVED = "shelf.observed.v1"
View = tuple[str, str, str]
"""Store, fixture and view: what one camera sees."""

Placed = tuple[str, str, str]
"""Store, fixture and SKU."""


def captures(
    connection: Connection,
    tenant: str,
    since: date,
    until: date,
    *,
    store: str | None = None,
    fixture: str | None = None,
) -> dict[View, dict[date, int]]:
    """Accepted captures of each view by day; days without any are left out."""
    c = fixture_day.c
    where = [c.tenant == tenant, c.day >= since, c.day <= until, c.accepted > 0]
    where += [c.store == store] if store is not None else []
    where += [c.fixture == fixture] if fixture is not None else []
    found: dict[View, dict[date, int]] = {}
    for row in connection.execute(select(c.store, c.fixture, c.view, c.day, c.accepted).where(and_(*where))):
        found.setdefault((row.store, row.fixture, row.view), {})[row.day] = row.accepted
    return found


def facings(
    connection: Connection,
    tenant: str,
    skus: Collection[str],
    since: date,
    until: date,
    *,
    store: str | None = None,
    fixture: str | None = None,
) -> dict[View, dict[date, Counts]]:
    """Facings of some SKUs together (`facings`), and unsure ones that could be (`unsure`): sums over captures."""
    c = sku_day.c
    where = [c.tenant == tenant, c.day >= since, c.day <= until, c.sku.in_(sorted(skus))]
    where += [c.store == store] if store is not None else []
    where += [c.fixture == fixture] if fixture is not None else []
    key = (c.store, c.fixture, c.view, c.day)
    statement = select(*key, func.sum(c.facings), func.sum(c.unsure)).where(and_(*where)).group_by(*key)
    found: dict[View, dict[date, Counts]] = {}
    for place, where_, view, day, sure, unsure in connection.execute(statement):
        found.setdefault((place, where_, view), {})[day] = {"facings": int(sure), "unsure": int(unsure)}
    return found


def stores_watched(connection: Connection, tenant: str, since: date, until: date) -> list[str]:
    """Stores of which the course of some SKU is known, ascending."""
    c = sku_course.c
    where = and_(c.tenant == tenant, c.day >= since, c.day <= until)
    return sorted(connection.execute(select(c.store).where(where).distinct()).scalars())


def courses(
    connection: Connection,
    tenant: str,
    since: date,
    until: date,
    *,
    skus: Collection[str] | None = None,
    stores: Collection[str] | None = None,
) -> dict[Placed, dict[date, Counts]]:
    """Milliseconds observed and out, and facings taken, by store, fixture and SKU, and by day."""
    c = sku_course.c
    where = [c.tenant == tenant, c.day >= since, c.day <= until]
    where += [c.store.in_(sorted(stores))] if stores is not None else []
    where += [c.sku.in_(sorted(skus))] if skus is not None else []
    names = ("observed_ms", "out_ms", "taken")
    statement = select(c.store, c.fixture, c.sku, c.day, *(c[name] for name in names)).where(and_(*where))
    found: dict[Placed, dict[date, Counts]] = {}
    for row in connection.execute(statement.order_by(c.store, c.fixture, c.sku, c.day)):
        found.setdefault((row[0], row[1], row[2]), {})[row[3]] = dict(zip(names, row[4:], strict=True))
    return found


def stockouts_begun(connection: Connection, tenant: str, span: Span) -> dict[Placed, list[datetime]]:
    """When stock-outs began, by store, fixture and SKU."""
    c = stockouts.c
    statement = select(c.store, c.fixture, c.sku, c.since).where(
        c.tenant == tenant, c.since >= to_ms(span.since), c.since < to_ms(span.until)
    )
    found: dict[Placed, list[datetime]] = {}
    for store, fixture, sku, since in connection.execute(statement.order_by(c.since)):
        found.setdefault((store, fixture, sku), []).append(from_ms(since))
    return found


def lasting(connection: Connection, tenant: str, store: str) -> dict[View, tuple[date, date]]:
    """Each view of a store that was ever captured: its first and its last day."""
    c = fixture_day.c
    where = and_(c.tenant == tenant, c.store == store, c.accepted > 0)
    statement = select(c.fixture, c.view, func.min(c.day), func.max(c.day)).where(where)
    rows = connection.execute(statement.group_by(c.fixture, c.view))
    return {(store, fixture, view): (first, last) for fixture, view, first, last in rows}


def owed(
    connection: Connection, tenant: str, store: str, since: date, until: date
) -> dict[tuple[str, date], tuple[int, int]]:
    """By fixture and day, scheduled captures accepted in opening hours and those due, where these were reported."""
    c, due = fixture_day.c, camera_due.c
    kept = select(c.fixture, c.day, func.sum(c.accepted_due)).where(
        c.tenant == tenant, c.store == store, c.day >= since, c.day <= until
    )
    told = select(due.fixture, due.day, func.sum(due.due)).where(
        due.tenant == tenant, due.store == store, due.day >= since, due.day <= until
    )
    taken = {(row[0], row[1]): int(row[2]) for row in connection.execute(kept.group_by(c.fixture, c.day))}
    rows = connection.execute(told.group_by(due.fixture, due.day))
    return {(fixture, day): (taken.get((fixture, day), 0), int(count)) for fixture, day, count in rows}


@dataclass(frozen=True, slots=True)
class Proof:
    """A capture of which a photograph was kept."""

    device: str
    event: str  # `{epoch}-{seq}`
    at: datetime
    photograph: str  # SHA-256


def photographs(
    connection: Connection, tenant: str, store: str, since: date, until: date, *, fixture: str | None
) -> dict[date, Proof]:
    """By day, the last capture of which a photograph was kept; as far back as events are."""
    c = events.c
    where = [c.tenant == tenant, c.store == store, c.day >= since, c.day <= until, c.type == OBSERVED]
    where += [c.fixture == fixture] if fixture is not None else []
    statement = select(c.day, c.device, c.epoch, c.seq, c.at, c.body).where(and_(*where))
    found: dict[date, Proof] = {}
    for day, device, epoch, seq, at, body in connection.execute(statement.order_by(c.at, c.device, c.epoch, c.seq)):
        evidence = json.loads(body)["data"].get("evidence")
        if evidence is not None:
            found[day] = Proof(device, f"{epoch}-{seq}", from_ms(at), evidence)
    return found


def corrected(
    connection: Connection, tenant: str, store: str, since: date, until: date, *, fixture: str | None
) -> dict[date, int]:
    """By day, captures of which people corrected something.

    From the corrections to their events, which are looked up by their keys: corrections are few. Asked the other way
    round, a database that has no figures of either table reads all events of a tenant.
    """
    c, e = corrections.c, events.c
    where = [c.tenant == tenant, c.store == store, *([] if fixture is None else [c.fixture == fixture])]
    keys = connection.execute(select(c.device, c.epoch, c.seq).where(*where).distinct()).all()
    found: dict[date, int] = {}
    for device, epoch, seq in keys:
        this = and_(e.tenant == tenant, e.device == device, e.epoch == epoch, e.seq == seq)
        for day in connection.execute(select(e.day).where(this, e.day >= since, e.day <= until)).scalars():
            found[day] = found.get(day, 0) + 1
    return found
