"""API keys: who a program is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.rights_tables import api_keys

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, of whose secret only the hash is known."""

    id: str
    tenant: str
    name: str
    role: str
    secret: str  # SHA-256
    created: datetime
    by: str
    expires: datetime | None
    used: datetime | None = None


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        role=row.role,
        secret=row.secret,
        created=from_ms(row.created),
        by=row.by,
        expires=None if row.expires is None else from_ms(row.expires),
        used=None if row.used is None else from_ms(row.used),
    )


def enter(connection: Connection, key: ApiKey) -> None:
    """Enter a new key."""
    connection.execute(
        insert(api_keys).values(
            id=key.id,
            tenant=key.tenant,
            name=key.name,
            role=key.role,
            secret=key.secret,
            created=to_ms(key.created),
            by=key.by,
            expires=None if key.expires is None else to_ms(key.expires),
        )
    )


def find(connection: Connection, key: str) -> ApiKey | None:
    """A key by its id."""
    row = connection.execute(select(api_keys).where(api_keys.c.id == key)).one_or_none()
    return None if row is None else _key(row)


def listed(connection: Connection, tenant: str | None, *, after: str = "", limit: int = 1000) -> list[ApiKey]:
    """Keys in the order of their ids, behind `after`; of one tenant or all."""
    statement = select(api_keys).where(api_keys.c.id > after).order_by(api_keys.c.id).limit(limit)
    if tenant is not None:
        statement = statement.where(api_keys.c.tenant == tenant)
    return [_key(row) for row in connection.execute(statement)]


def touch(connection: Connection, key: str, now: datetime) -> None:
    """Note that a key was used."""
    connection.execute(update(api_keys).where(api_keys.c.id == key).values(used=to_ms(now)))


def revoke(connection: Connection, key: str) -> None:
    """Delete a key: it opens nothing from now on."""
    connection.execute(delete(api_keys).where(api_keys.c.id == key))
