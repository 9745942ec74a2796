"""What single captures showed, out of the events as they came."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from cloud_sink.store import corrections
from cloud_sink.store.tables import events
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import Part, ShelfObserved, TrafficCounted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import date

    from sqlalchemy import Connection

    from edge.contract.payloads import FacingRecord


class _Facing(Part):
    sku: str | None = None


class _Seen(Part):
    fixture: str
    view: str = ShelfObserved.model_fields["view"].default
    facings: list[_Facing]
    vote: dict[str, Any] | None = None


class _Observation(Part):
    """What settling needs of an observation that was validated when it came: a quarter of the work to read it whole."""

    data: _Seen


Standing = dict[str, int]
"""Facings by SKU, unsure ones as the SKU that they could be: what may be there has not gone."""


def standings(
    connection: Connection, tenant: str, store: str, day: date, fixtures: Collection[str]
) -> dict[tuple[str, str], list[Standing]]:
    """What stood on some fixtures on a day, by fixture and view, in the order of the accepted captures."""
    if not fixtures:
        return {}
    c = events.c
    statement = (
        select(c.device, c.epoch, c.seq, c.body)
        .where(c.tenant == tenant, c.store == store, c.day == day, c.type == "shelf.observed.v1")
        .where(c.fixture.in_(sorted(fixtures)))
        .order_by(c.at, c.device, c.epoch, c.seq)
    )
    found: dict[tuple[str, str], list[Standing]] = {}
    known = corrections.of_store(connection, tenant, store)
    for device, epoch, seq, body in connection.execute(statement):
        seen = _Observation.model_validate_json(body).data
        facings: Iterable[_Facing | FacingRecord] = seen.facings
        if seen.vote is not None or (tenant, device, epoch, seq) in known:
            facings = corrections.as_it_counts(body, tenant, known).counted_facings
        stands = Counter(facing.sku for facing in facings if facing.sku is not None)
        found.setdefault((seen.fixture, seen.view), []).append(dict(stands))
    return found


def traffic(connection: Connection, tenant: str, store: str, since: date, until: date) -> Iterator[TrafficCounted]:
    """What traffic cameras told on some days, interval by interval."""
    c = events.c
    statement = (
        select(c.body)
        .where(c.tenant == tenant, c.store == store, c.day >= since, c.day <= until, c.type == "traffic.counted.v1")
        .order_by(c.at, c.device, c.epoch, c.seq)
    )
    for body in connection.execute(statement).scalars():
        told = EVENT_ADAPTER.validate_json(body).data
        assert isinstance(told, TrafficCounted)
        yield told
