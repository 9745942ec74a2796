"""Boots and their clocks: one synced event dates all the unsynced ones of its boot, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from cloud_sink.store import rows
from cloud_sink.store.dating import BootClock, boot_clock, date_event, is_synced, place
from cloud_sink.store.dialect import put
from cloud_sink.store.facts import Dated, Fact, Place
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.sums import Sums, add_event
from cloud_sink.store.tables import boots
from edge.contract.events import EVENT_ADAPTER
from edge.contract.topics import Address

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from cloud_sink.fleet.stores import StoreBook

Boot = tuple[str, str, str]
"""Tenant, device, boot."""


def boot_of(fact: Fact) -> Boot:
    """The boot that an event belongs to."""
    return fact.address.tenant, fact.address.device, fact.event.boot


def learn(connection: Connection, new: list[Fact], received: datetime) -> tuple[dict[Boot, BootClock], set[Boot]]:
    """The clocks of the boots of some new events, those events' own word included.

    Returns:
        The clocks that are known, and the boots whose clock is new or better, for `redate`.
    """
    known = _read(connection, {boot_of(fact) for fact in new})
    changed: set[Boot] = set()
    for fact in new:
        if not is_synced(fact.event, received):
            continue
        boot, clock = boot_of(fact), boot_clock(fact.event)
        if clock.before(known.get(boot)):
            known[boot] = clock
            changed.add(boot)
    put(
        connection,
        boots,
        [
            {
                "tenant": boot[0],
                "device": boot[1],
                "boot": boot[2],
                "began": to_ms(known[boot].began),
                "up": known[boot].up,
                "epoch": known[boot].epoch,
                "seq": known[boot].seq,
            }
            for boot in sorted(changed)
        ],
    )
    # What a boot began at is kept in milliseconds; the first batch must date as the next one will.
    return {boot: _rounded(clock) for boot, clock in known.items()}, changed


def redate(
    connection: Connection, changed: set[Boot], stores: StoreBook, sums: Sums
) -> list[tuple[Fact, Dated, Place]]:
    """Date the stored events of some boots again, and move what they added to the roll-ups.

    Returns:
        The events that moved, with their new dates.
    """
    clocks = {boot: _rounded(clock) for boot, clock in _read(connection, changed).items()}
    moved = []
    for boot in sorted(changed):
        for row in rows.undated(connection, *boot):
            event = EVENT_ADAPTER.validate_json(row.body)
            received = from_ms(row.received)
            dated = date_event(event, received, clocks[boot])
            if to_ms(dated.at) == row.at and dated.how == row.dated:
                continue
            fact = Fact(Address(row.tenant, row.store, row.device), event, row.body, row.sha256)
            where = place(event, dated.at, stores.clockwork(row.tenant, row.store, event.zone))
            add_event(
                sums,
                event.data,
                tenant=row.tenant,
                store=row.store,
                place=Place(row.day, row.hour, row.in_hours),
                sign=-1,
            )
            add_event(sums, event.data, tenant=row.tenant, store=row.store, place=where)
            rows.move(connection, fact.key, dated, where)
            moved.append((fact, dated, where))
    return moved


def _read(connection: Connection, wanted: set[Boot]) -> dict[Boot, BootClock]:
    identity = tuple_(boots.c.tenant, boots.c.device, boots.c.boot)
    gathered = sorted(wanted)
    found = {}
    for start in range(0, len(gathered), 200):
        for row in connection.execute(select(boots).where(identity.in_(gathered[start : start + 200]))):
            found[row.tenant, row.device, row.boot] = BootClock(
                began=from_ms(row.began), up=row.up, epoch=row.epoch, seq=row.seq
            )
    return found


def _rounded(clock: BootClock) -> BootClock:
    return BootClock(began=from_ms(to_ms(clock.began)), up=clock.up, epoch=clock.epoch, seq=clock.seq)
