"""How long rows are kept, by class of data. The ledger is kept for good: it tells a late event from a new one.

Old rows go in slices, each in a transaction of its own, so that nobody waits long for a writer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, select, tuple_

from cloud_sink.store import partitions
from cloud_sink.store.database import reading, writing
from cloud_sink.store.moments import to_ms
from cloud_sink.store.quarantine import SIZE
from cloud_sink.store.settled_tables import sku_course, store_day
from cloud_sink.store.tables import (
    camera_due,
    events,
    fixture_day,
    quarantine,
    quarantine_use,
    rejection_day,
    resends,
    sku_day,
    stockouts,
    traffic_hour,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import ColumnElement, Engine, Table

SLICE = 2000
"""Rows that go in one transaction."""

ROLL_UPS = (fixture_day, rejection_day, sku_day, traffic_hour, camera_due, sku_course, store_day)


@dataclass(frozen=True, slots=True)
class Keep:
    """Days that each class of data is kept."""

    events: Mapping[str, int]  # by event type
    quarantine: int
    roll_ups: int


def expire(engine: Engine, keep: Keep, now: datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Delete what is older than it is kept, or count it.

    Args:
        engine: the database.
        keep: for how long.
        now: aware; days are counted back from it, in UTC.
        dry_run: only count.

    Returns:
        Rows by class that went, or would go: event types, `quarantine`, `resends`, `roll_ups`.
    """
    gone: dict[str, int] = {}
    longest = max(keep.events.values())
    if not dry_run and engine.dialect.name == "postgresql":
        with writing(engine) as connection:  # whole days go whole, where there are partitions
            partitions.drop_before(connection, _day(now, longest))
    for kind, days in keep.events.items():
        old = and_(events.c.type == kind, events.c.day < _day(now, days))
        gone[kind] = _sweep(engine, events, old, dry_run=dry_run)
    rolled = [(table, table.c.day < _day(now, keep.roll_ups)) for table in ROLL_UPS]
    rolled.append((stockouts, stockouts.c.until < _ms(now, keep.roll_ups)))
    gone["roll_ups"] = sum(_sweep(engine, table, old, dry_run=dry_run) for table, old in rolled)
    gone["quarantine"] = _sweep(engine, quarantine, quarantine.c.received < _ms(now, keep.quarantine), dry_run=dry_run)
    gone["resends"] = _sweep(engine, resends, resends.c.expires < _ms(now, keep.quarantine), dry_run=dry_run)
    if not dry_run and gone["quarantine"]:
        _measure_quarantine(engine)
    return gone


def _sweep(engine: Engine, table: Table, old: ColumnElement[bool], *, dry_run: bool) -> int:
    if dry_run:
        with reading(engine) as connection:
            return int(connection.execute(select(func.count()).select_from(table).where(old)).scalar_one())
    key = tuple_(*table.primary_key.columns)
    total = 0
    while True:
        # Looked for outside the transaction that deletes: on SQLite one writer waits for another, and to find that
        # nothing is old takes a look at every event.
        with reading(engine) as connection:
            some = connection.execute(select(*table.primary_key.columns).where(old).limit(SLICE)).all()
        if some:
            with writing(engine) as connection:
                for start in range(0, len(some), 100):  # SQLite bounds the number of parameters
                    connection.execute(delete(table).where(key.in_([tuple(row) for row in some[start : start + 100]])))
        total += len(some)
        if len(some) < SLICE:
            return total


def _measure_quarantine(engine: Engine) -> None:
    """Count anew how much room each tenant's quarantine takes."""
    size = func.sum(SIZE)
    with writing(engine) as connection:
        connection.execute(quarantine_use.update().values(bytes=0))
        for tenant, taken in connection.execute(select(quarantine.c.tenant, size).group_by(quarantine.c.tenant)).all():
            connection.execute(quarantine_use.update().where(quarantine_use.c.tenant == tenant).values(bytes=taken))


def _day(now: datetime, days: int) -> date:
    return (now.astimezone(UTC) - timedelta(days=days)).date()


def _ms(now: datetime, days: int) -> int:
    return to_ms(now - timedelta(days=days))
