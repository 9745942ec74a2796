"""Raw facts: the events as devices sent them, page by page."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Facts, one_tenant
from cloud_sink.api.names import SLUG, Day, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, no_such_page, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.profile.ask import WrongPeriod, days_between
from cloud_sink.store.database import reading
from cloud_sink.store.listing import EventFilter, StoredEvent, event_page, find_event
from edge.contract.events import EVENT_TYPES

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

_TYPE = f"^({'|'.join(map(re.escape, EVENT_TYPES))})$"
Epoch = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="the outbox that numbered it")]
Seq = Annotated[int, Path(ge=1, le=2**53 - 1, description="its number there")]
Device = Annotated[str, Path(pattern=SLUG)]
_DAYS = timedelta(days=7)


class EventLine(BaseModel):
    """An event, and when it happened by all that is known."""

    model_config = example(
        tenant="acme",
        store="store-01",
        device="unit-07",
        day="2026-03-14",
        at="2026-03-14T01:30:00Z",
        dated="clock",
        received="2026-03-14T01:30:01Z",
        event={"specversion": "1.0", "type": "cooler.door.v1", "data": {"fixture": "cooler-1", "state": "opened"}},
    )

    tenant: str
    store: str = Field(description="of the observation")
    device: str
    day: date = Field(description="the business day that it counts for")
    at: datetime
    dated: Literal["clock", "boot", "arrival"] = Field(description="how that is known")
    received: datetime
    event: dict[str, Any] = Field(description="the CloudEvent as the device sent it; its schema is in docs/contract")


class EventPage(BaseModel):
    """Some events, in the order in which they happened."""

    events: list[EventLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoints of raw facts."""
    routes = APIRouter(prefix="/api/v1", tags=["facts"])

    @routes.get("/events")
    def list_events(
        *,
        who: Facts,
        store: Annotated[str, Query(pattern=SLUG)],
        tenant: Tenant = None,
        since: Annotated[Day | None, Query(description="the first business day; a week before the last")] = None,
        until: Annotated[Day | None, Query(description="the last business day; today, if left out")] = None,
        kind: Annotated[str | None, Query(alias="type", pattern=_TYPE)] = None,
        device: Annotated[str | None, Query(pattern=SLUG)] = None,
        fixture: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> EventPage:
        """List a store's events, in the order in which they happened."""
        first, last = period(since, until)
        wanted = EventFilter(one_tenant(who, tenant), store, first, last, kind, device, fixture)
        key = key_of(cursor, str, int, str, str, int)
        after = None if key is None else (_day(str(key[0])), int(key[1]), str(key[2]), str(key[3]), int(key[4]))
        with reading(context.engine) as connection:
            found = event_page(connection, wanted, after=after, limit=limit + 1)
        shown, following = page(found, limit, lambda one: (one.key[0].isoformat(), *one.key[1:]))
        return EventPage(events=[_line(one) for one in shown], next=following)

    @routes.get("/devices/{device}/events/{epoch}/{seq}", responses=described(HTTPStatus.NOT_FOUND))
    def get_event(who: Facts, device: Device, epoch: Epoch, seq: Seq, tenant: Tenant = None) -> EventLine:
        """One event by its key."""
        with reading(context.engine) as connection:
            found = find_event(connection, one_tenant(who, tenant), device, epoch, seq)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no event {epoch}-{seq} of {device}; old ones are not kept")
        return _line(found)

    return routes


def period(since: date | None, until: date | None) -> tuple[date, date]:
    """First and last day of what is asked for.

    Raises:
        Problem: they are in the wrong order, too many, or outside the calendar.
    """
    last = until or datetime.now(UTC).date() + timedelta(days=1)  # somewhere it is tomorrow
    try:
        first = since or last - _DAYS
    except OverflowError:
        raise no_such_period(f"until {until} is outside the calendar") from None
    try:
        days_between(first, last)
    except WrongPeriod as error:
        raise no_such_period(str(error)) from None
    return first, last


def no_such_period(why: str) -> Problem:
    """404: each of its days is one, and nothing is told over them together."""
    return Problem(HTTPStatus.NOT_FOUND, f"no such period: {why}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise no_such_page() from None


def _line(one: StoredEvent) -> EventLine:
    return EventLine.model_validate(
        {
            "tenant": one.tenant,
            "store": one.store,
            "device": one.device,
            "day": one.day,
            "at": one.at,
            "dated": one.dated,
            "received": one.received,
            "event": json.loads(one.body),
        }
    )
