"""Which board of a device was where, from when until when, and why it came and went."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.placement_tables import placements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row

Began = Literal["installed", "moved", "replaced", "repaired"]
Ended = Literal["moved", "replaced", "repaired", "revoked", "retired", "lost"]
"""`lost`: it was to retire, never answered, and was shut out."""


_AT_ONCE = 500
"""Names in one question: SQLite takes no endless list."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A board at a place."""

    tenant: str
    device: str
    identity: str
    key: str
    store: str
    fixture: str
    since: datetime
    began: Began
    by: str
    reason: str = ""
    until: datetime | None = None
    ended: Ended | None = None


def begin(connection: Connection, one: Placement) -> None:
    """A board came to a place."""
    row = asdict(one) | {"since": to_ms(one.since), "until": None, "ended": None, "id": secrets.token_hex(16)}
    connection.execute(insert(placements).values(**row))


def end(connection: Connection, identity: str, ended: Ended, now: datetime) -> None:
    """A board left the place where it was, if it was at any."""
    where = (placements.c.identity == identity, placements.c.until.is_(None))
    connection.execute(update(placements).where(*where).values(until=to_ms(now), ended=ended))


def history(connection: Connection, tenant: str, device: str, *, limit: int = 1000) -> list[Placement]:
    """Where the boards of a device were, the newest first."""
    statement = (
        select(placements)
        .where(placements.c.tenant == tenant, placements.c.device == device)
        .order_by(placements.c.since.desc(), placements.c.until.is_not(None), placements.c.id)
        .limit(limit)
    )
    return [_placement(row) for row in connection.execute(statement)]


def stores_of(connection: Connection, devices: Iterable[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """The stores where devices (tenant and name) ever were; a device that was never let in is not among them."""
    found: dict[tuple[str, str], set[str]] = {}
    for tenant, device in sorted(set(devices)):
        where = (placements.c.tenant == tenant, placements.c.device == device)
        stores = set(connection.execute(select(placements.c.store).where(*where).distinct()).scalars())
        if stores:
            found[tenant, device] = stores
    return found


def endings(connection: Connection, identities: Sequence[str]) -> dict[str, Ended]:
    """How some boards left their last place."""
    found: dict[str, Ended] = {}
    for start in range(0, len(identities), _AT_ONCE):
        some = identities[start : start + _AT_ONCE]
        statement = select(placements.c.identity, placements.c.ended).where(
            placements.c.identity.in_(some), placements.c.ended.is_not(None)
        )
        found |= {row.identity: row.ended for row in connection.execute(statement.order_by(placements.c.until))}
    return found


def was_at(connection: Connection, identity: str, store: str) -> bool:
    """Whether a board was ever in a store."""
    where = (placements.c.identity == identity, placements.c.store == store)
    return connection.execute(select(placements.c.id).where(*where).limit(1)).first() is not None


def _placement(row: Row[Any]) -> Placement:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    del told["id"]
    until = None if row.until is None else from_ms(row.until)
    return Placement(**{**told, "since": from_ms(row.since), "until": until})
