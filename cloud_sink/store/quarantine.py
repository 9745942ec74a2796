"""Quarantine: bytes that were refused, or that contradict what is stored under their key.

It is bounded for each tenant: whoever sends rubbish without end fills its own share, and what goes out is the oldest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, func, select, update

from cloud_sink.store.dialect import add, insert_or
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import quarantine, quarantine_use

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from edge.contract.topics import Address

CONFLICT = "conflict"
MOST_BYTES = 256_000_000
"""What a tenant's quarantine may take if nobody says otherwise."""

_IDENTITY = ["tenant", "device", "epoch", "seq", "sha256"]
_ROW = 300
"""Bytes a row takes beside body and detail, its key and its entries in the indices included."""

SIZE = func.length(quarantine.c.body) + func.length(quarantine.c.detail) + _ROW
_AT_ONCE = 1000

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """One quarantined body. `epoch` is empty and `seq` 0 when nobody could tell."""

    address: Address
    epoch: str
    seq: int
    reason: str
    detail: str
    body: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A quarantined body as it is kept."""

    id: int
    received: datetime
    tenant: str
    store: str
    device: str
    epoch: str
    seq: int
    reason: str
    detail: str
    body: bytes


def hold(connection: Connection, held: Iterable[Held], received: datetime, most: int = MOST_BYTES) -> None:
    """Keep bodies; one that is there already, from the same outbox number, stays a single row.

    Args:
        connection: the caller's transaction.
        held: what to keep.
        received: when it came.
        most: bytes that a tenant's quarantine may take; beyond them its oldest bodies go out.
    """
    rows = [
        {
            "tenant": one.address.tenant,
            "store": one.address.store,
            "device": one.address.device,
            "epoch": one.epoch,
            "seq": one.seq,
            "reason": one.reason,
            "detail": one.detail,
            "received": to_ms(received),
            "sha256": one.sha256,
            "body": one.body,
        }
        for one in held
    ]
    if not rows:
        return
    added: dict[str, int] = {}
    statement = insert_or(connection, quarantine).on_conflict_do_nothing(index_elements=_IDENTITY)
    for tenant, size in connection.execute(statement.returning(quarantine.c.tenant, SIZE), rows):
        added[tenant] = added.get(tenant, 0) + size
    add(connection, quarantine_use, {(tenant,): (size, 0) for tenant, size in added.items()})
    for tenant in sorted(added):
        _bound(connection, tenant, most)


def _bound(connection: Connection, tenant: str, most: int) -> None:
    """Put the oldest bodies out until the rest fits; said once, when it begins."""
    use = connection.execute(select(quarantine_use).where(quarantine_use.c.tenant == tenant)).one()
    taken, dropped = use.bytes, 0
    while taken > most:
        oldest = connection.execute(
            select(quarantine.c.id, SIZE).where(quarantine.c.tenant == tenant).order_by(quarantine.c.id).limit(_AT_ONCE)
        ).all()
        if not oldest:
            break
        last = 0
        for last, size in oldest:  # noqa: B007 - the last one that has to go
            taken -= size
            dropped += 1
            if taken <= most:
                break
        connection.execute(delete(quarantine).where(quarantine.c.tenant == tenant, quarantine.c.id <= last))
    if not dropped:
        return
    if not use.dropped:
        _log.warning("quarantine.full", tenant=tenant, megabytes=most // 1_000_000, mend="raise intake.quarantine_mb")
    connection.execute(
        update(quarantine_use)
        .where(quarantine_use.c.tenant == tenant)
        .values(bytes=taken, dropped=quarantine_use.c.dropped + dropped)
    )


def listed(connection: Connection, *, tenant: str | None = None, limit: int = 1000, after: int = 0) -> list[HeldRow]:
    """Quarantined bodies, oldest first, behind the row `after`."""
    statement = select(quarantine).where(quarantine.c.id > after).order_by(quarantine.c.id).limit(limit)
    if tenant is not None:
        statement = statement.where(quarantine.c.tenant == tenant)
    return [
        HeldRow(
            id=row.id,
            received=from_ms(row.received),
            tenant=row.tenant,
            store=row.store,
            device=row.device,
            epoch=row.epoch,
            seq=row.seq,
            reason=row.reason,
            detail=row.detail,
            body=row.body,
        )
        for row in connection.execute(statement)
    ]


def release(connection: Connection, ids: Sequence[int]) -> None:
    """Forget rows whose bodies were taken after all."""
    for one in ids:
        gone = delete(quarantine).where(quarantine.c.id == one).returning(quarantine.c.tenant, SIZE)
        for tenant, size in connection.execute(gone).all():
            connection.execute(
                update(quarantine_use)
                .where(quarantine_use.c.tenant == tenant)
                .values(bytes=quarantine_use.c.bytes - size, dropped=0)  # there is room: its end is said again
            )
