"""How each device does, in the words of a page: what troubles it, the worst first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from edge.contract.payloads import DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cloud_sink.store.listing import StoredDevice

Trouble = Literal["lost", "silent", "camera", "disk", "backlog", "dropped", "hot", "release"]
TROUBLES: tuple[Trouble, ...] = ("lost", "silent", "camera", "disk", "backlog", "dropped", "hot", "release")

SILENT = timedelta(hours=1)
"""Devices tell their health every five minutes unless they are told otherwise."""

BACKLOG = 500
"""Events that wait in an outbox: more than a day of one fixture."""

HOT = 80.0
"""Degrees Celsius at which small boards begin to slow down."""

LITTLE_MB = 500
"""Megabytes free on the device's disk below which it is told."""

FAILED = frozenset({"refused", "rolled_back", "faulty"})
"""Stages of a release at which somebody should look."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device as the fleet page shows it."""

    device: StoredDevice
    health: DeviceHealth | None  # None: it never told, or so that nobody understands it
    troubles: tuple[Trouble, ...]
    blind: tuple[str, ...]  # cameras that give no frame


def view_of(device: StoredDevice, now: datetime) -> DeviceView:
    """What is to be known of a device at a moment."""
    health = _health(device.health)
    blind = tuple(one.camera for one in health.cameras if one.error) if health else ()
    found: dict[Trouble, bool] = {
        "lost": device.state == "lost",
        "silent": device.state != "offline" and now - device.last_seen > SILENT,
        "camera": bool(blind),
        "disk": health is not None
        and (bool(health.outbox_trouble) or (health.disk_free_mb is not None and health.disk_free_mb < LITTLE_MB)),
        "backlog": health is not None and health.outbox_depth > BACKLOG,
        "dropped": health is not None and sum(health.drops.values()) > 0,
        "hot": health is not None and health.celsius is not None and health.celsius >= HOT,
        "release": health is not None and health.release is not None and health.release.stage in FAILED,
    }
    return DeviceView(device, health, tuple(one for one in TROUBLES if found[one]), blind)


def ordered(devices: Iterable[DeviceView]) -> list[DeviceView]:
    """Devices with the gravest trouble first."""
    return sorted(
        devices, key=lambda one: (TROUBLES.index(one.troubles[0]) if one.troubles else len(TROUBLES), one.device.device)
    )


def _health(text: str | None) -> DeviceHealth | None:
    try:
        return None if text is None else DeviceHealth.model_validate_json(text)
    except ValidationError:
        return None
