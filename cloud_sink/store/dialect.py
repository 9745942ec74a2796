"""What Core has no portable word for: insert, or change the row that is there; and join a list of keys."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Date, Text, bindparam, cast, column, func, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Dialect, Table

Row = dict[str, Any]

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_or(connection: Connection, table: Table) -> Any:
    """An `INSERT` of the connection's dialect that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    name = connection.dialect.name
    if name not in _INSERT:
        raise StoreError(f"database {name} is not supported", "use SQLite or PostgreSQL")
    return _INSERT[name](table)


class Listed:
    """Rows as something to join with: however many there are, it is one statement that is prepared once."""

    def __init__(self, connection: Connection, rows: Sequence[Sequence[str | int]]) -> None:
        given = bindparam("listed", json.dumps(rows), Text)
        self._lite = connection.dialect.name == "sqlite"
        if self._lite:
            self.rows: Any = func.json_each(given).table_valued(column("value", Text)).alias("listed")
        else:
            each = func.jsonb_array_elements(cast(given, postgresql.JSONB))
            self.rows = each.table_valued(column("value", postgresql.JSONB)).render_derived().alias("listed")

    def text(self, place: int) -> ColumnElement[str]:
        """The value at a place of each row."""
        return self.rows.c.value.op("->>", return_type=Text())(literal_column(str(place)))  # type: ignore[no-any-return]  # op() is untyped

    def number(self, place: int) -> ColumnElement[int]:
        """The whole number at a place of each row."""
        return cast(self.text(place), BigInteger)

    def day(self, place: int) -> ColumnElement[Any]:
        """The date at a place of each row: text on SQLite, which keeps dates so."""
        return self.text(place) if self._lite else cast(self.text(place), Date)


def put(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write whole rows, in place of those with the same primary key; all with the same columns, no key twice."""
    gathered = list(rows)
    if gathered:
        names = list(gathered[0])
        upsert(connection, table, names, [tuple(row.values()) for row in gathered], dict.fromkeys(names, "excluded.{}"))


def add(connection: Connection, table: Table, rows: Mapping[tuple[object, ...], Sequence[int]]) -> None:
    """Add counts to rows; a new row starts from its counts.

    In the order of their keys, so that two writers never wait for each other in a ring.

    Args:
        connection: inside `writing`.
        table: a roll-up: its primary key first, then counts.
        rows: by key, the counts in the order of the table's columns.
    """
    add_rows(connection, table, [(*key, *counts) for key, counts in sorted(rows.items())])


def add_rows(connection: Connection, table: Table, rows: Sequence[Sequence[object]]) -> None:
    """The same with whole rows, key and counts, that are in the order of their keys."""
    names = [column.name for column in table.columns]
    upsert(connection, table, names, rows, dict.fromkeys(names, f"{table.name}.{{0}} + excluded.{{0}}"))


def upsert(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[object]],
    change: Mapping[str, str],
) -> None:
    """Insert many rows, or change those that are there, as fast as the driver can: a batch has thousands of them.

    Args:
        connection: inside `writing`.
        table: where to.
        names: the columns of the rows.
        rows: their values, a tuple each; no primary key twice.
        change: by column what a row that is there gets, `{}` for the column's name; key columns are left out.
    """
    if not rows:
        return
    statement = _upserting(connection.dialect, table, tuple(names), tuple(change.items()))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(statement, rows)
    else:  # one statement with a list for each column: a round trip for a batch instead of one for a row
        connection.exec_driver_sql(statement, tuple(list(values) for values in zip(*rows, strict=True)))


@cache
def _upserting(dialect: Dialect, table: Table, names: tuple[str, ...], change: tuple[tuple[str, str], ...]) -> str:
    quote = dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key]
    columns = ", ".join(map(quote, names))
    if dialect.name == "sqlite":
        values = f"VALUES ({', '.join('?' * len(names))})"
    else:
        types = [table.columns[name].type.compile(dialect) for name in names]
        lists = ", ".join(f"%s::{kind}[]" for kind in types)
        values = f"SELECT * FROM unnest({lists})"  # noqa: S608 - names of our own tables only
    changed = ", ".join(f"{quote(name)} = {text.format(quote(name))}" for name, text in change if name not in keys)
    then = f"UPDATE SET {changed}" if changed else "NOTHING"
    return f"INSERT INTO {table.name} ({columns}) {values} ON CONFLICT ({', '.join(map(quote, keys))}) DO {then}"
