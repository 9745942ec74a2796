"""Stock-out episodes: a row each, the same whichever of its two events comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, func, literal, select, update

from cloud_sink.store.dialect import Listed, Row, put
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import devices, stockouts
from edge.contract.payloads import StockoutClosed, StockoutOpened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from cloud_sink.store.facts import Dated, Fact

KEY = ("tenant", "store", "device", "episode")
EpisodeKey = tuple[str, ...]


def note(connection: Connection, said: Iterable[tuple[Fact, Dated]]) -> None:
    """Take opened and closed episodes. An end once known stays; the end's event knows the beginning, too.

    The moments in an event whose own time was corrected are corrected by as much.
    """
    told = [
        _row(fact, fact.word, to_ms(dated.at) - to_ms(fact.time))
        for fact, dated in said
        if isinstance(fact.word, StockoutOpened | StockoutClosed)
    ]
    if not told:
        return
    keys = sorted({_key(row) for row in told})
    asked = Listed(connection, keys)
    same = and_(*(stockouts.c[name] == asked.text(place) for place, name in enumerate(KEY)))
    rows: dict[EpisodeKey, Row] = {}
    for stored in connection.execute(select(stockouts).select_from(asked.rows.join(stockouts, same))).mappings():
        rows[_key(stored)] = dict(stored)
    for row in told:
        rows[_key(row)] = _merge(rows.get(_key(row)), row)
    put(connection, stockouts, [rows[key] for key in keys])


def end_of(connection: Connection, tenant: str, device: str) -> dict[tuple[str, str], tuple[datetime, str]]:
    """End the episodes that a device has open: nobody looks at them any more. They last until it spoke last.

    Returns:
        By tenant and store when the earliest of them began, and the device's zone.
    """
    known = connection.execute(
        select(devices.c.last_seen, devices.c.zone).where(devices.c.tenant == tenant, devices.c.device == device)
    ).one_or_none()
    c = stockouts.c
    still = and_(c.tenant == tenant, c.device == device, c.until.is_(None))
    began = connection.execute(select(c.store, func.min(c.since).label("since")).where(still).group_by(c.store)).all()
    if not began or known is None:
        return {}
    last = int(known.last_seen)
    connection.execute(
        update(stockouts).where(still).values(until=case((c.since > last, c.since), else_=literal(last)))
    )
    return {(tenant, row.store): (from_ms(row.since), str(known.zone)) for row in began}


def _key(row: Mapping[Any, Any]) -> EpisodeKey:
    return tuple(row[name] for name in KEY)


def _row(fact: Fact, data: StockoutOpened | StockoutClosed, shift: int) -> Row:
    return {
        "tenant": fact.address.tenant,
        "store": fact.store,
        "device": fact.address.device,
        "episode": data.episode,
        "fixture": data.fixture,
        "sku": data.sku,
        "since": to_ms(data.since) + shift,
        "until": to_ms(data.until) + shift if isinstance(data, StockoutClosed) else None,
    }


def _merge(known: Row | None, new: Row) -> Row:
    if known is None or known["until"] is None:
        return new
    return known if new["until"] is None else new
