"""The configuration that is desired of each device, and what it said to that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError
from sqlalchemy import and_, select

from cloud_sink.store.dialect import Listed, upsert
from cloud_sink.store.life_tables import configurations
from cloud_sink.store.moments import from_ms, to_ms
from edge.contract.receipts import ConfigReport
from edge.contract.topics import Channel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from edge.contract.topics import Address

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Configured:
    """A device's configuration, desired and reported."""

    desired: str | None = None  # SHA-256 of the document; None: none is desired, or the broker does not tell
    desired_at: datetime | None = None
    reported: ConfigReport | None = None
    reported_at: datetime | None = None


def note(connection: Connection, words: Sequence[tuple[Address, Channel, bytes]], received: datetime) -> None:
    """Take documents on `config` and words on `config/reported`; an empty one takes back the one before.

    They come again whenever a collector connects: what is known is not written again.
    """
    now = to_ms(received)
    for channel, name in ((Channel.CONFIG, "desired"), (Channel.CONFIG_REPORTED, "reported")):
        told = {(one.tenant, one.device): (one.store, body) for one, at, body in words if at is channel}
        values = {
            named: (store, _value(channel, body)) for named, (store, body) in told.items() if _fits(channel, body)
        }
        known = _known(connection, values, name)
        news = [
            (*named, store, value, now)
            for named, (store, value) in sorted(values.items())
            if known.get(named, None if value is None else "") != value
        ]
        columns = ("store", name, f"{name}_at")
        upsert(connection, configurations, ("tenant", "device", *columns), news, dict.fromkeys(columns, "excluded.{}"))


def of_devices(
    connection: Connection, tenant: str | None, devices: Collection[str] | None = None
) -> dict[tuple[str, str], Configured]:
    """By tenant and device what is known of their configurations."""
    c = configurations.c
    where: list[ColumnElement[bool]] = [] if tenant is None else [c.tenant == tenant]
    where += [] if devices is None else [c.device.in_(list(devices))]
    rows = connection.execute(select(configurations).where(and_(True, *where)))
    return {(row.tenant, row.device): _configured(row) for row in rows}


def _configured(row: Row[Any]) -> Configured:
    return Configured(
        desired=row.desired,
        desired_at=None if row.desired_at is None else from_ms(row.desired_at),
        reported=None if row.reported is None else ConfigReport.model_validate_json(row.reported),
        reported_at=None if row.reported_at is None else from_ms(row.reported_at),
    )


def _value(channel: Channel, body: bytes) -> str | None:
    if not body:
        return None
    if channel is Channel.CONFIG:
        return hashlib.sha256(body).hexdigest()
    return ConfigReport.model_validate_json(body).model_dump_json()


def _fits(channel: Channel, body: bytes) -> bool:
    try:
        _value(channel, body)
    except ValidationError as error:
        _log.warning("config_report.invalid", errors=error.error_count())
        return False
    return True


def _known(connection: Connection, devices: Iterable[tuple[str, str]], name: str) -> dict[tuple[str, str], str | None]:
    asked = sorted(devices)
    if not asked:
        return {}
    c, listed = configurations.c, Listed(connection, asked)
    same = and_(c.tenant == listed.text(0), c.device == listed.text(1))
    rows = connection.execute(select(c.tenant, c.device, c[name]).select_from(listed.rows.join(configurations, same)))
    return {(tenant, device): value for tenant, device, value in rows}
