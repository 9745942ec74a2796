"""Event rows: appended once, read by key, and moved in time when a boot's clock becomes known."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import and_, insert, select, tuple_, update

from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import events

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.store.facts import Dated, Fact, Key, Place

_AT_ONCE = 200
"""Keys a query: SQLite bounds the number of parameters."""


def hashes(connection: Connection, keys: Iterable[Key]) -> dict[Key, bytes]:
    """The SHA-256 of the bytes stored under each key; a key whose bytes are gone is left out."""
    found: dict[Key, bytes] = {}
    identity = tuple_(events.c.tenant, events.c.device, events.c.epoch, events.c.seq)
    remaining = iter(sorted(keys))
    while some := list(islice(remaining, _AT_ONCE)):
        for row in connection.execute(
            select(events.c.tenant, events.c.device, events.c.epoch, events.c.seq, events.c.sha256).where(
                identity.in_(some)
            )
        ):
            found[row.tenant, row.device, row.epoch, row.seq] = row.sha256
    return found


def append(connection: Connection, placed: Iterable[tuple[Fact, Dated, Place]], received: datetime) -> None:
    """Append new events."""
    now = to_ms(received)
    appended = [
        {
            "tenant": fact.address.tenant,
            "device": fact.address.device,
            "epoch": fact.event.epoch,
            "seq": fact.event.seq,
            "store": fact.store,
            "type": fact.event.type,
            "fixture": getattr(fact.event.data, "fixture", None) or "",
            **_dating(dated, place),
            "boot": fact.event.boot,
            "up": fact.event.up,
            "received": now,
            "sha256": fact.sha256,
            "body": fact.body,
        }
        for fact, dated, place in placed
    ]
    if appended:
        connection.execute(insert(events), appended)


def undated(connection: Connection, tenant: str, device: str, boot: str) -> list[Row[tuple[object, ...]]]:
    """The events of a boot that were not dated by their own clock."""
    return list(
        connection.execute(
            select(events).where(
                events.c.tenant == tenant,
                events.c.device == device,
                events.c.boot == boot,
                events.c.dated.in_(("boot", "arrival")),
            )
        )
    )


def move(connection: Connection, key: Key, dated: Dated, place: Place) -> None:
    """Give an event another date."""
    tenant, device, epoch, seq = key
    connection.execute(
        update(events)
        .where(and_(events.c.tenant == tenant, events.c.device == device, events.c.epoch == epoch, events.c.seq == seq))
        .values(**_dating(dated, place))
    )


def _dating(dated: Dated, place: Place) -> dict[str, object]:
    return {
        "at": to_ms(dated.at),
        "dated": dated.how,
        "day": place.day,
        "hour": place.hour,
        "in_hours": place.in_hours,
    }
