"""The queue of what goes out: filled in the transaction of the facts, emptied by who delivers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, or_, select, update

from cloud_sink.store.dialect import put
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.out_tables import outgoing, outlets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from cloud_sink.store.facts import Fact

ALERTS = "alerts"
"""The outlet of events that rules of alerts wait for."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Somewhere that new events go to."""

    id: str
    kind: str  # webhook, channel or alerts
    tenant: str  # '' for all
    types: tuple[str, ...]
    url: str
    secret: str
    created: datetime
    by: str
    disabled: bool = False
    trouble: str = ""
    failures: int = 0  # tries in a row


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message under way."""

    id: int
    outlet: str
    target: str
    tenant: str
    type: str
    body: bytes
    queued: datetime
    due: datetime
    attempts: int


def put_outlet(connection: Connection, outlet: Outlet) -> None:
    """Enter an outlet, or change the one of its id."""
    put(
        connection,
        outlets,
        [
            {
                "id": outlet.id,
                "kind": outlet.kind,
                "tenant": outlet.tenant,
                "types": json.dumps(outlet.types),
                "url": outlet.url,
                "secret": outlet.secret,
                "created": to_ms(outlet.created),
                "by": outlet.by,
                "disabled": outlet.disabled,
                "trouble": outlet.trouble,
                "failures": outlet.failures,
                "resumes": 0,
            }
        ],
    )


def find_outlet(connection: Connection, outlet: str) -> Outlet | None:
    """An outlet by its id."""
    row = connection.execute(select(outlets).where(outlets.c.id == outlet)).one_or_none()
    return None if row is None else _outlet(row)


def webhooks(connection: Connection, tenant: str | None, *, after: str = "", limit: int = 1000) -> list[Outlet]:
    """Webhooks in the order of their ids, behind `after`; of one tenant or all."""
    statement = select(outlets).where(outlets.c.kind == "webhook", outlets.c.id > after).order_by(outlets.c.id)
    if tenant is not None:
        statement = statement.where(outlets.c.tenant == tenant)
    return [_outlet(row) for row in connection.execute(statement.limit(limit))]


def remove_outlet(connection: Connection, outlet: str) -> None:
    """Delete an outlet with all that waits for it."""
    connection.execute(delete(outgoing).where(outgoing.c.outlet == outlet))
    connection.execute(delete(outlets).where(outlets.c.id == outlet))


def note_success(connection: Connection, outlet: str) -> None:
    """Say that the last try at an outlet was taken."""
    went_wrong = or_(outlets.c.trouble != "", outlets.c.failures != 0)
    statement = update(outlets).where(outlets.c.id == outlet, went_wrong)
    connection.execute(statement.values(trouble="", failures=0, resumes=0))


def note_failure(connection: Connection, outlet: str, trouble: str, resumes: datetime) -> None:
    """Say why the last try at an outlet failed, and try nothing there until then."""
    values = {"trouble": trouble[:500], "failures": outlets.c.failures + 1, "resumes": to_ms(resumes)}
    connection.execute(update(outlets).where(outlets.c.id == outlet).values(**values))


def disable(connection: Connection, outlet: str, trouble: str) -> None:
    """Use an outlet no more, and forget what waits for it."""
    connection.execute(delete(outgoing).where(outgoing.c.outlet == outlet))
    connection.execute(update(outlets).where(outlets.c.id == outlet).values(trouble=trouble[:500], disabled=True))


def keep_channels(connection: Connection, channels: Mapping[str, str], now: datetime) -> None:
    """Have an outlet for each address of alerts, by id with its channel's name, and none for those that are no more."""
    known = set(connection.execute(select(outlets.c.id).where(outlets.c.kind == "channel")).scalars())
    for gone in sorted(known - set(channels)):
        remove_outlet(connection, gone)
    for new in sorted(set(channels) - known):
        put_outlet(connection, Outlet(new, "channel", "", (), "", "", now, channels[new]))


def enqueue_events(connection: Connection, new: Iterable[Fact], received: datetime) -> None:
    """Put new events into the queues of the outlets that want them; inside the transaction that stores them."""
    wanting = [_outlet(row) for row in connection.execute(select(outlets).where(outlets.c.disabled.is_(False)))]
    if not wanting:
        return
    rows = [
        _row(
            outlet.id,
            f"msg_{fact.epoch}-{fact.seq}",
            address=(fact.address.tenant, fact.store, fact.address.device),
            kind=fact.type,
            body=fact.body,
            at=received,
        )
        for fact in new
        for outlet in wanting
        if outlet.tenant in {"", fact.address.tenant} and fact.type in outlet.types
    ]
    if rows:
        connection.execute(insert(outgoing), rows)


