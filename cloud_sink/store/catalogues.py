"""Catalogues of tenants by version; the latest holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, select

from cloud_sink.store.catalogue_tables import catalogues
from cloud_sink.store.moments import from_ms, to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """One version of a tenant's catalogue, without its lines."""

    tenant: str
    version: int
    skus: int
    note: str
    at: datetime
    who: str


def add_version(
    connection: Connection, tenant: str, text: str, *, skus: int, note: str, at: datetime, who: str
) -> CatalogueVersion:
    """Keep a catalogue as the tenant's next version; the very same as the latest is the latest.

    Args:
        connection: inside `writing`.
        tenant: whose it is.
        text: our CSV.
        skus: how many it has.
        note: what a person wrote about it.
        at: now.
        who: uploads it.
    """
    every = versions(connection, tenant)
    if every and text_of(connection, tenant) == text:
        return every[0]
    added = CatalogueVersion(tenant, every[0].version + 1 if every else 1, skus, note, at, who)
    values = {"tenant": tenant, "version": added.version, "text": text, "skus": skus, "note": note, "who": who}
    connection.execute(insert(catalogues).values(**values, at=to_ms(at)))
    return added


def versions(connection: Connection, tenant: str) -> list[CatalogueVersion]:
    """Every version of a tenant's catalogue, the latest first."""
    c = catalogues.c
    statement = select(c.tenant, c.version, c.skus, c.note, c.at, c.who).where(c.tenant == tenant)
    return [_version(row) for row in connection.execute(statement.order_by(c.version.desc()))]


def text_of(connection: Connection, tenant: str, version: int | None = None) -> str | None:
    """The lines of a version, the latest without a number; None where there is none."""
    c = catalogues.c
    wanted = and_(c.tenant == tenant, *(() if version is None else (c.version == version,)))
    statement = select(c.text).where(wanted).order_by(c.version.desc()).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def latest(connection: Connection) -> dict[str, int]:
    """The number of each tenant's latest version."""
    c = catalogues.c
    return {
        row.tenant: row.newest
        for row in connection.execute(select(c.tenant, func.max(c.version).label("newest")).group_by(c.tenant))
    }


def _version(row: Any) -> CatalogueVersion:
    return CatalogueVersion(row.tenant, row.version, row.skus, row.note, from_ms(row.at), row.who)
