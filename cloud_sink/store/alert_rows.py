"""Alerts as they are kept, so that a restart forgets none and says none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, tuple_

from cloud_sink.store.dialect import put
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.out_tables import alerts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

AlertKey = tuple[str, str, str, str]
"""Rule, tenant, store, subject."""

Row = dict[str, Any]
"""By column; moments as moments."""

_MOMENTS = ("since", "told", "over", "until")


def of_rule(connection: Connection, rule: str) -> dict[AlertKey, Row]:
    """The alerts of a rule, locked: of two services one brings them forward."""
    statement = select(alerts).where(alerts.c.rule == rule).with_for_update()
    found = [_read(row) for row in connection.execute(statement).mappings()]
    return {(row["rule"], row["tenant"], row["store"], row["subject"]): row for row in found}


def listed(
    connection: Connection, tenant: str | None, *, store: str | None = None, after: AlertKey | None = None, limit: int
) -> list[Row]:
    """Alerts that were said and are not over, by rule, tenant, store and subject."""
    c = alerts.c
    where: list[ColumnElement[bool]] = [c.told.is_not(None)]
    where += [] if tenant is None else [c.tenant == tenant]
    where += [] if store is None else [c.store == store]
    key = tuple_(c.rule, c.tenant, c.store, c.subject)
    where += [] if after is None else [key > tuple_(*after)]
    statement = select(alerts).where(and_(*where)).order_by(c.rule, c.tenant, c.store, c.subject).limit(limit)
    return [_read(row) for row in connection.execute(statement).mappings()]


def keep(connection: Connection, rows: Iterable[Row]) -> None:
    """Write alerts, in place of those with the same key."""
    put(connection, alerts, [_written(row) for row in rows])


def forget(connection: Connection, keys: Iterable[AlertKey]) -> None:
    """Delete alerts that are over."""
    c = alerts.c
    for rule, tenant, store, subject in keys:
        this = and_(c.rule == rule, c.tenant == tenant, c.store == store, c.subject == subject)
        connection.execute(delete(alerts).where(this))


def forget_others(connection: Connection, rules: Iterable[str]) -> None:
    """Delete the alerts of rules that are no more."""
    connection.execute(delete(alerts).where(alerts.c.rule.not_in(list(rules))))


def _read(row: Mapping[Any, Any]) -> Row:
    found = dict(row)
    for name in _MOMENTS:
        ms: int | None = found[name]
        found[name] = None if ms is None else from_ms(ms)
    return found


def _written(row: Row) -> Row:
    written = dict(row)
    for name in _MOMENTS:
        at: datetime | None = written[name]
        written[name] = None if at is None else to_ms(at)
    return written
