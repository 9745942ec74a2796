"""Whether a device ever stood where it says that it saw something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.store import placements
from cloud_sink.store.facts import RefusedBody
from edge.contract.receipts import RefusalReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from cloud_sink.store.facts import Fact


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
