"""What is to do in all stores of a tenant: written down store by store once their days are settled, read at once.

Readers do not wait for it: stores of which something is new they work out for themselves, and write nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.profile.ask import UnknownStore, ask_profile
from cloud_sink.store import stale, todo_rows
from cloud_sink.store.database import DatabaseAway, reading, writing
from cloud_sink.store.todo_rows import TodoRow

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.settings import GradeSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

_log = structlog.get_logger()

WORKED_OUT = 8
"""Stores that a reader works out; more of them are shown as they were, and are told."""

_RECENT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Board:
    """All that is to do, the most worthwhile first."""

    rows: list[TodoRow]
    waiting: int  # stores shown as they were a moment ago, though something is new


@dataclass(frozen=True, slots=True)
class Ways:
    """What profiles are worked out by."""

    stores: StoreBook
    products: ProductBook
    grading: GradeSection


def keep_board(engine: Database, ways: Ways, now: datetime, *, limit: int) -> int:
    """Write down what is to do in stores that wait for it; returns how many did."""
    with reading(engine) as connection:
        waiting = todo_rows.some_due(connection, limit)
    for (tenant, store), marks in sorted(waiting.items()):
        try:
            rows = _todo(engine, ways, tenant, store, now)
        except DatabaseAway:
            raise
        except Exception:  # noqa: BLE001 - one store that is broken must not keep the others waiting
            _log.exception("todo.broken", tenant=tenant, store=store)
            rows = []
        with writing(engine) as connection:
            todo_rows.write(connection, tenant, store, marks, rows)
    return len(waiting)


def ask_board(engine: Database, ways: Ways, tenant: str, now: datetime) -> Board:
    """What is to do in a tenant's stores now."""
    tomorrow = now.date() + timedelta(days=1)
    with reading(engine) as connection:
        touched = {store for store, _ in stale.within(connection, tenant, tomorrow - _RECENT, tomorrow, limit=500)}
        touched |= {store for _, store in todo_rows.some_due(connection, 500, tenant)}
        fresh = sorted(touched)[:WORKED_OUT]
        rows = todo_rows.ranked(connection, tenant, without=fresh)
    rows += [row for store in fresh for row in _todo(engine, ways, tenant, store, now)]
    return Board(sorted(rows, key=lambda row: -row.points), len(touched) - len(fresh))


def _todo(engine: Database, ways: Ways, tenant: str, store: str, now: datetime) -> list[TodoRow]:
    """What is to do in one store as of its last day with data."""
    products = ways.products.of(tenant)
    try:
        profile = ask_profile(engine, ways.stores, products, store=store, tenant=tenant, now=now, grading=ways.grading)
    except UnknownStore:  # deleted meanwhile
        return []
    return [TodoRow(store=store, day=profile.until, **dict(action)) for action in profile.todo]
