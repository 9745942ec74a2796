"""Installations as they are stored: who, when, with which picture, and what failed first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.trust_tables import installations

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Installation:
    """What a technician left behind."""

    id: str
    tenant: str
    store: str
    device: str
    fixture: str
    at: datetime
    by: str
    passed: bool
    failed_first: str  # '' where nothing failed
    evidence: str | None
    record: str  # JSON


def enter(connection: Connection, one: Installation) -> None:
    """Enter one; one that is there already stays."""
    connection.execute(
        insert_or(connection, installations)
        .values(
            id=one.id,
            tenant=one.tenant,
            store=one.store,
            device=one.device,
            fixture=one.fixture,
            at=to_ms(one.at),
            by=one.by,
            passed=one.passed,
            failed_first=one.failed_first,
            evidence=one.evidence,
            record=one.record,
        )
        .on_conflict_do_nothing()
    )


def listed(
    connection: Connection,
    tenant: str | None,
    *,
    store: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 100,
) -> list[Installation]:
    """Installations, the newest first; behind the one of the moment `before` (milliseconds, id)."""
    statement = select(installations).order_by(installations.c.at.desc(), installations.c.id).limit(limit)
    if tenant is not None:
        statement = statement.where(installations.c.tenant == tenant)
    if store is not None:
        statement = statement.where(installations.c.store == store)
    if before is not None:
        at, name = before
        behind = (installations.c.at < at) | ((installations.c.at == at) & (installations.c.id > name))
        statement = statement.where(behind)
    return [
        Installation(
            id=row.id,
            tenant=row.tenant,
            store=row.store,
            device=row.device,
            fixture=row.fixture,
            at=from_ms(row.at),
            by=row.by,
            passed=row.passed,
            failed_first=row.failed_first,
            evidence=row.evidence,
            record=row.record,
        )
        for row in connection.execute(statement)
    ]
