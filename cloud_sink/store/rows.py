"""Event rows: appended once, read by key, and moved in time when a boot's clock becomes known."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Integer,
    LargeBinary,
    String,
    and_,
    bindparam,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from cloud_sink.store.dating import AHEAD, EARLIEST
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import events

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.store.facts import Boot, Dated, Fact, Key, Place

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

_KEY = [column.name for column in events.primary_key]
_MOVE = update(events).where(*(events.c[name] == bindparam(f"old_{name}") for name in _KEY))

_IN_ORDER = itemgetter(0, 1, 2, 3)  # tenant, device, epoch, seq
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
    appended.sort(key=_IN_ORDER)  # what comes side by side in an index is put there together
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


def undated(connection: Connection, boot: Boot, began: datetime, limit: int) -> list[Row[tuple[object, ...]]]:
    """Events of a boot that stand elsewhere than its clock says, locked: what is added to their sums waits.

    The same rule as `date_event`'s, in the database: what is dated rightly already is not read again.

    Args:
        connection: inside `writing`.
        boot: which.
        began: when its clock says that it began, in whole milliseconds.
        limit: how many at most.
    """
    c, at = events.c, to_ms(began) + events.c.up * 1000
    by_boot = and_(at >= to_ms(EARLIEST), at <= c.received + AHEAD // timedelta(milliseconds=1))
    there = or_(
        and_(by_boot, c.dated == "boot", c.at == at), and_(not_(by_boot), c.dated == "arrival", c.at == c.received)
    )
    tenant, device, name = boot
    return list(
        connection.execute(
            select(events)
            .where(c.tenant == tenant, c.device == device, c.boot == name)
            .where(c.dated != "clock", not_(there))  # the first as the index says it
            .limit(limit)
            .with_for_update()
        )
    )


def move(connection: Connection, moved: Iterable[tuple[Key, date, Dated, Place]]) -> None:
    """Give events other dates; each with the business day under which it stood."""
    given = [
        {f"old_{name}": value for name, value in zip(_KEY, (*key, day), strict=True)} | _dating(dated, place)
        for key, day, dated, place in moved
    ]
    if given:
        connection.execute(_MOVE, given)


def _dating(dated: Dated, place: Place) -> dict[str, object]:
    return {
        "at": to_ms(dated.at),
        "dated": dated.how,
        "day": place.day,
        "hour": place.hour,
        "in_hours": place.in_hours,
    }
