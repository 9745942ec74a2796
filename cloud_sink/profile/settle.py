"""Settling days: what a batch marked is worked out anew from the facts, soon after, by whoever comes first.

Readers do not wait for it: a day that is still marked they work out for themselves, and write nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cloud_sink.profile.course import settle_day
from cloud_sink.store import settled, stale, todo_rows
from cloud_sink.store.captured import standings
from cloud_sink.store.database import DatabaseAway, reading, writing
from cloud_sink.store.day import read_facts, zone_of
from edge.contract.business_day import day_span, opening

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.course import Settled
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.stale import StoreDayKey


_log = structlog.get_logger()

_TOGETHER = 10
"""Days settled in one transaction: each needs the disk once, and a batch of events waits for some 20 ms at most."""


def settle_these(engine: Database, stores: StoreBook, keys: Iterable[StoreDayKey]) -> None:
    """Settle days; one that no longer waits is left alone.

    In the order of their keys, in which collectors mark them, too: nobody waits for another in a ring.

    Raises:
        DatabaseAway: those settled before stay settled.
    """
    ordered = sorted(keys)
    for start in range(0, len(ordered), _TOGETHER):
        together = ordered[start : start + _TOGETHER]
        try:
            _settle(engine, stores, together)
        except DatabaseAway:
            raise
        except Exception:  # noqa: BLE001 - one of them is broken: the others are settled without it
            for key in together:
                _settle_alone(engine, stores, key)


def _settle_alone(engine: Database, stores: StoreBook, key: StoreDayKey) -> None:
    """A day that cannot be worked out must not keep all others waiting."""
    try:
        _settle(engine, stores, [key])
    except DatabaseAway:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        _log.exception("day.broken", tenant=key[0], store=key[1], day=str(key[2]))
        with writing(engine) as connection:
            stale.claim(connection, key)  # until more is heard of it


def _settle(engine: Database, stores: StoreBook, keys: Iterable[StoreDayKey]) -> None:
    with writing(engine) as connection:
        for key in keys:
            if not stale.claim(connection, key):
                continue
            worked_out = work_out(connection, stores, key)
            if worked_out is not None:
                settled.write(connection, key, worked_out.store, worked_out.courses)
            todo_rows.due(connection, key[0], key[1])


def settle_some(engine: Database, stores: StoreBook, *, limit: int = 50) -> int:
    """Settle days that wait; returns how many did."""
    with reading(engine) as connection:
        waiting = stale.some(connection, limit)
    settle_these(engine, stores, waiting)
    return len(waiting)


def settle_all(engine: Database, stores: StoreBook) -> int:
    """Settle every day that waits; returns how many."""
    total = 0
    while done := settle_some(engine, stores, limit=500):
        total += done
    return total


def work_out(connection: Transaction, stores: StoreBook, key: StoreDayKey) -> Settled | None:
    """Settle a day without writing; None where retention took its events, so that what was settled holds."""
    tenant, store, day = key
    clockwork = stores.clockwork(tenant, store, zone_of(connection, tenant, store) or "UTC")
    whole, hours = day_span(day, clockwork), opening(day, clockwork)
    facts = read_facts(connection, tenant, store, day, whole)
    accepted = sum(counts["accepted"] for counts in facts.fixtures.values())
    if sum(len(moments) for moments in facts.captures.values()) < accepted:
        return None
    told = {name for (name, _), counts in facts.fixtures.items() if counts["openings"]}
    untold = {name for (name, _), counts in facts.fixtures.items() if counts["accepted"]} - told
    return settle_day(facts, standings(connection, tenant, store, day, untold), hours=hours, whole=whole)


def unsettled(
    connection: Transaction, stores: StoreBook, tenant: str, keys: Iterable[tuple[str, date]]
) -> dict[tuple[str, date], Settled]:
    """Work out days that still wait, by store and day."""
    found = {(store, day): work_out(connection, stores, (tenant, store, day)) for store, day in keys}
    return {key: one for key, one in found.items() if one is not None}
