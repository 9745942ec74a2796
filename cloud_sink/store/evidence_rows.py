"""Which photographs a tenant has, what became of each, and how much room they take."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from sqlalchemy import and_, delete, func, or_, select, tuple_, update

from cloud_sink.evidence.place import Name
from cloud_sink.store.dialect import add, insert_or
from cloud_sink.store.evidence_tables import evidence, evidence_use
from cloud_sink.store.moments import to_ms
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from cloud_sink.evidence.place import Kept

PATIENCE = timedelta(days=1)
"""How long a photograph may be coming: whoever sent it has sent it again by then, or never will."""

_KEY = tuple_(evidence.c.tenant, evidence.c.sha256)


class State(StrEnum):
    """What became of a photograph."""

    COMING = "coming"  # its bytes are being written, or their writer died
    STORED = "stored"
    GOING = "going"  # its bytes are being deleted


def find(connection: Connection, tenant: str, sha256: str) -> tuple[Name, State] | None:
    """A tenant's photograph, under the name it is kept by."""
    row = connection.execute(
        select(evidence).where(evidence.c.tenant == tenant, evidence.c.sha256 == sha256)
    ).one_or_none()
    return None if row is None else (_name(row), State(row.state))


def used_bytes(connection: Connection, tenant: str) -> int:
    """How much room the tenant's photographs take, those that are coming included."""
    statement = select(evidence_use.c.bytes).where(evidence_use.c.tenant == tenant)
    return connection.execute(statement).scalar_one_or_none() or 0


def announce(
    connection: Connection, address: Address, sha256: str, size: int, received: datetime
) -> tuple[Name, State]:
    """Enter a photograph that is coming; one that is there stays as it is. What is there now is returned."""
    _enter(connection, [(Name(address, sha256), size, received)], State.COMING)
    found = find(connection, address.tenant, sha256)
    assert found is not None
    return found


def settle(connection: Connection, name: Name) -> bool:
    """Its bytes are kept. False when it was deleted while they came."""
    done = connection.execute(
        update(evidence).where(_KEY.in_([_key(name)]), evidence.c.state != State.GOING).values(state=State.STORED)
    )
    return done.rowcount == 1


def enter_found(connection: Connection, found: Iterable[Kept]) -> int:
    """Enter photographs that are kept and have no row; how many those were."""
    return _enter(connection, [(one.name, one.bytes, one.at) for one in found], State.STORED)


def stored(connection: Connection) -> dict[Name, int]:
    """The size of every photograph that is stored."""
    rows = connection.execute(select(evidence).where(evidence.c.state == State.STORED))
    return {_name(row): row.bytes for row in rows}


def of(connection: Connection, tenant: str, kind: Literal["store", "device"], name: str) -> dict[Name, State]:
    """All photographs of a store or of a device."""
    rows = connection.execute(select(evidence).where(evidence.c.tenant == tenant, evidence.c[kind] == name))
    return {_name(row): State(row.state) for row in rows}


def outdated(connection: Connection, before: datetime, now: datetime, limit: int) -> list[Name]:
    """Photographs to be let go: too old, never settled, or going already."""
    rows = connection.execute(select(evidence).where(_is_outdated(before, now)).limit(limit))
    return [_name(row) for row in rows]


def count_outdated(connection: Connection, before: datetime, now: datetime) -> int:
    """How many `outdated` would name."""
    counted = select(func.count()).select_from(evidence).where(_is_outdated(before, now))
    return int(connection.execute(counted).scalar_one())


def mark_going(connection: Connection, names: Sequence[Name]) -> None:
    """From now on they are shown to nobody, and no upload ends in them."""
    for some in _slices(names):
        connection.execute(update(evidence).where(_KEY.in_(some)).values(state=State.GOING))


def forget_gone(connection: Connection, names: Sequence[Name]) -> int:
    """Their bytes are deleted. Returns how many rows went."""
    return _forget(connection, names, State.GOING)


def forget_lost(connection: Connection, names: Sequence[Name]) -> None:
    """Their bytes are not there: a row would be a lie."""
    _forget(connection, names, State.STORED)


def _enter(connection: Connection, found: list[tuple[Name, int, datetime]], state: State) -> int:
    entered: Counter[str] = Counter()
    number = 0
    for name, size, received in found:
        done = connection.execute(
            insert_or(connection, evidence)
            .values(
                tenant=name.address.tenant,
                sha256=name.sha256,
                store=name.address.store,
                device=name.address.device,
                bytes=size,
                received=to_ms(received),
                state=state,
            )
            .on_conflict_do_nothing(index_elements=["tenant", "sha256"])
            .returning(evidence.c.sha256)
        )
        new = len(done.all())
        number += new
        entered[name.address.tenant] += new * size
    _use(connection, entered)
    return number


def _forget(connection: Connection, names: Sequence[Name], state: State) -> int:
    freed: Counter[str] = Counter()
    number = 0
    for some in _slices(names):
        these = delete(evidence).where(_KEY.in_(some), evidence.c.state == state)
        for tenant, size in connection.execute(these.returning(evidence.c.tenant, evidence.c.bytes)):
            number += 1
            freed[tenant] -= size
    _use(connection, freed)
    return number


def _use(connection: Connection, more: Mapping[str, int]) -> None:
    """Count bytes. The tenant's row is locked from here on: of two uploads the second sees what the first took."""
    add(connection, evidence_use, {(tenant,): (size,) for tenant, size in more.items() if size})


def _is_outdated(before: datetime, now: datetime) -> ColumnElement[bool]:
    return or_(
        evidence.c.received < to_ms(before),
        evidence.c.state == State.GOING,
        and_(evidence.c.state == State.COMING, evidence.c.received < to_ms(now - PATIENCE)),
    )


def _slices(names: Sequence[Name]) -> list[list[tuple[str, str]]]:
    """Keys, in pieces: SQLite bounds the number of parameters."""
    keys = [_key(name) for name in names]
    return [keys[start : start + 100] for start in range(0, len(keys), 100)]


def _key(name: Name) -> tuple[str, str]:
    return name.address.tenant, name.sha256


def _name(row: Row[tuple[object, ...]]) -> Name:
    return Name(Address(row.tenant, row.store, row.device), row.sha256)
