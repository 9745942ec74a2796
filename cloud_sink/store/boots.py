"""Boots and their clocks: one synced event dates all the unsynced ones of its boot, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, literal_column, or_, select

from cloud_sink.store import corrections, rows
from cloud_sink.store.corrected import corrected
from cloud_sink.store.counted import count
from cloud_sink.store.dating import BootClock, Days, boot_clock, date_event, is_synced
from cloud_sink.store.dialect import Listed, insert_or, put
from cloud_sink.store.facts import Boot, Dated, Fact, Place, fact_of
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import boots, events, redating
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.sums import Sums


MOVED_AT_ONCE = 500
"""Events that are dated anew in one transaction: about half a second's work."""


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
    connection: Connection, changed: Iterable[Boot], stores: StoreBook, sums: Sums, *, most: int = MOVED_AT_ONCE
) -> list[tuple[Fact, Dated, Place]]:
    """Date the stored events of some boots again, and move what they added to the roll-ups.

    At most so many: a boot may have gone without a clock for months, and the batch that brings one must not keep all
    others waiting. Boots of which events are left are noted in this transaction, for `waiting`.

    Returns:
        The events that moved, with their new dates.
    """
    asked = _with_others(connection, changed)
    clocks = {boot: _rounded(clock) for boot, clock in _read(connection, asked).items()}
    moved: list[tuple[Fact, Dated, Place]] = []
    days = Days(stores)
    for boot in asked:
        left = most - len(moved)
        known = boot in clocks  # unless its device was deleted meanwhile
        found = rows.undated(connection, boot, clocks[boot].began, left) if known and left else []
        there = []
        for row in found:
            event = EVENT_ADAPTER.validate_json(row.body)
            fact = fact_of(Address(row.tenant, row.store, row.device), event, row.body)
            dated = date_event(fact, from_ms(row.received), clocks[boot])
            counted = fact.counted
            if isinstance(event.data, ShelfObserved):
                counted = count(corrected(event.data, corrections.of_event(connection, fact.key)))
            where = days.place(fact, dated.at)
            for sign, place in ((-1, Place(row.day, row.hour, row.in_hours)), (1, where)):
                sums.add(counted, tenant=row.tenant, store=row.store, place=place, sign=sign)
            there.append((fact.key, row.day, dated, where))
            moved.append((fact, dated, where))
        rows.move(connection, there)
        _note_left(connection, boot, left=known and len(found) == left)
    return moved


def waiting(connection: Connection, limit: int) -> list[Boot]:
    """Boots of which events are still to be dated."""
    c = redating.c
    return [tuple(row) for row in connection.execute(select(c.tenant, c.device, c.boot).limit(limit))]


def _note_left(connection: Connection, boot: Boot, *, left: bool) -> None:
    row = dict(zip(("tenant", "device", "boot"), boot, strict=True))
    if left:
        connection.execute(insert_or(connection, redating).values(row).on_conflict_do_nothing())
    else:
        connection.execute(delete(redating).where(*(redating.c[name] == value for name, value in row.items())))


def _with_others(connection: Connection, some: Iterable[Boot]) -> list[Boot]:
    """Boots that have events dated by another than their own clock, or are noted to: in one statement, nearly none."""
    asked = Listed(connection, sorted(some))
    names = [asked.text(place) for place in range(3)]
    columns = [(c.tenant, c.device, c.boot) for c in (events.c, redating.c)]
    undated, noted = (
        exists().where(*(column == name for column, name in zip(of, names, strict=True))) for of in columns
    )
    held = [undated.where(events.c.dated != literal_column("'clock'")), noted]
    found = connection.execute(select(names[0], names[1], names[2]).select_from(asked.rows).where(or_(*held)))
    return sorted((tenant, device, boot) for tenant, device, boot in found)


def _read(connection: Connection, wanted: Iterable[Boot]) -> dict[Boot, BootClock]:
    asked = Listed(connection, sorted(wanted))
    same = and_(boots.c.tenant == asked.text(0), boots.c.device == asked.text(1), boots.c.boot == asked.text(2))
    return {
        (row.tenant, row.device, row.boot): BootClock(began=from_ms(row.began), up=row.up, epoch=row.epoch, seq=row.seq)
        for row in connection.execute(select(boots).select_from(asked.rows.join(boots, same)))
    }


def _rounded(clock: BootClock) -> BootClock:
    return BootClock(began=from_ms(to_ms(clock.began)), up=clock.up, epoch=clock.epoch, seq=clock.seq)
