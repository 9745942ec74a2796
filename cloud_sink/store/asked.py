"""Statements that are made once and asked with other values: to make one anew takes as long as to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam

if TYPE_CHECKING:
    from sqlalchemy import Select, Table


def in_period(statement: Select[Any], table: Table) -> Select[Any]:
    """Only rows of one `store` of a `tenant`, of the business days from `since` until `until`: values to ask with."""
    c = table.c
    return of_store(statement, table).where(c.day >= bindparam("since"), c.day <= bindparam("until"))


def of_day(statement: Select[Any], table: Table) -> Select[Any]:
    """Only rows of one `store` of a `tenant` and one business `day`: values to ask with."""
    return of_store(statement, table).where(table.c.day == bindparam("day"))


def of_store(statement: Select[Any], table: Table) -> Select[Any]:
    """Only rows of one `store` of a `tenant`: values to ask with."""
    return statement.where(table.c.tenant == bindparam("tenant"), table.c.store == bindparam("store"))
