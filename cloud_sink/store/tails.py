"""The tails of a ledger that was set back: numbers behind its end that devices were told are stored.

A hole is seen by the number behind it. Here there may be none: a device that has told everything, or an outbox that
ended meanwhile, never says a higher one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, literal, select, update

from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import devices, ledger
from cloud_sink.store.tail_tables import tails
from edge.contract.topics import Address

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from cloud_sink.store.facts import Sequence

LAST_SEQ = 2**53 - 1
"""The highest number there can be: a range up to it has an open end."""


@dataclass(frozen=True, slots=True)
class Tail:
    """An outbox whose ledger ends too early, perhaps."""

    address: Address  # where its device is now
    epoch: str
    after: int

    @property
    def sequence(self) -> Sequence:
        """The outbox."""
        return self.address.tenant, self.address.device, self.epoch


def open_all(connection: Connection, now: datetime) -> int:
    """The database was set back: every outbox of its ledger may have been told more. Returns how many there are."""
    ends = (
        select(
            ledger.c.tenant,
            ledger.c.device,
            ledger.c.epoch,
            func.max(ledger.c.last),
            literal(to_ms(now)),
            literal(0),
        )
        .group_by(ledger.c.tenant, ledger.c.device, ledger.c.epoch)
        .having(func.max(ledger.c.last) < LAST_SEQ)
    )
    names = ["tenant", "device", "epoch", "after", "opened", "asked"]
    connection.execute(delete(tails))
    connection.execute(insert_or(connection, tails).from_select(names, ends))
    return int(connection.execute(select(func.count()).select_from(tails)).scalar_one())


def due(connection: Connection, *, heard_since: datetime, asked_before: datetime, limit: int) -> list[Tail]:
    """Tails to ask for: their devices spoke lately, and since the database was set back; nobody asked them lately."""
    rows = connection.execute(
        select(tails.c.tenant, devices.c.store, tails.c.device, tails.c.epoch, tails.c.after)
        .join(devices, and_(devices.c.tenant == tails.c.tenant, devices.c.device == tails.c.device))
        .where(tails.c.asked < to_ms(asked_before))
        .where(devices.c.last_seen > to_ms(heard_since), devices.c.last_seen > tails.c.opened)
        .order_by(tails.c.tenant, tails.c.device, tails.c.epoch)
        .limit(limit)
    )
    return [Tail(Address(row.tenant, row.store, row.device), row.epoch, row.after) for row in rows]


def note_asked(connection: Connection, tail: Tail, *, asked_before: datetime, now: datetime) -> bool:
    """It is asked for now. False when another collector came first."""
    statement = update(tails).where(_is(tail.sequence), tails.c.asked < to_ms(asked_before))
    return connection.execute(statement.values(asked=to_ms(now))).rowcount == 1


def close(connection: Connection, sequence: Sequence) -> None:
    """Its device answered: what it still holds is under way."""
    connection.execute(delete(tails).where(_is(sequence)))


def _is(sequence: Sequence) -> ColumnElement[bool]:
    tenant, device, epoch = sequence
    return and_(tails.c.tenant == tenant, tails.c.device == device, tails.c.epoch == epoch)
