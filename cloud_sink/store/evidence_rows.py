"""Which photographs a tenant stored, and how much room they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import evidence

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from edge.contract.topics import Address


def is_known(connection: Connection, tenant: str, sha256: str) -> bool:
    """Whether the tenant's photograph is entered."""
    statement = select(evidence.c.bytes).where(evidence.c.tenant == tenant, evidence.c.sha256 == sha256)
    return connection.execute(statement).one_or_none() is not None


def used_bytes(connection: Connection, tenant: str) -> int:
    """How much room the tenant's photographs take."""
    statement = select(func.coalesce(func.sum(evidence.c.bytes), 0)).where(evidence.c.tenant == tenant)
    return int(connection.execute(statement).scalar_one())


def enter(connection: Connection, address: Address, sha256: str, size: int, received: datetime) -> None:
    """Enter a photograph; one that is there stays as it is."""
    connection.execute(
        insert_or(connection, evidence)
        .values(
            tenant=address.tenant,
            sha256=sha256,
            store=address.store,
            device=address.device,
            bytes=size,
            received=to_ms(received),
        )
        .on_conflict_do_nothing(index_elements=["tenant", "sha256"])
    )
