"""What devices say of themselves: where they stand, their state, their health, their schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_, update

from cloud_sink.store.dialect import insert_or, put
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import camera_due, devices
from edge.contract.payloads import DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy import Connection

    from cloud_sink.store.facts import Dated, Fact
    from edge.contract.receipts import DeviceState
    from edge.contract.topics import Address

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
        (address.tenant, address.device): {
            "tenant": address.tenant,
            "device": address.device,
            "store": address.store,
            "zone": zone,
            "first_seen": now,
            "last_seen": now,
        }
        for address, zone in seen.items()
    }
    if not rows:
        return
    for zoned in (True, False):
        some = [rows[key] for key in sorted(rows) if bool(rows[key]["zone"]) is zoned]
        if some:
            statement = insert_or(connection, devices)
            changed = ["store", "last_seen", *(["zone"] if zoned else [])]
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["tenant", "device"], set_={name: statement.excluded[name] for name in changed}
                ),
                some,
            )


def note_state(connection: Connection, address: Address, state: DeviceState, received: datetime) -> bool:
    """Take a device's word on its connection; False for one that changes nothing.

    That is a word of an older connection, and `lost` after `offline` of the same one: the embedded broker publishes the
    last will even of a device that said goodbye.
    """
    note_seen(connection, {address: ""}, received)
    this = (devices.c.tenant == address.tenant, devices.c.device == address.device)
    current, said = connection.execute(select(devices.c.connection, devices.c.state).where(*this)).one()
    if state.state != "born" and current is not None and current != state.connection:
        return False
    if state.state == "lost" and current == state.connection and said == "offline":
        return False
    connection.execute(
        update(devices)
        .where(*this)
        .values(
            state=state.state,
            connection=state.connection,
            state_at=to_ms(state.at or received),
        )
    )
    return True


def note_health(connection: Connection, reports: Iterable[tuple[Fact, Dated, date]]) -> None:
    """Take health reports: the latest of each device, and of each camera and business day its captures due."""
    latest: dict[tuple[str, str], tuple[Said, str]] = {}
    due: dict[tuple[str, str, date, str, str], tuple[Said, str, int]] = {}
    for fact, dated, day in reports:
        health = fact.event.data
        assert isinstance(health, DeviceHealth)
        said = (to_ms(dated.at), fact.event.epoch, fact.event.seq)
        device = (fact.address.tenant, fact.address.device)
        if device not in latest or newer(said, latest[device][0]):
            latest[device] = (said, health.model_dump_json())
        for camera in health.cameras:
            key = (device[0], fact.store, camera.business_day or day, device[1], camera.camera)
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
    identity = tuple_(columns.tenant, columns.store, columns.day, columns.device, columns.camera)
    known: dict[tuple[str, str, date, str, str], Said] = {
        (row.tenant, row.store, row.day, row.device, row.camera): (row.at, row.epoch, row.seq)
        for row in connection.execute(select(camera_due).where(identity.in_(list(due))))
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
