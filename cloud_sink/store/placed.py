"""Whether a device ever stood where it says that it saw something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.store import identities, placements
from cloud_sink.store.facts import RefusedBody
from edge.contract.receipts import RefusalReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from cloud_sink.store.facts import Fact
    from edge.contract.topics import Address


def sort_by_place(connection: Connection, facts: Iterable[Fact]) -> tuple[list[Fact], list[RefusedBody]]:
    """Tell what devices saw where they are or were from what they say of other stores.

    The broker lets a device speak from where it is. What it saw before it moved names another store, and that must be
    one where it was placed. A device that was never let in, on a broker of one machine, is taken at its word.
    """
    facts = list(facts)
    elsewhere = {fact.sequence[:2] for fact in facts if fact.store != fact.address.store}
    if not elsewhere:
        return facts, []
    stood = placements.stores_of(connection, elsewhere)
    taken, refused = [], []
    for fact in facts:
        stores = stood.get(fact.sequence[:2])
        if fact.store == fact.address.store or stores is None or fact.store in stores:
            taken.append(fact)
        else:
            detail = f"the device never stood in {fact.store}"
            refused.append(
                RefusedBody(
                    fact.address, fact.epoch, fact.seq, RefusalReason.WRONG_SOURCE, detail, fact.body, fact.sha256
                )
            )
    return taken, refused


def out_of_place(connection: Connection, addresses: Iterable[Address]) -> set[Address]:
    """Of these, the ones where a device is no more: a broker keeps its last words there, and tells them again.

    Nothing is known of devices that were never let in.
    """
    asked = set(addresses)
    if not asked:
        return set()
    stands = identities.stores_of(connection, {(one.tenant, one.device) for one in asked})
    return {one for one in asked if one.store not in stands.get((one.tenant, one.device), {one.store})}
