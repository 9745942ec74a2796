"""What each device is known by, the certificates that were issued to it, and which of them were revoked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, literal, or_, select, tuple_, update

from cloud_sink.store import orders, placements
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.placement_tables import orders as order_table
from cloud_sink.store.placement_tables import placements as placement_table
from cloud_sink.store.placements import Placement
from cloud_sink.store.trust_tables import certificates, identities

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.store.placements import Began, Ended


@dataclass(frozen=True, slots=True)
class Identity:
    """A device as the fleet knows it."""

    id: str  # the common name of its certificates
    tenant: str
    device: str
    store: str
    fixture: str
    key: str  # SHA-256 of its public key
    certificate: str  # PEM
    authority: str
    made: datetime
    expires: datetime
    told: str  # SHA-256 of the authorities that it has stored
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate that was issued."""

    serial: str
    identity: str
    authority: str
    expires: datetime


def _identity(row: Row[Any]) -> Identity:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    moments = {name: from_ms(told[name]) for name in ("made", "expires")}
    return Identity(**{**told, **moments, "revoked": None if row.revoked is None else from_ms(row.revoked)})


def find(connection: Connection, identity: str) -> Identity | None:
    """A device by its certificate's common name."""
    row = connection.execute(select(identities).where(identities.c.id == identity)).one_or_none()
    return None if row is None else _identity(row)


def of_device(connection: Connection, tenant: str, device: str) -> Identity | None:
    """What a device is known by."""
    where = (identities.c.tenant == tenant, identities.c.device == device)
    row = connection.execute(select(identities).where(*where)).one_or_none()
    return None if row is None else _identity(row)


def of_key(connection: Connection, key: str) -> Identity | None:
    """The device that has a public key (SHA-256) and may come in."""
    where = (identities.c.key == key, identities.c.revoked.is_(None))
    row = connection.execute(select(identities).where(*where).order_by(identities.c.made.desc()).limit(1)).one_or_none()
    return None if row is None else _identity(row)


