"""Boots and their clocks: one synced event dates all the unsynced ones of its boot, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from cloud_sink.store import corrections, rows
from cloud_sink.store.corrected import corrected
from cloud_sink.store.counted import count
from cloud_sink.store.dating import BootClock, Days, boot_clock, date_event, is_synced
from cloud_sink.store.dialect import Listed, put
from cloud_sink.store.facts import Boot, Dated, Fact, Place, fact_of
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import boots
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved
from edge.contract.topics import Address

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.sums import Sums


def learn(connection: Connection, new: list[Fact], received: datetime) -> tuple[dict[Boot, BootClock], set[Boot]]:
    """The clocks of the boots of some new events, those events' own word included.

    Returns:
        The clocks that are known, and the boots whose clock is new or better, for `redate`.
    """
    known = _read(connection, {fact.boot for fact in new})
    nearest: dict[Boot, Fact] = {}
    for fact in new:
        if is_synced(fact, received):
            other = nearest.get(fact.boot)
            if other is None or (fact.up, fact.key) < (other.up, other.key):
                nearest[fact.boot] = fact
    changed = set()
    for boot, fact in nearest.items():
        clock = boot_clock(fact)
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
    return known | {boot: _rounded(known[boot]) for boot in changed}, changed


def redate(
    connection: Connection, changed: set[Boot], stores: StoreBook, sums: Sums
) -> list[tuple[Fact, Dated, Place]]:
    """Date the stored events of some boots again, and move what they added to the roll-ups.

    Returns:
        The events that moved, with their new dates.
    """
    clocks = {boot: _rounded(clock) for boot, clock in _read(connection, changed).items()}
    moved: list[tuple[Fact, Dated, Place]] = []
    days = Days(stores)
    for boot in sorted(changed):
        for row in rows.undated(connection, *boot):
            event = EVENT_ADAPTER.validate_json(row.body)
            fact = fact_of(Address(row.tenant, row.store, row.device), event, row.body)
            dated = date_event(fact, from_ms(row.received), clocks[boot])
            if to_ms(dated.at) == row.at and dated.how == row.dated:
                continue
            counted = fact.counted
            if isinstance(event.data, ShelfObserved):
                counted = count(corrected(event.data, corrections.of_event(connection, fact.key)))
            where = days.place(fact, dated.at)
            for sign, there in ((-1, Place(row.day, row.hour, row.in_hours)), (1, where)):
                sums.add(counted, tenant=row.tenant, store=row.store, place=there, sign=sign)
            rows.move(connection, fact.key, dated, where)
            moved.append((fact, dated, where))
    return moved


def _read(connection: Connection, wanted: set[Boot]) -> dict[Boot, BootClock]:
    asked = Listed(connection, sorted(wanted))
    same = and_(boots.c.tenant == asked.text(0), boots.c.device == asked.text(1), boots.c.boot == asked.text(2))
    return {
        (row.tenant, row.device, row.boot): BootClock(began=from_ms(row.began), up=row.up, epoch=row.epoch, seq=row.seq)
        for row in connection.execute(select(boots).select_from(asked.rows.join(boots, same)))
    }


def _rounded(clock: BootClock) -> BootClock:
    return BootClock(began=from_ms(to_ms(clock.began)), up=clock.up, epoch=clock.epoch, seq=clock.seq)
