"""The audit log's rows: appended, listed, and gone when they are too old."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.rights_tables import audit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody read or changed something."""

    tenant: str  # '' where nobody was known
    at: datetime
    who: str
    address: str
    action: str  # method and route
    target: str  # path and query
    status: int
    request: str  # the id in the log
    what: str = ""  # what became of it, where the path does not say


def append(connection: Connection, entries: Iterable[Entry]) -> None:
    """Append entries."""
    rows = [asdict(entry) | {"at": to_ms(entry.at)} for entry in entries]
    if rows:
        connection.execute(insert(audit), rows)


def listed(
    connection: Connection, tenant: str | None, *, before: int | None = None, limit: int = 100
) -> list[tuple[int, Entry]]:
    """Entries with their numbers, the newest first, before the number `before`; of one tenant or all."""
    statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if tenant is not None:
        statement = statement.where(audit.c.tenant == tenant)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [
        (
            row.id,
            Entry(
                tenant=row.tenant,
                at=from_ms(row.at),
                who=row.who,
                address=row.address,
                action=row.action,
                target=row.target,
                status=row.status,
                request=row.request,
                what=row.what,
            ),
        )
        for row in connection.execute(statement)
    ]


def expire(connection: Connection, before: datetime) -> int:
    """Delete what is older."""
    return connection.execute(delete(audit).where(audit.c.at < to_ms(before))).rowcount
