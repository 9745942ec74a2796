"""What devices say of themselves: where they stand, their state, their health, their schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, update

from cloud_sink.store.dating import day_due
from cloud_sink.store.dialect import Listed, put, upsert
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import camera_due, devices
from edge.contract.payloads import DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection

    from cloud_sink.store.facts import Dated, Fact
    from edge.contract.receipts import DeviceState
    from edge.contract.topics import Address

_SEEN = ("tenant", "device", "store", "zone", "first_seen", "last_seen")
_SEEN_AGAIN = {
    "store": "excluded.{}",
    "last_seen": "excluded.{}",
    "zone": "CASE WHEN excluded.zone = '' THEN devices.zone ELSE excluded.zone END",
}

_STATE = ("connection", "state", "state_at")
_STATE_AGAIN = dict.fromkeys(_STATE, "excluded.{}")

Said = tuple[int, str, int]
"""When a word was said: moment, epoch, seq."""


def newer(one: Said, other: Said) -> bool:
    """Whether `one` was said after `other`: within an outbox the number tells, whatever the clock did meanwhile."""
    if one[1] == other[1]:
        return one[2] > other[2]
    return one > other


def note_seen(connection: Connection, seen: dict[Address, str], at: datetime) -> None:
    """Note that devices spoke from where they are now; `seen` gives the zone of each one's last event ('' unknown)."""
    now = to_ms(at)
    rows = {
        (address.tenant, address.device): (address.tenant, address.device, address.store, zone, now, now)
        for address, zone in seen.items()
    }
    # In the order of their keys. On PostgreSQL the rows are locked from here on: of two collectors that hold events of
    # one device, the second waits here, and then reads the ledger as the first left it.
    upsert(connection, devices, _SEEN, [rows[key] for key in sorted(rows)], _SEEN_AGAIN)


def lock(connection: Connection, tenant: str, device: str) -> None:
    """Let nobody else store events of a device in this transaction's time: the first statement of it, as of a batch."""
    this = and_(devices.c.tenant == tenant, devices.c.device == device)
    connection.execute(select(devices.c.device).where(this).with_for_update())


def note_states(connection: Connection, words: Sequence[tuple[Address, DeviceState]], received: datetime) -> int:
    """Take devices' words on their connections, in order; returns how many changed something.

    What changes nothing: a word that is known, such as the retained ones that a collector hears when it starts, which
    say nothing of today; a word of an older connection; and `lost` after `offline` of the same one: the embedded broker
    publishes the last will even of a device that said goodbye.
    """
    known = _states(connection, words)
    news = {_device(address) for address, state in words if known.get(_device(address)) != _word(state)}
    told = [(address, state) for address, state in words if _device(address) in news]
    known = _states(connection, told, lock=True)
    now, changed = to_ms(received), 0
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    for address, state in told:
        key = _device(address)
        if _is_news(state, known.get(key)):
            known[key] = _word(state)
            rows[key] = (*key, address.store, "", now, now, *_word(state), to_ms(state.at or received))
            changed += 1
    upsert(connection, devices, (*_SEEN, *_STATE), [rows[key] for key in sorted(rows)], _SEEN_AGAIN | _STATE_AGAIN)
    return changed


def _device(address: Address) -> tuple[str, str]:
    return address.tenant, address.device


def _word(state: DeviceState) -> tuple[str, str]:
    return state.connection, state.state


def _is_news(state: DeviceState, known: tuple[str | None, str | None] | None) -> bool:
    if state.state == "born" or known is None or known[0] is None:
        return _word(state) != known
    return state.connection == known[0] and known[1] not in {state.state, "offline"}


def _states(
    connection: Connection, words: Iterable[tuple[Address, DeviceState]], *, lock: bool = False
) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """By tenant and device the connection and state that are noted; with `lock` nobody else changes them meanwhile."""
    asked = sorted({_device(address) for address, _ in words})
    if not asked:
        return {}
    listed = Listed(connection, asked)
    same = and_(devices.c.tenant == listed.text(0), devices.c.device == listed.text(1))
    columns = (devices.c.tenant, devices.c.device, devices.c.connection, devices.c.state)
    statement = select(*columns).select_from(listed.rows.join(devices, same))
    if lock:
        statement = statement.order_by(devices.c.tenant, devices.c.device).with_for_update(of=devices)
    return {(tenant, device): (current, state) for tenant, device, current, state in connection.execute(statement)}


def note_health(connection: Connection, told: Iterable[tuple[Fact, Dated, date]]) -> None:
    """Take health reports: the latest of each device, and of each camera and business day its captures due."""
    latest: dict[tuple[str, str], tuple[Said, str]] = {}
    due: dict[tuple[str, str, date, str, str], tuple[Said, str, int]] = {}
    for fact, dated, day in told:
        health = fact.word
        if not isinstance(health, DeviceHealth):
            continue
        said = (to_ms(dated.at), fact.epoch, fact.seq)
        device = (fact.address.tenant, fact.address.device)
        if device not in latest or newer(said, latest[device][0]):
            latest[device] = (said, health.model_dump_json())
        for camera in health.cameras:
            on = day_due(camera.business_day, day)
            if on is None or camera.fixture is None or (camera.business_day is None and not camera.due):
                continue  # it counts people, and owes no captures; or it does not know the day
            key = (device[0], fact.store, on, device[1], camera.camera)
            if key not in due or newer(said, due[key][0]):
                due[key] = (said, camera.fixture, camera.due)
    _keep_latest_health(connection, latest)
    _keep_latest_due(connection, due)


def _keep_latest_health(connection: Connection, latest: dict[tuple[str, str], tuple[Said, str]]) -> None:
    for (tenant, device), (said, health) in sorted(latest.items()):
        this = (devices.c.tenant == tenant, devices.c.device == device)
        known = connection.execute(
            select(devices.c.health_at, devices.c.health_epoch, devices.c.health_seq).where(*this)
        ).one()
        if known.health_at is None or newer(said, tuple(known)):
            connection.execute(
                update(devices)
                .where(*this)
                .values(health=health, health_at=said[0], health_epoch=said[1], health_seq=said[2])
            )


def _keep_latest_due(connection: Connection, due: dict[tuple[str, str, date, str, str], tuple[Said, str, int]]) -> None:
    if not due:
        return
    columns = camera_due.c
    asked = Listed(connection, [(tenant, store, day.isoformat(), *camera) for tenant, store, day, *camera in due])
    same = and_(
        columns.tenant == asked.text(0),
        columns.store == asked.text(1),
        columns.day == asked.day(2),
        columns.device == asked.text(3),
        columns.camera == asked.text(4),
    )
    known: dict[tuple[str, str, date, str, str], Said] = {
        (row.tenant, row.store, row.day, row.device, row.camera): (row.at, row.epoch, row.seq)
        for row in connection.execute(select(camera_due).select_from(asked.rows.join(camera_due, same)))
    }
    put(
        connection,
        camera_due,
        [
            {
                "tenant": key[0],
                "store": key[1],
                "day": key[2],
                "device": key[3],
                "camera": key[4],
                "fixture": fixture,
                "due": count,
                "at": said[0],
                "epoch": said[1],
                "seq": said[2],
            }
            for key, (said, fixture, count) in sorted(due.items(), key=lambda item: str(item[0]))
            if key not in known or newer(said, known[key])
        ],
    )
