"""What is to do in every store: written whole for a store, read ranked for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, select

from cloud_sink.store.dialect import upsert
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.settled_tables import todo, todo_due

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection

_COLUMNS = tuple(column.name for column in todo.columns)


@dataclass(frozen=True, slots=True)
class TodoRow:
    """Something to do in a store; the fields are those of `cloud_sink.profile.model.Action`."""

    store: str
    kind: str
    fixture: str
    sku: str | None
    day: date
    name: str | None
    count: int | None
    since: datetime | None
    points: float
    capture: str | None
    event: str | None
    evidence: str | None
    photographed: str | None


def due(connection: Connection, tenant: str, store: str) -> None:
    """Remember, in the transaction that settles a day, that what is to do has to be written down anew."""
    upsert(connection, todo_due, ("tenant", "store", "marks"), [(tenant, store, 1)], {"marks": "todo_due.{} + 1"})


def some_due(connection: Connection, limit: int, tenant: str | None = None) -> dict[tuple[str, str], int]:
    """Stores that wait for it, with how often each was marked."""
    statement = select(todo_due.c.tenant, todo_due.c.store, todo_due.c.marks).limit(limit)
    if tenant is not None:
        statement = statement.where(todo_due.c.tenant == tenant)
    return {(row.tenant, row.store): row.marks for row in connection.execute(statement)}


def count_due(connection: Connection, tenant: str) -> int:
    """How many stores of a tenant wait for it."""
    where = todo_due.c.tenant == tenant
    return int(connection.execute(select(func.count()).select_from(todo_due).where(where)).scalar_one())


def write(connection: Connection, tenant: str, store: str, marks: int, rows: Iterable[TodoRow]) -> None:
    """Put what is to do in a store in place of what was; a store that was marked since then waits on."""
    connection.execute(delete(todo).where(todo.c.tenant == tenant, todo.c.store == store))
    once = {(row.kind, row.fixture, row.sku or ""): row for row in rows}
    upsert(connection, todo, _COLUMNS, [_values(tenant, row) for row in once.values()], {})
    this = and_(todo_due.c.tenant == tenant, todo_due.c.store == store, todo_due.c.marks == marks)
    connection.execute(delete(todo_due).where(this))


def ranked(connection: Connection, tenant: str, *, without: Collection[str] = ()) -> list[TodoRow]:
    """All that is to do in a tenant's stores, some left out, the most worthwhile first."""
    c = todo.c
    statement = select(*(c[name].label("number" if name == "count" else name) for name in _COLUMNS[1:])).where(
        c.tenant == tenant, c.store.not_in(without)
    )
    return [
        TodoRow(
            store=row.store,
            kind=row.kind,
            fixture=row.fixture,
            sku=row.sku or None,
            day=row.day,
            name=row.name,
            count=row.number,  # `count` is a method of rows
            since=None if row.since is None else from_ms(row.since),
            points=row.points / 1000,
            capture=row.capture,
            event=row.event,
            evidence=row.evidence,
            photographed=row.photographed,
        )
        for row in connection.execute(statement.order_by(c.points.desc(), c.store, c.kind, c.fixture, c.sku))
    ]


def _values(tenant: str, row: TodoRow) -> tuple[object, ...]:
    told = {
        "tenant": tenant,
        "sku": row.sku or "",
        "since": None if row.since is None else to_ms(row.since),
        "points": round(row.points * 1000),
    }
    return tuple(told[name] if name in told else getattr(row, name) for name in _COLUMNS)
