"""What devices were asked to send again: kept, so that a restart neither forgets a question nor asks it twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, insert, select, update

from cloud_sink.store import ledger
from cloud_sink.store.dialect import Listed
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import devices, resends
from cloud_sink.store.tails import LAST_SEQ
from edge.contract import ranges as ranged
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from sqlalchemy import Connection, Row

    from cloud_sink.store.facts import Sequence
    from edge.contract.ranges import Ranges


@dataclass(frozen=True, slots=True)
class Resend:
    """One question to one device."""

    id: str
    address: Address
    epoch: str
    ranges: Ranges
    asked: datetime
    expires: datetime
    answered: bool = False

    @property
    def sequence(self) -> Sequence:
        """The outbox that is asked."""
        return self.address.tenant, self.address.device, self.epoch


def ask(connection: Connection, resend: Resend) -> None:
    """Keep a new question."""
    connection.execute(
        insert(resends).values(
            id=resend.id,
            tenant=resend.address.tenant,
            store=resend.address.store,
            device=resend.address.device,
            epoch=resend.epoch,
            ranges=json.dumps(resend.ranges),
            asked=to_ms(resend.asked),
            expires=to_ms(resend.expires),
        )
    )


def asked_since(connection: Connection, moment: datetime, sequences: Collection[Sequence]) -> list[Resend]:
    """The questions asked after a moment: all that wait for their answer, and the answered ones of some outboxes.

    After an outage thousands are answered within the hour; nobody needs to read them again at every look.
    """
    lately = resends.c.asked > to_ms(moment)
    found = list(connection.execute(select(resends).where(lately, resends.c.answered.is_(None))))
    if sequences:
        asked = Listed(connection, sorted(sequences))
        same = and_(*(resends.c[name] == asked.text(at) for at, name in enumerate(("tenant", "device", "epoch"))))
        answered = select(resends).select_from(asked.rows.join(resends, same))
        found += connection.execute(answered.where(lately, resends.c.answered.is_not(None)))
    return sorted(map(_resend, found), key=lambda one: one.asked)


def answer(
    connection: Connection, address: Address, resend_id: str, *, text: str, dropped: Ranges, at: datetime
) -> Resend | None:
    """Take a device's reply; what it dropped is no hole any more.

    Returns:
        The question; None when nobody asked it, or it is answered already.
    """
    row = connection.execute(
        select(resends).where(
            resends.c.id == resend_id, resends.c.tenant == address.tenant, resends.c.device == address.device
        )
    ).one_or_none()
    if row is None or row.answered is not None:
        return None
    resend = _resend(row)
    connection.execute(update(resends).where(resends.c.id == resend_id).values(answered=to_ms(at), answer=text))
    gone = ranged.intersect(resend.ranges, dropped)
    # An outbox that is no more has dropped all there ever could be: that says nothing of numbers that were given.
    gone = tuple(span for span in gone if span[1] < LAST_SEQ)
    ledger.add(connection, "dropped", {resend.sequence: gone})
    return resend


def standing(
    connection: Connection, wanted: set[tuple[str, str]], seen_within: timedelta, now: datetime
) -> dict[tuple[str, str], Address]:
    """Where devices are now, by tenant and device, of those that spoke lately: nobody else would answer."""
    rows = connection.execute(
        select(devices.c.tenant, devices.c.store, devices.c.device).where(
            devices.c.last_seen > to_ms(now - seen_within)
        )
    )
    return {
        (row.tenant, row.device): Address(row.tenant, row.store, row.device)
        for row in rows
        if (row.tenant, row.device) in wanted
    }


def _resend(row: Row[tuple[object, ...]]) -> Resend:
    return Resend(
        id=row.id,
        address=Address(row.tenant, row.store, row.device),
        epoch=row.epoch,
        ranges=tuple((first, last) for first, last in json.loads(row.ranges)),
        asked=from_ms(row.asked),
        expires=from_ms(row.expires),
        answered=row.answered is not None,
    )
