"""How the device does, as the health event tells it."""

from __future__ import annotations

import contextlib
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psutil

from edge.capture.schedule import describe, due_times
from edge.contract.business_day import business_day
from edge.contract.config import Schedule
from edge.contract.payloads import CameraHealth, DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from edge.contract.business_day import Clockwork
    from edge.contract.releases import ReleaseHealth
    from edge.deliver.outbox import Outbox
    from edge.device.camera import Camera
    from edge.device.traffic import TrafficCamera

MB = 1024 * 1024


def device_health(
    cameras: Sequence[Camera],
    traffic: Sequence[TrafficCamera] = (),
    *,
    outbox: Outbox,
    data: Path,
    clockwork: Clockwork,
    uptime: int,
    now: datetime,
    versions: dict[str, str],
    release: ReleaseHealth | None = None,
) -> DeviceHealth:
    """Measure the device.

    Args:
        cameras: all of the agent's that look at fixtures.
        traffic: all that count people.
        outbox: what waits for a receipt.
        data: the folder whose disk matters.
        clockwork: the store's day and hours.
        uptime: seconds since boot.
        now: UTC.
        versions: of the agent and its models.
        release: how it stands to its release; None where it takes none.
    """
    figures = outbox.figures()
    return DeviceHealth(
        uptime=uptime,
        cameras=[
            *(_camera_health(camera, clockwork=clockwork, now=now) for camera in cameras),
            *(_traffic_health(camera) for camera in traffic),
        ],
        outbox_depth=figures.depth,
        outbox_bytes=figures.octets,
        last_seq=figures.last_seq,
        oldest_unreceipted=figures.oldest_unreceipted,
        drops=figures.drops,
        outbox_damaged=figures.damaged,
        outbox_trouble=figures.trouble[:500],
        disk_free_mb=_free_mb(data),
        memory_mb=_resident() // MB,
        celsius=temperature(),
        inference_ms={
            name: round(ms, 1)
            for name, ms in (
                *((camera.section.id, camera.inference_ms) for camera in cameras),
                *((camera.section.id, camera.inference_ms) for camera in traffic),
            )
            if ms is not None
        },
        versions=versions,
        release=release,
    )


def _free_mb(data: Path) -> int | None:
    """Room on the disk; None where it cannot even be asked."""
    try:
        return shutil.disk_usage(data).free // MB
    except OSError:
        return None


def agent_version() -> str:
    """The version of this distribution."""
    return version("facings")


def versions_of(cameras: Sequence[Camera]) -> dict[str, str]:
    """What is at work: of each model, and of each fixture its catalogue and the planogram in force."""
    found: dict[str, str] = {}
    for camera in cameras:
        found |= {f"models/{name}": version for name, version in camera.models.items()}
        plan, fixture = camera.plan, camera.section.fixture
        found |= {} if plan.catalogue is None else {f"catalogue/{fixture}": plan.catalogue}
        found |= {} if plan.planogram is None else {f"planogram/{fixture}": plan.planogram}
    return found


def _resident() -> int:
    """Bytes of memory that the agent takes, with those that the readers of its cameras have for themselves."""
    me = psutil.Process()
    octets = me.memory_info().rss
    for reader in me.children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            octets += reader.memory_full_info().uss
    return int(octets)


def _camera_health(camera: Camera, *, clockwork: Clockwork, now: datetime) -> CameraHealth:
    # A replayed day is the day of its pictures: what was due then is what its captures are counted against.
    day = business_day(camera.last_taken if camera.replayed and camera.last_taken else now, clockwork)
    return CameraHealth(
        camera=camera.section.id,
        fixture=camera.section.fixture,
        schedule=describe(camera.section.schedule),
        business_day=day,
        due=sum(1 for _ in due_times(camera.section.schedule, day, clockwork)),
        last_frame_age=camera.frame_age(),
        error=camera.error[:500],
    )


def _traffic_health(camera: TrafficCamera) -> CameraHealth:
    section = camera.section
    return CameraHealth(
        camera=section.id,
        fixture=section.fixture,
        schedule=f"{section.frames:g} frames a second, told {describe(Schedule(every=section.interval))}",
        last_frame_age=camera.frame_age(),
        error=camera.error[:500],
    )


def temperature() -> float | None:
    """The hottest sensor, in degrees Celsius; None where the platform shows none."""
    sensors: dict[str, list[Any]] = getattr(psutil, "sensors_temperatures", dict)()
    return max((reading.current for readings in sensors.values() for reading in readings), default=None)
