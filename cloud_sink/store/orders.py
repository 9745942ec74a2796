"""What devices are ordered to do: to move to another place, or to retire. At most one order is open for a board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.placement_tables import orders

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

Kind = Literal["move", "retire"]
State = Literal["open", "done", "refused", "cancelled", "late"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a device is to do."""

    id: str
    tenant: str
    device: str
    identity: str
    kind: Kind
    store: str
    fixture: str
    by: str
    reason: str
    made: datetime
    at_once: bool = False
    due: datetime | None = None
    handed: datetime | None = None
    state: State = "open"
    settled: datetime | None = None
    said: str = ""


def enter(connection: Connection, one: Order) -> None:
    """Enter an order, in place of the one that is open."""
    cancel(connection, one.identity, one.made)
    connection.execute(
        insert(orders).values(
            id=one.id,
            tenant=one.tenant,
            device=one.device,
            identity=one.identity,
            kind=one.kind,
            store=one.store,
            fixture=one.fixture,
            at_once=one.at_once,
            by=one.by,
            reason=one.reason,
            made=to_ms(one.made),
            due=None if one.due is None else to_ms(one.due),
            state="open",
            said="",
        )
    )


def open_of(connection: Connection, identity: str) -> Order | None:
    """The order that a board has still to carry out."""
    where = (orders.c.identity == identity, orders.c.state == "open")
    row = connection.execute(select(orders).where(*where)).one_or_none()
    return None if row is None else _order(row)


def find(connection: Connection, order: str) -> Order | None:
    """An order by its id."""
    row = connection.execute(select(orders).where(orders.c.id == order)).one_or_none()
    return None if row is None else _order(row)


def all_open(connection: Connection, tenant: str | None = None) -> list[Order]:
    """Every order that is still to be carried out."""
    statement = select(orders).where(orders.c.state == "open").order_by(orders.c.tenant, orders.c.device)
    if tenant is not None:
        statement = statement.where(orders.c.tenant == tenant)
    return [_order(row) for row in connection.execute(statement)]


def of_device(connection: Connection, tenant: str, device: str, *, limit: int = 100) -> list[Order]:
    """The orders that the boards of a device ever got, the newest first."""
    where = (orders.c.tenant == tenant, orders.c.device == device)
    statement = select(orders).where(*where).order_by(orders.c.made.desc(), orders.c.id).limit(limit)
    return [_order(row) for row in connection.execute(statement)]


def hand(connection: Connection, order: str, now: datetime) -> None:
    """Note that a device is being told; of several times the first."""
    where = (orders.c.id == order, orders.c.handed.is_(None))
    connection.execute(update(orders).where(*where).values(handed=to_ms(now)))


def settle(connection: Connection, order: str, state: State, now: datetime, *, said: str = "") -> None:
    """An order has come to its end."""
    connection.execute(
        update(orders).where(orders.c.id == order).values(state=state, settled=to_ms(now), said=said[:500])
    )


def cancel(connection: Connection, identity: str, now: datetime) -> bool:
    """Take back the order that is open for a board; whether there was one."""
    where = (orders.c.identity == identity, orders.c.state == "open")
    changed = connection.execute(update(orders).where(*where).values(state="cancelled", settled=to_ms(now)))
    return changed.rowcount > 0


def newest_done(connection: Connection, identity: str) -> datetime | None:
    """When the newest order was made that a board has carried out."""
    where = (orders.c.identity == identity, orders.c.state == "done")
    made = connection.execute(select(orders.c.made).where(*where).order_by(orders.c.made.desc()).limit(1)).scalar()
    return None if made is None else from_ms(made)


def overdue(connection: Connection, now: datetime) -> list[Order]:
    """Orders whose time is over: the device never came back to retire."""
    where = (orders.c.state == "open", orders.c.due.is_not(None), orders.c.due <= to_ms(now))
    return [_order(row) for row in connection.execute(select(orders).where(*where))]


def _order(row: Row[Any]) -> Order:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    moments = {name: None if told[name] is None else from_ms(told[name]) for name in ("due", "handed", "settled")}
    return Order(**{**told, **moments, "made": from_ms(row.made)})