def enqueue(
    connection: Connection,
    *,
    outlet: str,
    target: str,
    tenant: str,
    store: str,
    kind: str,
    body: bytes,
    at: datetime,
) -> None:
    """Put one message into the queue."""
    row = _row(outlet, target, address=(tenant, store, ""), kind=kind, body=body, at=at)
    connection.execute(insert(outgoing).values(**row))


def due_outlets(connection: Connection, now: datetime) -> list[str]:
    """Outlets that may be tried now, and for which something is due."""
    due = exists().where(outgoing.c.outlet == outlets.c.id, outgoing.c.due <= to_ms(now))
    statement = select(outlets.c.id).where(outlets.c.resumes <= to_ms(now), due).order_by(outlets.c.id)
    return list(connection.execute(statement).scalars())


def claim(connection: Connection, outlet: str, now: datetime, until: datetime, limit: int) -> list[Outgoing]:
    """Take what is due of an outlet, what failed least and then the oldest first; others leave it alone until then."""
    c = outgoing.c
    due = (
        select(c.id)
        .where(c.outlet == outlet, c.due <= to_ms(now))
        .order_by(c.attempts, c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.execute(due).scalars())
    if not ids:
        return []
    connection.execute(update(outgoing).where(c.id.in_(ids)).values(due=to_ms(until)))
    taken = select(outgoing).where(c.id.in_(ids)).order_by(c.attempts, c.id)
    return [_outgoing(row) for row in connection.execute(taken)]


def delivered(connection: Connection, ids: Iterable[int]) -> None:
    """Forget what arrived, or will never."""
    connection.execute(delete(outgoing).where(outgoing.c.id.in_(list(ids))))


def postpone(connection: Connection, message: int, due: datetime) -> None:
    """Try again later."""
    statement = update(outgoing).where(outgoing.c.id == message)
    connection.execute(statement.values(due=to_ms(due), attempts=outgoing.c.attempts + 1))


def release(connection: Connection, ids: Iterable[int], now: datetime) -> None:
    """Give back what was taken and not tried."""
    connection.execute(update(outgoing).where(outgoing.c.id.in_(list(ids))).values(due=to_ms(now)))


def trim(connection: Connection, *, before: datetime, most: int) -> dict[str, int]:
    """Drop what waits since before then, and of each outlet the oldest beyond `most`; how many, by outlet."""
    c = outgoing.c
    dropped: dict[str, int] = {}
    counted = select(c.outlet, func.count(), func.min(c.queued)).group_by(c.outlet)
    for outlet, count, oldest in connection.execute(counted).all():
        bounds = [c.queued < to_ms(before)] if oldest < to_ms(before) else []
        if count > most:
            kept = select(c.id).where(c.outlet == outlet).order_by(c.id.desc()).offset(most - 1).limit(1)
            bounds.append(c.id < kept.scalar_subquery())
        if bounds:
            dropped[outlet] = connection.execute(delete(outgoing).where(c.outlet == outlet, or_(*bounds))).rowcount
    return dropped


def waiting(connection: Connection, outlet: str | None = None) -> int:
    """How many messages wait, for one outlet or all."""
    statement = select(func.count()).select_from(outgoing)
    if outlet is not None:
        statement = statement.where(outgoing.c.outlet == outlet)
    return int(connection.execute(statement).scalar_one())


def _row(
    outlet: str, target: str, *, address: tuple[str, str, str], kind: str, body: bytes, at: datetime
) -> dict[str, object]:
    now = to_ms(at)
    tenant, store, device = address
    return {
        "outlet": outlet,
        "target": target,
        "tenant": tenant,
        "store": store,
        "device": device,
        "type": kind,
        "body": body,
        "queued": now,
        "due": now,
        "attempts": 0,
    }


def _outlet(row: Row[Any]) -> Outlet:
    return Outlet(
        id=row.id,
        kind=row.kind,
        tenant=row.tenant,
        types=tuple(json.loads(row.types)),
        url=row.url,
        secret=row.secret,
        created=from_ms(row.created),
        by=row.by,
        disabled=row.disabled,
        trouble=row.trouble,
        failures=row.failures,
    )


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        outlet=row.outlet,
        target=row.target,
        tenant=row.tenant,
        type=row.type,
        body=row.body,
        queued=from_ms(row.queued),
        due=from_ms(row.due),
        attempts=row.attempts,
    )
