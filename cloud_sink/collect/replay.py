"""Replaying the quarantine: what a newer version understands is taken after all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sink.collect.triage import Claim, read_message
from cloud_sink.store import quarantine
from cloud_sink.store.database import reading, writing
from cloud_sink.store.facts import Fact
from cloud_sink.store.intake import take
from edge.contract.topics import Address

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the quarantine."""

    taken: int
    kept: int


def replay(engine: Database, stores: StoreBook, *, tenant: str | None = None) -> Replayed:
    """Read every quarantined body again; what is an event now is stored and leaves the quarantine.

    Conflicts stay: other bytes are stored under their key, and the device has sent them again under a new one.
    """
    taken = kept = after = 0
    while True:
        with reading(engine) as connection:
            held = quarantine.listed(connection, tenant=tenant, limit=100, after=after)
        if not held:
            return Replayed(taken, kept)
        after = held[-1].id
        for row in held:
            if row.reason != quarantine.CONFLICT and _take(engine, stores, row):
                taken += 1
            else:
                kept += 1


def _take(engine: Database, stores: StoreBook, row: quarantine.HeldRow) -> bool:
    address = Address(row.tenant, row.store, row.device)
    # Judged by the same claim as when it came: what contradicted it then does so now.
    claimed = Claim(row.epoch, row.seq) if row.epoch else None
    parts = list(read_message(row.body, address, claimed))
    facts = [part for part in parts if isinstance(part, Fact)]
    if not facts or len(facts) < len(parts):
        return False
    with writing(engine) as connection:
        # Dated by when it came: an unsynced event is no younger for having waited here.
        answers = take(connection, facts, (), stores=stores, received=min(row.received, datetime.now(UTC)))
        if any(answer.conflicts for answer in answers.values()):
            return False
        quarantine.release(connection, [row.id])
    return True
