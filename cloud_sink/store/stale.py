"""Which days have to be settled anew: marked by the batch that touched them, claimed by who settles them.

A mark is written in the transaction that stores the facts, and taken away in the one that settles the day. Both lock
its row, so a fact is either seen by who settles, or marks the day again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, bindparam, delete, func, not_, select, tuple_

from cloud_sink.store.asked import in_period, of_day
from cloud_sink.store.dating import EARLIEST, day_due
from cloud_sink.store.dialect import Listed, add_rows
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import fixture_day
from edge.contract.business_day import business_day
from edge.contract.payloads import DeviceHealth, StockoutClosed, StockoutOpened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.facts import Dated, Fact, Place
    from cloud_sink.store.sums import Sums

StoreDayKey = tuple[str, str, "date"]
"""Tenant, store, business day."""


def mark(connection: Connection, sums: Sums, told: Iterable[tuple[Fact, Dated, Place]], stores: StoreBook) -> None:
    """Mark what a batch touched; the last statement of its transaction.

    Beside the days of its events, which `sums` has: an episode touches every day from its beginning on, and a report of
    captures due the day that it names.
    """
    since: dict[tuple[str, str], date] = {}
    for fact, dated, where in told:
        tenant, store, data = fact.address.tenant, fact.store, fact.word
        if isinstance(data, DeviceHealth):
            for camera in data.cameras:
                day = day_due(camera.business_day, where.day)
                if day is not None:
                    sums.mark(tenant, store, day)
        elif isinstance(data, StockoutOpened | StockoutClosed):
            began = business_day(_began(fact, data, dated), stores.clockwork(tenant, store, fact.zone))
            since[tenant, store] = min(began, where.day, since.get((tenant, store), where.day))
    for tenant, store, day in _days_from(connection, since):
        sums.mark(tenant, store, day)
    add_rows(connection, sums.stale.table, sums.stale.rows)


def mark_from(connection: Connection, sums: Sums, since: dict[tuple[str, str], date]) -> None:
    """Mark every day of stores (tenant and store) from a day on; the last statement of its transaction."""
    for tenant, store, day in _days_from(connection, since):
        sums.mark(tenant, store, day)
    add_rows(connection, sums.stale.table, sums.stale.rows)


def some(connection: Connection, limit: int, *, behind: StoreDayKey | None = None) -> dict[StoreDayKey, int]:
    """Days that wait to be settled, at most `limit` of them, in their order, with how often each was marked.

    With `behind` those behind that key, and then the first ones: who goes on from the last one comes to all in turn.
    """
    c = stale_day.c
    statement = select(c.tenant, c.store, c.day, c.marks).order_by(c.tenant, c.store, c.day)
    if behind is None:
        rows = list(connection.execute(statement.limit(limit)))
    else:
        key = (c.tenant, c.store, c.day)
        later = tuple_(*key) > tuple_(*behind, types=[column.type for column in key])
        rows = list(connection.execute(statement.where(later).limit(limit)))
        rows += connection.execute(statement.where(not_(later)).limit(limit - len(rows)))
    return {(row.tenant, row.store, row.day): row.marks for row in rows}


def within(
    connection: Connection, tenant: str, since: date, until: date, *, limit: int | None = None
) -> list[tuple[str, date]]:
    """Stores and days of a tenant in a period that wait to be settled."""
    columns = stale_day.c
    statement = (
        select(columns.store, columns.day)
        .where(columns.tenant == tenant, columns.day >= since, columns.day <= until)
        .order_by(columns.store, columns.day)
        .limit(limit)
    )
    return [(row.store, row.day) for row in connection.execute(statement)]


_OF_STORE = in_period(select(stale_day.c.day), stale_day).order_by(stale_day.c.day)


def of_store(connection: Connection, tenant: str, store: str, since: date, until: date) -> list[date]:
    """Days of one store in a period that wait to be settled."""
    asked = {"tenant": tenant, "store": store, "since": since, "until": until}
    return list(connection.execute(_OF_STORE, asked).scalars())


def count_within(connection: Connection, tenant: str, since: date, until: date) -> int:
    """How many days of a tenant's stores wait to be settled."""
    columns = stale_day.c
    where = and_(columns.tenant == tenant, columns.day >= since, columns.day <= until)
    return int(connection.execute(select(func.count()).select_from(stale_day).where(where)).scalar_one())


_KEY = (stale_day.c.tenant, stale_day.c.store, stale_day.c.day)
_FREE = of_day(select(*_KEY), stale_day).with_for_update(skip_locked=True)
_CLAIM = delete(stale_day).where(
    and_(*(column == bindparam(f"this_{column.name}") for column in _KEY)), tuple_(*_KEY).in_(_FREE)
)


def claim(connection: Connection, key: StoreDayKey) -> bool:
    """Take a day to settle it in this transaction; False when another has settled it, or is about to."""
    asked = dict(zip(("tenant", "store", "day"), key, strict=True))
    named = {f"this_{name}": value for name, value in asked.items()}
    return connection.execute(_CLAIM, {**asked, **named}).rowcount > 0


def _began(fact: Fact, data: StockoutOpened | StockoutClosed, dated: Dated) -> datetime:
    """When an episode began, corrected as its event's own time was; within what a calendar can hold."""
    at = to_ms(dated.at)
    began = to_ms(data.since) + at - to_ms(fact.time)
    return from_ms(min(max(began, to_ms(EARLIEST)), at))


def _days_from(connection: Connection, since: dict[tuple[str, str], date]) -> list[StoreDayKey]:
    if not since:
        return []
    asked = Listed(connection, [(tenant, store, day.isoformat()) for (tenant, store), day in sorted(since.items())])
    earliest = min(since.values())
    columns = fixture_day.c
    rows = connection.execute(
        select(columns.tenant, columns.store, columns.day)
        .select_from(
            asked.rows.join(fixture_day, and_(columns.tenant == asked.text(0), columns.store == asked.text(1)))
        )
        .where(columns.day >= earliest)
        .distinct()
    )
    return [(row.tenant, row.store, row.day) for row in rows if row.day >= since[row.tenant, row.store]]