def stores_of(connection: Connection, devices: Iterable[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """Where devices (tenant and name) may speak from: where each stands, and where it is ordered to."""
    found: dict[tuple[str, str], set[str]] = {}
    for tenant, device in sorted(set(devices)):
        one = of_device(connection, tenant, device)
        if one is not None:
            order = orders.open_of(connection, one.id)
            found[tenant, device] = {one.store} if order is None else {one.store, order.store}
    return found


def known(connection: Connection, tenant: str, devices: Iterable[str]) -> set[str]:
    """Of these names of devices, the ones that have an identity which is not revoked."""
    statement = select(identities.c.device).where(
        identities.c.tenant == tenant, identities.c.device.in_(list(devices)), identities.c.revoked.is_(None)
    )
    return set(connection.execute(statement).scalars())


def enter(
    connection: Connection, one: Identity, issued: Issued, *, began: Began = "installed", by: str = "", reason: str = ""
) -> None:
    """Enter a device and its certificate; in place of what it was known by before, which is revoked.

    Args:
        connection: in a transaction.
        one: the device.
        issued: its certificate.
        began: why it came; the board that was known by this name before left for the same reason.
        by: who had it come.
        reason: what they said of it.
    """
    before = of_device(connection, one.tenant, one.device)
    if before is not None:
        _revoke_certificates(connection, before.id, one.made)
        orders.cancel(connection, before.id, one.made)
        placements.end(connection, before.id, "repaired" if began == "repaired" else "replaced", one.made)
        connection.execute(delete(identities).where(identities.c.id == before.id))
    connection.execute(
        insert(identities).values(
            id=one.id,
            tenant=one.tenant,
            device=one.device,
            store=one.store,
            fixture=one.fixture,
            key=one.key,
            certificate=one.certificate,
            authority=one.authority,
            made=to_ms(one.made),
            expires=to_ms(one.expires),
            told=one.told,
        )
    )
    _note(connection, issued)
    _place(connection, one, one.made, began=began, by=by, reason=reason)


def move(
    connection: Connection, one: Identity, *, store: str, fixture: str, now: datetime, by: str, reason: str = ""
) -> Identity:
    """Let a device stand elsewhere, with the certificate that it has; as it is known from then on."""
    connection.execute(update(identities).where(identities.c.id == one.id).values(store=store, fixture=fixture))
    placements.end(connection, one.id, "moved", now)
    moved = replace(one, store=store, fixture=fixture)
    _place(connection, moved, now, began="moved", by=by, reason=reason)
    return moved


def renew(connection: Connection, identity: str, certificate: str, issued: Issued) -> None:
    """Give a device another certificate; the one before holds until it ends, since the answer may be lost."""
    connection.execute(
        update(identities)
        .where(identities.c.id == identity)
        .values(certificate=certificate, authority=issued.authority, expires=to_ms(issued.expires))
    )
    _note(connection, issued)


def note_told(connection: Connection, identity: str, bundle: str) -> None:
    """Note which authorities a device has stored."""
    connection.execute(update(identities).where(identities.c.id == identity).values(told=bundle))


def revoke(connection: Connection, identity: str, now: datetime, *, ended: Ended = "revoked") -> bool:
    """Let a device in no more; False where that is so already. What it was ordered to do is ordered no more."""
    where = (identities.c.id == identity, identities.c.revoked.is_(None))
    changed = connection.execute(update(identities).where(*where).values(revoked=to_ms(now))).rowcount == 1
    if changed:
        _revoke_certificates(connection, identity, now)
        orders.cancel(connection, identity, now)
        placements.end(connection, identity, ended, now)
    return changed


def admitted(connection: Connection) -> list[Identity]:
    """Every device that may come in, by tenant and name."""
    statement = select(identities).where(identities.c.revoked.is_(None))
    return [_identity(row) for row in connection.execute(statement.order_by(identities.c.tenant, identities.c.device))]


def listed(
    connection: Connection,
    tenant: str | None,
    *,
    store: str | None = None,
    search: str = "",
    after: tuple[str, str] | None = None,
    limit: int = 1_000_000,
) -> list[Identity]:
    """Devices with an identity, by tenant and name: behind one of these, whose name or place holds what is searched."""
    statement = select(identities).order_by(identities.c.tenant, identities.c.device).limit(limit)
    if tenant is not None:
        statement = statement.where(identities.c.tenant == tenant)
    if store is not None:
        statement = statement.where(identities.c.store == store)
    if search:
        like = f"%{search.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
        columns = (identities.c.device, identities.c.store, identities.c.fixture)
        statement = statement.where(or_(*(column.like(like, escape="/") for column in columns)))
    if after is not None:
        statement = statement.where(tuple_(identities.c.tenant, identities.c.device) > tuple_(*map(literal, after)))
    return [_identity(row) for row in connection.execute(statement)]


def revoked_of(connection: Connection, authority: str, now: datetime) -> list[tuple[str, datetime]]:
    """Serial numbers of an authority's certificates that were revoked and would still hold, and when that was."""
    statement = (
        select(certificates.c.serial, certificates.c.revoked)
        .where(
            certificates.c.authority == authority,
            certificates.c.revoked.is_not(None),
            certificates.c.expires > to_ms(now),
        )
        .order_by(certificates.c.revoked, certificates.c.serial)
    )
    return [(row.serial, from_ms(row.revoked)) for row in connection.execute(statement)]


def changed(connection: Connection) -> tuple[int, ...]:
    """What differs whenever a device came, went, moves or was revoked: cheap to ask often."""
    issued, revoked = connection.execute(select(func.count(), func.count(certificates.c.revoked))).one()
    devices = connection.execute(select(func.count()).where(identities.c.revoked.is_(None))).scalar_one()
    placed = connection.execute(select(func.count()).select_from(placement_table)).scalar_one()
    ordered, settled = connection.execute(select(func.count(), func.count(order_table.c.settled))).one()
    return int(issued), int(revoked), int(devices), int(placed), int(ordered), int(settled)


def _note(connection: Connection, issued: Issued) -> None:
    connection.execute(
        insert(certificates).values(
            serial=issued.serial,
            identity=issued.identity,
            authority=issued.authority,
            expires=to_ms(issued.expires),
        )
    )


def _place(connection: Connection, one: Identity, now: datetime, *, began: Began, by: str, reason: str) -> None:
    placements.begin(
        connection,
        Placement(
            tenant=one.tenant,
            device=one.device,
            identity=one.id,
            key=one.key,
            store=one.store,
            fixture=one.fixture,
            since=now,
            began=began,
            by=by[:200],
            reason=reason[:200],
        ),
    )


def _revoke_certificates(connection: Connection, identity: str, now: datetime) -> None:
    where = (certificates.c.identity == identity, certificates.c.revoked.is_(None))
    connection.execute(update(certificates).where(*where).values(revoked=to_ms(now)))
