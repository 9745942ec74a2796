"""Deleting a store or a device on command, with proof.

The ledger stays: it holds numbers and no observation, and what the device sends again is known by it and not stored.
What a device observes after its deletion is new, and is stored; retire the device first.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from sqlalchemy import and_, delete, func, insert, select

from cloud_sink.evidence.place import EvidenceAway
from cloud_sink.store import evidence_rows
from cloud_sink.store.database import writing
from cloud_sink.store.evidence_rows import State
from cloud_sink.store.evidence_tables import evidence
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import deletions, events, ledger, metadata
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, Table

    from cloud_sink.evidence.place import EvidencePlace, Name

Kind = Literal["store", "device"]

_KEPT = {ledger.name, deletions.name}


@dataclass(frozen=True, slots=True)
class Proof:
    """What was deleted: by whom, when, how much, and a hash of what it was."""

    id: str
    tenant: str
    kind: Kind
    name: str
    at: str  # RFC 3339
    by: str
    rows: dict[str, int]  # by table
    photographs: int
    sha256: str  # over the hashes of the events and photographs, in their order


def delete_all(
    engine: Engine, place: EvidencePlace, *, tenant: str, kind: Kind, name: str, by: str, now: datetime
) -> Proof | None:
    """Delete all that is stored of a store or of a device: its photographs, then all rows in one transaction.

    Roll-ups are of stores: those of a device go with its store. There is a proof only once nothing is left.

    Returns:
        The proof, which is kept too; None when nothing of it is stored.

    Raises:
        DatabaseAway: at most photographs were deleted.
        StoreError: a photograph cannot be deleted, and no event was; the command can be given again.
    """
    removed: set[Name] = set()
    while True:
        with writing(engine) as connection:
            photographs = evidence_rows.of(connection, tenant, kind, name)
            if all(state is State.GOING and one in removed for one, state in photographs.items()):
                return _delete_rows(connection, list(photographs), tenant=tenant, kind=kind, name=name, by=by, now=now)
            evidence_rows.mark_going(connection, list(photographs))
        try:
            place.remove(list(photographs))
        except EvidenceAway as error:
            raise StoreError(
                f"the photographs of {kind} {name} cannot be deleted now, and nothing else was: {error.what}",
                "give the command again",
            ) from None
        removed |= set(photographs)


def _delete_rows(
    connection: Connection, photographs: list[Name], *, tenant: str, kind: Kind, name: str, by: str, now: datetime
) -> Proof | None:
    digest = _digest(connection, tenant, kind, name)
    rows = {evidence.name: evidence_rows.forget_gone(connection, photographs)}
    rows |= {
        table.name: connection.execute(delete(table).where(_is(table, tenant, kind, name))).rowcount
        for table in metadata.sorted_tables
        if table.name not in {*_KEPT, *rows} and {"tenant", kind} <= {column.name for column in table.columns}
    }
    if not any(rows.values()):
        return None
    proof = Proof(
        id=secrets.token_hex(8),
        tenant=tenant,
        kind=kind,
        name=name,
        at=now.isoformat(),
        by=by,
        rows={table: count for table, count in rows.items() if count},
        photographs=len(photographs),
        sha256=digest,
    )
    connection.execute(
        insert(deletions).values(
            id=proof.id, tenant=tenant, kind=kind, name=name, at=to_ms(now), by=by, proof=json.dumps(asdict(proof))
        )
    )
    return proof


def left_of(connection: Connection, *, tenant: str, kind: Kind, name: str) -> dict[str, int]:
    """What is still stored of a store or device, by table: nothing, after its deletion."""
    counts = {
        table.name: connection.execute(
            select(func.count()).select_from(table).where(_is(table, tenant, kind, name))
        ).scalar_one()
        for table in metadata.sorted_tables
        if table.name not in _KEPT and {"tenant", kind} <= {column.name for column in table.columns}
    }
    return {table: int(count) for table, count in counts.items() if count}


def _digest(connection: Connection, tenant: str, kind: Kind, name: str) -> str:
    digest = hashlib.sha256()
    stored = select(events.c.sha256).where(_is(events, tenant, kind, name))
    for body in connection.execute(stored.order_by(events.c.device, events.c.epoch, events.c.seq)).scalars():
        digest.update(body)
    kept = select(evidence.c.sha256).where(_is(evidence, tenant, kind, name)).order_by(evidence.c.sha256)
    for photograph in connection.execute(kept).scalars():
        digest.update(bytes.fromhex(photograph))
    return digest.hexdigest()


def _is(table: Table, tenant: str, kind: Kind, name: str) -> ColumnElement[bool]:
    return and_(table.c.tenant == tenant, table.c[kind] == name)
