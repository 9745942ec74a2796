"""The accepted captures of one fixture on one business day, and its stock-outs, for who looks at them one by one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import events, stockouts

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class CaptureRow:
    """An accepted capture of one view."""

    device: str
    epoch: str
    seq: int
    at: datetime
    view: str
    evidence: str | None
    body: bytes

    @property
    def ms(self) -> int:
        """When it was, in milliseconds since 1970."""
        return to_ms(self.at)


@dataclass(frozen=True, slots=True)
class Out:
    """A stock-out of a fixture."""

    sku: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Blind:
    """Captures of a day that could not be used, after the last one that could."""

    captures: int
    reason: str  # the commonest
    since: datetime
    until: datetime


def of_day(connection: Connection, tenant: str, store: str, fixture: str, day: date) -> list[CaptureRow]:
    """The accepted captures of a fixture on a business day, from the first."""
    c = events.c
    this = and_(c.tenant == tenant, c.store == store, c.day == day, c.type == "shelf.observed.v1", c.fixture == fixture)
    statement = select(c.device, c.epoch, c.seq, c.at, c.body).where(this).order_by(c.at, c.device, c.epoch, c.seq)
    return [_row(row.device, row.epoch, row.seq, row.at, row.body) for row in connection.execute(statement)]


def blind(
    connection: Connection, tenant: str, store: str, fixture: str, day: date, *, after: datetime | None
) -> Blind | None:
    """What was rejected of a fixture on a business day, since a moment or all day; None where nothing was."""
    c = events.c
    this = and_(c.tenant == tenant, c.store == store, c.day == day, c.fixture == fixture)
    late = () if after is None else (c.at > to_ms(after),)
    statement = select(c.at, c.body).where(this, c.type == "capture.rejected.v1", *late).order_by(c.at)
    found = connection.execute(statement).all()
    if not found:
        return None
    reasons = Counter(str(json.loads(row.body)["data"]["reason"]) for row in found)
    return Blind(len(found), reasons.most_common(1)[0][0], from_ms(found[0].at), from_ms(found[-1].at))


def latest_day(connection: Connection, tenant: str, store: str, fixture: str) -> date | None:
    """The last business day on which a fixture was seen; None where it never was, or only too long ago."""
    c = events.c
    this = and_(c.tenant == tenant, c.store == store, c.type == "shelf.observed.v1", c.fixture == fixture)
    found: date | None = connection.execute(select(func.max(c.day)).where(this)).scalar_one()
    return found


def outs_between(
    connection: Connection, tenant: str, store: str, fixture: str, moments: tuple[datetime, datetime]
) -> list[Out]:
    """The stock-outs of a fixture that lasted at some moment between the first and the last of two."""
    c = stockouts.c
    lasted = and_(c.since <= to_ms(moments[1]), or_(c.until.is_(None), c.until >= to_ms(moments[0])))
    this = and_(c.tenant == tenant, c.store == store, c.fixture == fixture, lasted)
    statement = select(c.sku, c.since, c.until).where(this).order_by(c.since, c.sku)
    return [
        Out(row.sku, from_ms(row.since), None if row.until is None else from_ms(row.until))
        for row in connection.execute(statement)
    ]


def _row(device: str, epoch: str, seq: int, at: int, body: bytes) -> CaptureRow:
    seen = json.loads(body)["data"]
    return CaptureRow(device, epoch, seq, from_ms(at), seen.get("view", "front"), seen.get("evidence"), body)
