"""Copied identities: what devices say of their lives is kept, and what it proves."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, or_, select, update

from cloud_sink.fleet.lives import SETTLING, Life, hear, proof
from cloud_sink.store.dialect import Listed, put, upsert
from cloud_sink.store.life_tables import clones, lives
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import devices
from cloud_sink.store.trust_tables import identities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

    from cloud_sink.fleet.lives import Mark, Trail
    from edge.contract.receipts import DeviceState
    from edge.contract.topics import Address

DOUBTED = timedelta(days=1)
"""How long it is told that numbers came twice: a restored backup is over within minutes, a copy goes on."""

Named = tuple[str, str]
"""Tenant and device."""


@dataclass(frozen=True, slots=True)
class Clone:
    """An identity that two devices use."""

    tenant: str
    device: str
    store: str
    since: datetime
    last: datetime
    mark: Mark


@dataclass(frozen=True, slots=True)
class Doubt:
    """A device whose numbers came twice with other bytes: restored from a backup, or copied."""

    conflicts: int
    last: datetime


def note_lives(connection: Connection, words: Iterable[tuple[Address, DeviceState]], received: datetime) -> list[Named]:
    """Take devices' words on their lives, in order: `born`, with the time that the device gave it.

    Returns:
        The devices of which they prove that there are two, which was not known.
    """
    now = to_ms(received)
    told = [
        (address, Life(state.boot, state.epoch, to_ms(state.at), now))
        for address, state in words
        if state.state == "born" and state.at is not None
    ]
    known = _trails(connection, [_named(address) for address, _ in told])
    news = {named for named, trail in _heard(known, told).items() if trail != known.get(named)}
    if not news:
        return []
    told = [(address, life) for address, life in told if _named(address) in news]
    known = _trails(connection, sorted(news), lock=True)
    heard = _heard(known, told)
    stores = {_named(address): address.store for address, _ in told}
    changed = sorted(named for named, trail in heard.items() if trail != known.get(named))
    upsert(
        connection,
        lives,
        ("tenant", "device", "store", "trail"),
        [(*named, stores[named], _written(heard[named])) for named in changed],
        {"store": "excluded.{}", "trail": "excluded.{}"},
    )
    grown = [named for named in changed if len(heard[named]) > 1 and _ends(heard[named]) != _ends(known.get(named, ()))]
    return _note_proven(connection, {named: heard[named] for named in grown}, stores, now)


def note_conflicts(connection: Connection, found: Mapping[Address, int], received: datetime) -> None:
    """Note that devices sent numbers a second time with other bytes."""
    now = to_ms(received)
    counted: dict[Named, tuple[str, int]] = {}
    for address, count in found.items():
        counted[_named(address)] = (address.store, count + counted.get(_named(address), ("", 0))[1])
    upsert(
        connection,
        lives,
        ("tenant", "device", "store", "trail", "conflicts", "conflicted"),
        [(*named, store, "[]", count, now) for named, (store, count) in sorted(counted.items())],
        {
            "conflicts": f"CASE WHEN lives.conflicted >= excluded.conflicted - {DOUBTED // timedelta(milliseconds=1)} "
            "THEN lives.conflicts + excluded.conflicts ELSE excluded.conflicts END",
            "conflicted": "excluded.{}",
        },
    )


def standing(
    connection: Connection, tenant: str | None = None, *, only: Iterable[str] | None = None
) -> dict[Named, Clone]:
    """The copied identities that nobody has settled: neither revoked, nor given to a new board, nor cleared."""
    this = and_(identities.c.tenant == clones.c.tenant, identities.c.device == clones.c.device)
    same = or_(identities.c.id.is_(None), and_(identities.c.revoked.is_(None), identities.c.made <= clones.c.since))
    where: list[ColumnElement[bool]] = [clones.c.cleared.is_(None), same]
    where += [] if tenant is None else [clones.c.tenant == tenant]
    where += [] if only is None else [clones.c.device.in_(list(only))]
    rows = connection.execute(select(clones).select_from(clones.outerjoin(identities, this)).where(*where))
    return {
        (row.tenant, row.device): Clone(
            row.tenant, row.device, row.store, from_ms(row.since), from_ms(row.last), row.mark
        )
        for row in rows
    }


def doubts(
    connection: Connection, tenant: str | None, now: datetime, *, only: Iterable[str] | None = None
) -> dict[Named, Doubt]:
    """The devices whose numbers came twice within a day."""
    where: list[ColumnElement[bool]] = [lives.c.conflicted >= to_ms(now - DOUBTED)]
    where += [] if tenant is None else [lives.c.tenant == tenant]
    where += [] if only is None else [lives.c.device.in_(list(only))]
    columns = (lives.c.tenant, lives.c.device, lives.c.conflicts, lives.c.conflicted)
    rows = connection.execute(select(*columns).where(*where))
    return {(row.tenant, row.device): Doubt(row.conflicts, from_ms(row.conflicted)) for row in rows}


def clear(connection: Connection, tenant: str, device: str, *, by: str, now: datetime) -> bool:
    """Say that only one of both is left; False where nothing is to be cleared. What is heard from now on counts anew.

    Where both still speak they are found again within minutes.
    """
    here = standing(connection, tenant, only=[device])
    if not here and (tenant, device) not in doubts(connection, tenant, now, only=[device]):
        return False
    connection.execute(
        update(clones)
        .where(clones.c.tenant == tenant, clones.c.device == device, clones.c.cleared.is_(None))
        .values(cleared=to_ms(now), by=by[:200])
    )
    connection.execute(delete(lives).where(lives.c.tenant == tenant, lives.c.device == device))
    return True


def count(connection: Connection) -> int:
    """How many copied identities stand, of all tenants."""
    return len(standing(connection))


def _note_proven(
    connection: Connection, trails: Mapping[Named, Trail], stores: Mapping[Named, str], now: int
) -> list[Named]:
    suspects = {named: trail for named, trail in trails.items() if proof(trail) is not None}
    if not suspects:
        return []
    shut_out, begun = _boards(connection, suspects)
    proven: dict[Named, Mark] = {}
    for named, trail in suspects.items():
        mark = proof(trail, since=begun.get(named, 0))
        if mark is not None and named not in shut_out:
            proven[named] = mark
    known = {named: one for named, one in standing(connection).items() if named in proven} if proven else {}
    put(
        connection,
        clones,
        [
            {
                "tenant": named[0],
                "device": named[1],
                "store": stores[named],
                "since": to_ms(known[named].since) if named in known else now,
                "last": now,
                "mark": mark,
                "cleared": None,
                "by": None,
            }
            for named, mark in sorted(proven.items())
        ],
    )
    return [named for named in sorted(proven) if named not in known]


def _boards(connection: Connection, named: Iterable[Named]) -> tuple[set[Named], dict[Named, int]]:
    """The devices that were revoked; and those that took another's place, with the moment from which words count."""
    asked = Listed(connection, sorted(named))
    same = and_(identities.c.tenant == asked.text(0), identities.c.device == asked.text(1))
    this = and_(devices.c.tenant == identities.c.tenant, devices.c.device == identities.c.device)
    columns = (identities.c.tenant, identities.c.device, identities.c.revoked, identities.c.made, devices.c.first_seen)
    rows = connection.execute(
        select(*columns).select_from(asked.rows.join(identities, same).outerjoin(devices, this))
    ).all()
    shut_out = {(row.tenant, row.device) for row in rows if row.revoked is not None}
    begun = {
        (row.tenant, row.device): row.made + SETTLING
        for row in rows
        if row.first_seen is not None and row.first_seen < row.made
    }
    return shut_out, begun


