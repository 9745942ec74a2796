"""The distinct values of an indexed column, one seek each: not by reading through all rows that repeat them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Connection


def distinct(connection: Connection, column: Column[str], *where: ColumnElement[bool]) -> list[str]:
    """What stands in a column, each value once, ascending: a loose index scan, which neither database does by itself.

    Args:
        connection: inside `reading`.
        column: never null, and next in an index behind those that `where` fixes.
        where: equalities.
    """
    found: Any = select(func.min(column).label("value")).where(*where).cte("found", recursive=True)
    behind = select(func.min(column)).where(*where, column > found.c.value).scalar_subquery()
    found = found.union_all(select(behind).where(found.c.value.is_not(None)))
    return list(connection.execute(select(found.c.value).where(found.c.value.is_not(None))).scalars())
