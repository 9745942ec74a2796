"""How each device does, in the words of a page: what troubles it, the worst first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from cloud_sink.fleet.abreast import differing
from cloud_sink.fleet.known import health_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cloud_sink.fleet.abreast import Part
    from cloud_sink.fleet.known import Known
    from cloud_sink.store.clones import Clone, Doubt
    from cloud_sink.store.listing import StoredDevice
    from edge.contract.payloads import DeviceHealth

Trouble = Literal[
    "clone",
    "lost",
    "silent",
    "camera",
    "disk",
    "backlog",
    "dropped",
    "hot",
    "release",
    "configuration",
    "certificate",
    "conflict",
]
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)

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
    parts: tuple[Part, ...] = ()  # desired against reported
    clone: Clone | None = None
    doubt: Doubt | None = None

    @property
    def differs(self) -> bool:
        """Whether it is not what it is to be."""
        return differing(self.parts)


def view_of(device: StoredDevice, now: datetime, known: Known | None = None) -> DeviceView:
    """What is to be known of a device at a moment.

    Args:
        device: as it is stored.
        now: the moment.
        known: of its fleet; without it nothing stands beside what it says.
    """
    health = health_of(device.health)
    parts = () if known is None else known.parts(device, health, now)
    clone, doubt = (None, None) if known is None else (known.clone(device), known.doubt(device))
    wrong = {one.kind for one in parts if one.verdict == "refused" or (one.kind == "certificate" and one.said)}
    blind = tuple(one.camera for one in health.cameras if one.error) if health else ()
    found: dict[Trouble, bool] = {
        "clone": clone is not None,
        "lost": device.state == "lost",
        "silent": device.state != "offline" and now - device.last_seen > SILENT,
        "camera": bool(blind),
        "disk": health is not None
        and (bool(health.outbox_trouble) or (health.disk_free_mb is not None and health.disk_free_mb < LITTLE_MB)),
        "backlog": health is not None and health.outbox_depth > BACKLOG,
        "dropped": health is not None and sum(health.drops.values()) > 0,
        "hot": health is not None and health.celsius is not None and health.celsius >= HOT,
        "release": health is not None and health.release is not None and health.release.stage in FAILED,
        "configuration": "configuration" in wrong,
        "certificate": "certificate" in wrong,
        "conflict": doubt is not None and clone is None,
    }
    troubles = tuple(one for one in TROUBLES if found[one])
    return DeviceView(device, health, troubles, blind, parts, clone, doubt)


def ordered(devices: Iterable[DeviceView]) -> list[DeviceView]:
    """Devices with the gravest trouble first."""
    return sorted(
        devices, key=lambda one: (TROUBLES.index(one.troubles[0]) if one.troubles else len(TROUBLES), one.device.device)
    )