def _trails(connection: Connection, devices: Sequence[Named], *, lock: bool = False) -> dict[Named, Trail]:
    if not devices:
        return {}
    asked = Listed(connection, sorted(set(devices)))
    same = and_(lives.c.tenant == asked.text(0), lives.c.device == asked.text(1))
    statement = select(lives.c.tenant, lives.c.device, lives.c.trail).select_from(asked.rows.join(lives, same))
    if lock:
        statement = statement.order_by(lives.c.tenant, lives.c.device).with_for_update(of=lives)
    return {(row.tenant, row.device): _read(row.trail) for row in connection.execute(statement)}


def _heard(known: Mapping[Named, Trail], told: Iterable[tuple[Address, Life]]) -> dict[Named, Trail]:
    trails: dict[Named, Trail] = {}
    for address, life in told:
        named = _named(address)
        trails[named] = hear(trails.get(named, known.get(named, ())), life)
    return trails


def _named(address: Address) -> Named:
    return address.tenant, address.device


def _ends(trail: Trail) -> tuple[str, str, int] | None:
    return (trail[-1].boot, trail[-1].epoch, trail[-1].heard) if trail else None


def _written(trail: Trail) -> str:
    return json.dumps([astuple(one) for one in trail], separators=(",", ":"))


def _read(text: str) -> Trail:
    rows: list[list[Any]] = json.loads(text)
    return tuple(Life(*row) for row in rows)
