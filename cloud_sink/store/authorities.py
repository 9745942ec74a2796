"""The fleet's authorities as they are stored: certificates in the open, keys sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.trust_tables import authorities, identities

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection


OUTSIDE = "outside"
"""The state of an authority that is not ours and issues to devices: its key is nowhere here."""


@dataclass(frozen=True, slots=True)
class StoredAuthority:
    """An authority; its key is encrypted."""

    id: str
    state: str  # active, old, retired or outside
    created: datetime
    certificate: str  # PEM
    key: str  # PEM, encrypted


def listed(connection: Connection) -> list[StoredAuthority]:
    """All of them, the newest first."""
    rows = connection.execute(select(authorities).order_by(authorities.c.created.desc(), authorities.c.id))
    return [StoredAuthority(row.id, row.state, from_ms(row.created), row.certificate, row.key) for row in rows]


def enter(connection: Connection, one: StoredAuthority) -> None:
    """Enter a new authority as the active one; the one before it is believed on, and issues no more."""
    connection.execute(update(authorities).where(authorities.c.state == "active").values(state="old"))
    connection.execute(
        insert(authorities).values(
            id=one.id, state=one.state, created=to_ms(one.created), certificate=one.certificate, key=one.key
        )
    )


def enter_outside(connection: Connection, one: StoredAuthority) -> None:
    """Enter an authority that is not ours beside the own ones; one that is known is believed again."""
    where = authorities.c.id == one.id
    if not connection.execute(update(authorities).where(where).values(state=OUTSIDE)).rowcount:
        values = {"id": one.id, "state": OUTSIDE, "created": to_ms(one.created)}
        connection.execute(insert(authorities).values(**values, certificate=one.certificate, key=""))


def retire(connection: Connection, authority: str) -> None:
    """Believe an authority no more."""
    connection.execute(update(authorities).where(authorities.c.id == authority).values(state="retired"))


def holding(connection: Connection, authority: str) -> int:
    """How many devices hold a certificate of an authority."""
    where = (identities.c.revoked.is_(None), identities.c.authority == authority)
    return int(connection.execute(select(func.count()).select_from(identities).where(*where)).scalar_one())


def leaning_on(connection: Connection, authority: str, bundle: str) -> int:
    """How many devices still hold a certificate of an authority, or do not know yet whom else to believe.

    Args:
        connection: inside `reading`.
        authority: that is to be retired.
        bundle: SHA-256 of the authorities as devices are told them now.
    """
    behind = (identities.c.authority == authority) | (identities.c.told != bundle)
    statement = select(func.count()).select_from(identities).where(identities.c.revoked.is_(None), behind)
    return int(connection.execute(statement).scalar_one())
