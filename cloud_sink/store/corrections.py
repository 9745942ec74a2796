"""Corrections are facts: kept, and the sums of their event follow them in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, select

from cloud_sink.store import asked
from cloud_sink.store.corrected import Correction, corrected
from cloud_sink.store.correction_tables import corrections
from cloud_sink.store.counted import count
from cloud_sink.store.dialect import add_rows
from cloud_sink.store.facts import Place
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.sums import Sums
from cloud_sink.store.tables import events
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import FacingRecord, ShelfObserved

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Connection, Row

    from cloud_sink.store.facts import Key


Corrections = dict["Key", list[Correction]]
"""By event."""


class NothingToCorrect(Exception):  # noqa: N818 - a state, not a fault
    """No observation is stored under that key: it never came, or retention took it."""


def apply(
    connection: Connection, key: Key, decide: Callable[[ShelfObserved, list[Correction], str, str], Correction]
) -> Correction:
    """Keep a correction of an observation, and take the sums along.

    Args:
        connection: inside `writing`.
        key: of the observation.
        decide: makes the correction, from the observation, its corrections so far, its store and its fixture.

    Returns:
        The correction with its id.

    Raises:
        NothingToCorrect: no observation is there.
    """
    c = events.c
    tenant, device, epoch, seq = key
    this = and_(c.tenant == tenant, c.device == device, c.epoch == epoch, c.seq == seq)
    # Locked: of two corrections of one event, or one and its re-dating, the second sees what the first did.
    row = connection.execute(select(events).where(this).with_for_update()).one_or_none()
    seen = None if row is None else EVENT_ADAPTER.validate_json(row.body).data
    if row is None or not isinstance(seen, ShelfObserved):
        raise NothingToCorrect
    known = of_event(connection, key)
    made = decide(seen, known, row.store, row.fixture)
    number = connection.execute(insert(corrections).values(**_values(made)).returning(corrections.c.id)).scalar_one()
    place, sums = Place(row.day, row.hour, row.in_hours), Sums()
    for sign, payload in ((-1, corrected(seen, known)), (1, corrected(seen, [*known, made]))):
        sums.add(count(payload), tenant=tenant, store=row.store, place=place, sign=sign)
    for roll in sums.rolls:
        add_rows(connection, roll.table, roll.rows)
    add_rows(connection, sums.stale.table, sums.stale.rows)
    return next(one for one in of_event(connection, key) if one.id == number)


def of_event(connection: Connection, key: Key) -> list[Correction]:
    """The corrections of one event, in the order in which they were made."""
    c = corrections.c
    tenant, device, epoch, seq = key
    return _read(connection, and_(c.tenant == tenant, c.device == device, c.epoch == epoch, c.seq == seq))


_OF_STORE = asked.of_store(select(corrections), corrections).order_by(corrections.c.id)


def of_store(connection: Connection, tenant: str, store: str) -> Corrections:
    """The corrections of a store's observations, by event."""
    found: Corrections = {}
    for row in connection.execute(_OF_STORE, {"tenant": tenant, "store": store}):
        one = _correction(row)
        found.setdefault((one.tenant, one.device, one.epoch, one.seq), []).append(one)
    return found


def listed(
    connection: Connection, tenant: str | None, *, store: str | None = None, after: int = 0, limit: int = 100
) -> list[Correction]:
    """Corrections in the order in which they were made, behind the number `after`."""
    wanted: list[ColumnElement[bool]] = [corrections.c.id > after]
    wanted += [] if tenant is None else [corrections.c.tenant == tenant]
    wanted += [] if store is None else [corrections.c.store == store]
    return _read(connection, and_(*wanted), limit)


def as_it_counts(body: bytes, tenant: str, known: Corrections) -> ShelfObserved:
    """A stored observation with what people say of it.

    Args:
        body: the bytes of an event of the type `shelf.observed.v1`.
        tenant: whose it is.
        known: corrections by event, as `of_store` reads them.
    """
    event = EVENT_ADAPTER.validate_json(body)
    assert isinstance(event.data, ShelfObserved)
    device = event.source.rpartition("/")[2]
    return corrected(event.data, known.get((tenant, device, event.epoch, event.seq), ()))


def _read(connection: Connection, where: ColumnElement[bool], limit: int | None = None) -> list[Correction]:
    statement = select(corrections).where(where).order_by(corrections.c.id).limit(limit)
    return [_correction(row) for row in connection.execute(statement)]


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        tenant=row.tenant,
        store=row.store,
        device=row.device,
        epoch=row.epoch,
        seq=row.seq,
        fixture=row.fixture,
        facing=row.facing,
        was=row.was,
        standing=row.standing,
        sku=row.sku,
        record=None if row.record is None else FacingRecord.model_validate_json(row.record),
        at=from_ms(row.at),
        who=row.who,
        id=row.id,
    )


def _values(made: Correction) -> dict[str, object]:
    return {
        "tenant": made.tenant,
        "store": made.store,
        "device": made.device,
        "epoch": made.epoch,
        "seq": made.seq,
        "fixture": made.fixture,
        "facing": made.facing,
        "was": made.was,
        "standing": made.standing,
        "sku": made.sku,
        "record": None if made.record is None else made.record.model_dump_json(),
        "at": to_ms(made.at),
        "who": made.who,
    }
