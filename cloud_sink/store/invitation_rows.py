"""One-time claims as they are stored: of each secret only the hash, and one device alone that ever takes one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, insert, select, update

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.trust_tables import invitations

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row


@dataclass(frozen=True, slots=True)
class Invitation:
    """A claim, of whose secret only the hash is known."""

    id: str
    tenant: str
    store: str
    fixture: str
    device: str
    replaces: bool
    secret: str  # SHA-256
    approval: bool
    created: datetime
    by: str
    expires: datetime
    state: str = "open"  # open, pending, approved, used or cancelled
    key: str | None = None  # SHA-256 of the public key that took it
    taken: datetime | None = None
    decided: str | None = None
    repairs: bool = False
    reason: str = ""


def _invitation(row: Row[Any]) -> Invitation:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    moments = {name: from_ms(told[name]) for name in ("created", "expires")}
    return Invitation(**{**told, **moments, "taken": None if row.taken is None else from_ms(row.taken)})


def enter(connection: Connection, made: Iterable[Invitation]) -> None:
    """Enter new claims."""
    rows = [asdict(one) | {"created": to_ms(one.created), "expires": to_ms(one.expires), "taken": None} for one in made]
    if rows:
        connection.execute(insert(invitations), rows)


def find(connection: Connection, invitation: str) -> Invitation | None:
    """A claim by its id."""
    row = connection.execute(select(invitations).where(invitations.c.id == invitation)).one_or_none()
    return None if row is None else _invitation(row)


def take(connection: Connection, invitation: str, *, key: str, now: datetime) -> bool:
    """Let a key take an open claim; False where another one was first, or it is open no more.

    One statement decides: of two that come at one time, on either database, the second waits and finds it taken.
    """
    after = case((invitations.c.approval, "pending"), else_="used")
    statement = (
        update(invitations)
        .where(invitations.c.id == invitation, invitations.c.state == "open", invitations.c.expires > to_ms(now))
        .values(state=after, key=key, taken=to_ms(now))
    )
    return connection.execute(statement).rowcount == 1


def use(connection: Connection, invitation: str, *, key: str) -> bool:
    """Use up a claim that a person has approved for a key; False where it is not so."""
    statement = (
        update(invitations)
        .where(invitations.c.id == invitation, invitations.c.state == "approved", invitations.c.key == key)
        .values(state="used")
    )
    return connection.execute(statement).rowcount == 1


def decide(connection: Connection, invitation: str, *, state: str, by: str, since: Iterable[str]) -> bool:
    """Approve or cancel a claim that is in one of the states `since`; False where it is in none of them."""
    statement = (
        update(invitations)
        .where(invitations.c.id == invitation, invitations.c.state.in_(list(since)))
        .values(state=state, decided=by)
    )
    return connection.execute(statement).rowcount == 1


def listed(
    connection: Connection,
    tenant: str | None,
    *,
    state: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 1000,
) -> list[Invitation]:
    """Claims, the newest first; behind the one that was made at `before` (milliseconds, id)."""
    statement = select(invitations).order_by(invitations.c.created.desc(), invitations.c.id).limit(limit)
    if tenant is not None:
        statement = statement.where(invitations.c.tenant == tenant)
    if state is not None:
        statement = statement.where(invitations.c.state == state)
    if before is not None:
        made, name = before
        behind = (invitations.c.created < made) | ((invitations.c.created == made) & (invitations.c.id > name))
        statement = statement.where(behind)
    return [_invitation(row) for row in connection.execute(statement)]


def waiting_for(connection: Connection, tenant: str, devices: Iterable[str], now: datetime) -> set[str]:
    """Of these names of devices, the ones that an open claim is for."""
    statement = select(invitations.c.device).where(
        invitations.c.tenant == tenant,
        invitations.c.device.in_(list(devices)),
        invitations.c.state.in_(["open", "pending", "approved"]),
        invitations.c.expires > to_ms(now),
    )
    return set(connection.execute(statement).scalars())


def expire(connection: Connection, before: datetime) -> int:
    """Delete claims that ended before a moment; the audit log remembers them."""
    return connection.execute(delete(invitations).where(invitations.c.expires < to_ms(before))).rowcount
