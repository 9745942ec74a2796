"""Quarantine: bytes that were refused, or that contradict what is stored under their key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import quarantine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from edge.contract.topics import Address

CONFLICT = "conflict"
_IDENTITY = ["tenant", "device", "epoch", "seq", "sha256"]


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


def hold(connection: Connection, held: Iterable[Held], received: datetime) -> None:
    """Keep bodies; one that is there already, from the same outbox number, stays a single row."""
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
    if rows:
        connection.execute(
            insert_or(connection, quarantine).on_conflict_do_nothing(index_elements=_IDENTITY),
            rows,
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
        connection.execute(delete(quarantine).where(quarantine.c.id == one))
