"""The one statement that Core has no portable word for: insert, or change the row that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

Row = dict[str, Any]


def insert_or(connection: Connection, table: Table) -> Any:
    """An `INSERT` of the connection's dialect that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    name = connection.dialect.name
    if name == "sqlite":
        return sqlite.insert(table)
    if name == "postgresql":
        return postgresql.insert(table)
    raise StoreError(f"database {name} is not supported", "use SQLite or PostgreSQL")


def put(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write whole rows, in place of those with the same primary key."""
    gathered = list(rows)
    if not gathered:
        return
    keys = [column.name for column in table.primary_key]
    statement = insert_or(connection, table)
    changed = {name: statement.excluded[name] for name in gathered[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), gathered)


def add(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Add counts to rows; a new row starts from its counts.

    In the order of their keys, so that two writers never wait for each other in a ring.
    """
    keys = [column.name for column in table.primary_key]
    gathered = sorted(rows, key=lambda row: [str(row[key]) for key in keys])
    if not gathered:
        return
    statement = insert_or(connection, table)
    summed = {
        column.name: column + statement.excluded[column.name] for column in table.columns if column.name not in keys
    }
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=summed), gathered)
