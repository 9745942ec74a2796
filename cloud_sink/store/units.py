"""Units sold and delivered: the only facts that may be called units or money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from cloud_sink.store.dialect import put
from cloud_sink.store.master import MILLI
from cloud_sink.store.master_tables import units

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Connection

Row = dict[str, Any]
Daily = dict[tuple[str, str], dict["date", float]]
"""Units a day, by store and GTIN."""


def put_units(connection: Connection, rows: Sequence[Row]) -> None:
    """Take lines; one with the key of a line that is there takes its place."""
    put(connection, units, rows)


def unchanged(connection: Connection, rows: Sequence[Row]) -> int:
    """How many of some lines are there already, word for word."""
    if not rows:
        return 0
    first = rows[0]
    days = [row["day"] for row in rows]
    c = units.c
    statement = select(c.store, c.day, c.gtin, c.line, c.units_milli, c.amount_milli).where(
        c.tenant == first["tenant"], c.kind == first["kind"], c.day >= min(days), c.day <= max(days)
    )
    there = {tuple(row) for row in connection.execute(statement)}
    names = ("store", "day", "gtin", "line", "units_milli", "amount_milli")
    return sum(tuple(row[name] for name in names) in there for row in rows)


def daily(
    connection: Connection,
    tenant: str,
    kind: str,
    since: date,
    until: date,
    *,
    gtins: Sequence[str] | None = None,
    store: str | None = None,
) -> Daily:
    """Units a day by store and GTIN; days without a line are left out, which is not the same as nothing sold."""
    c = units.c
    statement = (
        select(c.store, c.gtin, c.day, func.sum(c.units_milli))
        .where(c.tenant == tenant, c.kind == kind, c.day >= since, c.day <= until)
        .group_by(c.store, c.gtin, c.day)
    )
    if gtins is not None:
        statement = statement.where(c.gtin.in_(gtins))
    if store is not None:
        statement = statement.where(c.store == store)
    found: Daily = {}
    for place, gtin, day, total in connection.execute(statement):
        found.setdefault((place, gtin), {})[day] = int(total) / MILLI
    return found


def told(connection: Connection, tenant: str, kind: str) -> dict[str, tuple[int, float]]:
    """By GTIN, how many lines there are and how many units they say."""
    c = units.c
    statement = select(c.gtin, func.count(), func.sum(c.units_milli)).where(c.tenant == tenant, c.kind == kind)
    rows = connection.execute(statement.group_by(c.gtin))
    return {gtin: (int(lines), int(total) / MILLI) for gtin, lines, total in rows}


def days_told(
    connection: Connection, tenant: str, kind: str, since: date, until: date, *, store: str | None = None
) -> dict[str, set[date]]:
    """By store, the days of which a file says anything of any product; of the others nobody knows."""
    c = units.c
    statement = select(c.store, c.day).where(c.tenant == tenant, c.kind == kind, c.day >= since, c.day <= until)
    if store is not None:
        statement = statement.where(c.store == store)
    found: dict[str, set[date]] = {}
    for place, day in connection.execute(statement.distinct()):
        found.setdefault(place, set()).add(day)
    return found
