"""How long each device's certificate holds: what a list of ten thousand needs, without the certificates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from cloud_sink.store.moments import from_ms
from cloud_sink.store.trust_tables import authorities, identities

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


@dataclass(frozen=True, slots=True)
class Certified:
    """A device's certificate."""

    authority: str
    expires: datetime
    revoked: datetime | None = None


def of_devices(
    connection: Connection, tenant: str | None, devices: Collection[str] | None = None
) -> dict[tuple[str, str], Certified]:
    """By tenant and device; of some devices, where they are named."""
    c = identities.c
    where: list[ColumnElement[bool]] = [] if tenant is None else [c.tenant == tenant]
    where += [] if devices is None else [c.device.in_(list(devices))]
    columns = (c.tenant, c.device, c.authority, c.expires, c.revoked)
    return {
        (row.tenant, row.device): Certified(
            row.authority, from_ms(row.expires), None if row.revoked is None else from_ms(row.revoked)
        )
        for row in connection.execute(select(*columns).where(and_(True, *where)))
    }


def issuing(connection: Connection) -> str:
    """The authority that issues certificates; empty where there is none."""
    statement = select(authorities.c.id).where(authorities.c.state == "active").limit(1)
    return connection.execute(statement).scalar_one_or_none() or ""
