"""Master data, contracts and promotions: written whole, line by line; read by store and period."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, func, select

from cloud_sink.store.dialect import put
from cloud_sink.store.master_tables import contracts, fixture_master, imports, promotions, store_master
from cloud_sink.store.moments import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Table

Row = dict[str, Any]

MILLI = 1000


@dataclass(frozen=True, slots=True)
class ContractRow:
    """One line of a contract."""

    contract: str
    store: str
    fixture: str | None
    side: Literal["own", "competitor"]
    brand: str
    facings: int
    since: date
    until: date
    fee: float | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """One product of a promotion in one store."""

    promotion: str
    store: str
    gtin: str
    since: date
    until: date
    cost: float | None
    margin: float | None


def changed(connection: Connection) -> tuple[int, int]:
    """A word that is another one once master data changed: how many rows there are, and when the last one changed."""
    total = newest = 0
    for table in (store_master, fixture_master):
        rows, last = connection.execute(select(func.count(), func.max(table.c.changed)).select_from(table)).one()
        total, newest = total + rows, max(newest, last or 0)
    return total, newest


def stores(connection: Connection) -> list[Row]:
    """Every store that the database describes."""
    return _all(connection, store_master)


def fixtures(connection: Connection) -> list[Row]:
    """Every fixture that the database describes; `own` as a list."""
    return [{**row, "own": json.loads(row["own"])} for row in _all(connection, fixture_master)]


def put_stores(connection: Connection, rows: Sequence[Row], at: datetime) -> None:
    """Describe stores; a row has every column but `changed`."""
    put(connection, store_master, [{**row, "changed": to_ms(at)} for row in rows])


def put_fixtures(connection: Connection, rows: Sequence[Row], at: datetime) -> None:
    """Describe fixtures; `own` as a list."""
    put(connection, fixture_master, [{**row, "own": json.dumps(row["own"]), "changed": to_ms(at)} for row in rows])


def put_contracts(connection: Connection, rows: Sequence[Row]) -> None:
    """Take contracts line by line."""
    put(connection, contracts, rows)


def put_promotions(connection: Connection, rows: Sequence[Row]) -> None:
    """Take promotions line by line."""
    put(connection, promotions, rows)


def contracts_of(
    connection: Connection, tenant: str, store: str | None, since: date, until: date
) -> tuple[ContractRow, ...]:
    """Contracts that hold in a period, of one store or of all."""
    c = contracts.c
    statement = select(contracts).where(c.tenant == tenant, c.since <= until, c.until >= since)
    if store is not None:
        statement = statement.where(c.store == store)
    return tuple(
        ContractRow(
            contract=row.contract,
            store=row.store,
            fixture=row.fixture or None,
            side=row.side,
            brand=row.brand,
            facings=row.facings,
            since=row.since,
            until=row.until,
            fee=_whole(row.fee_milli),
            currency=row.currency,
        )
        for row in connection.execute(statement.order_by(c.contract, c.store, c.fixture, c.brand))
    )


def promotion_rows(connection: Connection, tenant: str, promotion: str | None = None) -> tuple[PromotionRow, ...]:
    """The lines of a promotion, or of all."""
    c = promotions.c
    statement = select(promotions).where(c.tenant == tenant)
    if promotion is not None:
        statement = statement.where(c.promotion == promotion)
    return tuple(
        PromotionRow(
            promotion=row.promotion,
            store=row.store,
            gtin=row.gtin,
            since=row.since,
            until=row.until,
            cost=_whole(row.cost_milli),
            margin=_whole(row.margin_milli),
        )
        for row in connection.execute(statement.order_by(c.promotion, c.store, c.gtin))
    )


@dataclass(frozen=True, slots=True)
class PromotionTold:
    """A promotion as its lines tell it together."""

    promotion: str
    since: date
    until: date
    stores: int
    products: int
    cost: float | None  # of all lines; None where none tells one


def promotions_told(connection: Connection, tenant: str) -> list[PromotionTold]:
    """Every promotion, the one that began last first."""
    c = promotions.c
    counts = (func.count(c.store.distinct()), func.count(c.gtin.distinct()), func.sum(c.cost_milli))
    statement = select(c.promotion, func.min(c.since), func.max(c.until), *counts).where(c.tenant == tenant)
    rows = connection.execute(statement.group_by(c.promotion).order_by(func.min(c.since).desc(), c.promotion))
    return [
        PromotionTold(name, since, until, int(stores), int(products), None if cost is None else int(cost) / MILLI)
        for name, since, until, stores, products, cost in rows
    ]


def drop_promotion(connection: Connection, tenant: str, promotion: str) -> bool:
    """Take all lines of a promotion away; False where there are none."""
    c = promotions.c
    where = (c.tenant == tenant, c.promotion == promotion)
    there = connection.execute(select(c.promotion).where(*where).limit(1)).first() is not None
    connection.execute(delete(promotions).where(*where))
    return there


@dataclass(frozen=True, slots=True)
class ContractTold:
    """A contract as its lines tell it together."""

    contract: str
    since: date
    until: date
    stores: int
    lines: int


def contracts_told(connection: Connection, tenant: str) -> list[ContractTold]:
    """Every contract, by name."""
    c = contracts.c
    counts = (func.count(c.store.distinct()), func.count())
    statement = select(c.contract, func.min(c.since), func.max(c.until), *counts).where(c.tenant == tenant)
    rows = connection.execute(statement.group_by(c.contract).order_by(c.contract))
    return [ContractTold(name, since, until, int(stores), int(lines)) for name, since, until, stores, lines in rows]


def imported_at(connection: Connection, tenant: str, kind: str, sha256: str) -> int | None:
    """When a file was imported, in milliseconds; None for one that was not."""
    c = imports.c
    statement = select(c.at).where(c.tenant == tenant, c.kind == kind, c.sha256 == sha256)
    return connection.execute(statement).scalar_one_or_none()


def note_import(
    connection: Connection, *, tenant: str, kind: str, sha256: str, name: str, at: datetime, by: str, lines: int
) -> None:
    """Note that a file was imported."""
    row = {"tenant": tenant, "kind": kind, "sha256": sha256, "name": name[:200]}
    put(connection, imports, [{**row, "at": to_ms(at), "by": by[:200], "lines": lines}])


def imports_of(connection: Connection, tenant: str) -> list[Row]:
    """The files that were imported, the last first."""
    c = imports.c
    rows = connection.execute(select(imports).where(c.tenant == tenant).order_by(c.at.desc(), c.kind, c.sha256))
    return [dict(row) for row in rows.mappings()]


def _all(connection: Connection, table: Table) -> list[Row]:
    statement = select(table).order_by(*table.primary_key.columns)
    names: Iterable[str] = [column.name for column in table.columns if column.name != "changed"]
    return [{name: row[name] for name in names} for row in connection.execute(statement).mappings()]


def _whole(milli: int | None) -> float | None:
    return None if milli is None else milli / MILLI
