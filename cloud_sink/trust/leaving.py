"""Devices that are shut out, and what only they could have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.store import episodes, identities, orders, stale
from cloud_sink.store.database import reading, writing
from cloud_sink.store.sums import Sums
from edge.contract.business_day import business_day

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.identities import Identity
    from cloud_sink.store.placements import Ended


def shut_out(
    connection: Transaction, device: Identity, now: datetime, stores: StoreBook, *, ended: Ended = "revoked"
) -> bool:
    """Let a device in no more; False where that is so already."""
    changed = identities.revoke(connection, device.id, now, ended=ended)
    if changed:
        end_episodes(connection, device.tenant, device.device, stores)
    return changed


def end_overdue(engine: Database, stores: StoreBook, now: datetime) -> int:
    """Shut out the devices that were to retire and never came back; how many."""
    with reading(engine) as connection:
        late = orders.overdue(connection, now)
    for order in late:
        with writing(engine) as connection:
            found = identities.find(connection, order.identity)
            orders.settle(connection, order.id, "late", now)
            if found is not None:
                shut_out(connection, found, now, stores, ended="lost")
    return len(late)


def end_episodes(connection: Transaction, tenant: str, device: str, stores: StoreBook) -> None:
    """End the stock-outs that a board has open, as of its last word: the next one begins with its own eyes."""
    began = episodes.end_of(connection, tenant, device)
    since = {
        (tenant, store): business_day(moment, stores.clockwork(tenant, store, zone))
        for (_, store), (moment, zone) in began.items()
    }
    if since:
        stale.mark_from(connection, Sums(), since)
