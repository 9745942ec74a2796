"""Event rows: appended once, read by key, and moved in time when a boot's clock becomes known."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Date, Integer, LargeBinary, String, and_, select, tuple_, update

from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import events

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.store.facts import Dated, Fact, Key, Place

_POSTGRES = {
    String: "varchar",
    BigInteger: "int8",
    Integer: "int4",
    Boolean: "bool",
    Date: "date",
    LargeBinary: "bytea",
}
_COLUMNS = ", ".join(column.name for column in events.columns)
_TYPES = [_POSTGRES[type(column.type)] for column in events.columns]
_INSERT = f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join('?' * len(events.columns))})"  # noqa: S608 - names of ours

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
        (
            fact.address.tenant,
            fact.address.device,
            fact.epoch,
            fact.seq,
            fact.store,
            fact.type,
            fact.fixture,
            place.day,
            place.hour,
            place.in_hours,
            to_ms(dated.at),
            dated.how,
            fact.boot[2],
            fact.up,
            now,
            fact.sha256,
            fact.body,
        )
        for fact, dated, place in placed
    ]
    if not appended:
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT, appended)
    else:
        _copy(connection, appended)


def _copy(connection: Connection, appended: Iterable[tuple[object, ...]]) -> None:
    """PostgreSQL takes the rows of a batch in its binary form, within the transaction."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY events ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(_TYPES)
        for row in appended:
            copy.write_row(row)


def undated(connection: Connection, tenant: str, device: str, boot: str) -> list[Row[tuple[object, ...]]]:
    """The events of a boot that were not dated by their own clock, locked: what is added to their sums waits."""
    return list(
        connection.execute(
            select(events)
            .where(
                events.c.tenant == tenant,
                events.c.device == device,
                events.c.boot == boot,
                events.c.dated != "clock",  # as the index says it
            )
            .with_for_update()
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
