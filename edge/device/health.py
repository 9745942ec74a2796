"""How the device does, as the health event tells it."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psutil

from edge.capture.schedule import describe, due_times
from edge.contract.business_day import business_day
from edge.contract.payloads import CameraHealth, DeviceHealth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from edge.contract.business_day import Clockwork
    from edge.deliver.outbox import Outbox
    from edge.device.camera import Camera

MB = 1024 * 1024


def device_health(
    cameras: Sequence[Camera],
    *,
    outbox: Outbox,
    data: Path,
    clockwork: Clockwork,
    uptime: int,
    now: datetime,
    versions: dict[str, str],
) -> DeviceHealth:
    """Measure the device.

    Args:
        cameras: all of the agent's.
        outbox: what waits for a receipt.
        data: the folder whose disk matters.
        clockwork: the store's day and hours.
        uptime: seconds since boot.
        now: UTC.
        versions: of the agent and its models.
    """
    figures = outbox.figures()
    return DeviceHealth(
        uptime=uptime,
        cameras=[_camera_health(camera, clockwork=clockwork, now=now) for camera in cameras],
        outbox_depth=figures.depth,
        outbox_bytes=figures.octets,
        last_seq=figures.last_seq,
        oldest_unreceipted=figures.oldest_unreceipted,
        drops=figures.drops,
        disk_free_mb=shutil.disk_usage(data).free // MB,
        memory_mb=psutil.Process().memory_info().rss // MB,
        celsius=_temperature(),
        inference_ms={
            camera.section.id: round(camera.inference_ms, 1) for camera in cameras if camera.inference_ms is not None
        },
        versions=versions,
    )


def agent_version() -> str:
    """The version of this distribution."""
    return version("facings")


def _camera_health(camera: Camera, *, clockwork: Clockwork, now: datetime) -> CameraHealth:
    # A replayed day is the day of its pictures: what was due then is what its captures are counted against.
    day = business_day(camera.last_taken if camera.replayed and camera.last_taken else now, clockwork)
    return CameraHealth(
        camera=camera.section.id,
        fixture=camera.section.fixture,
        schedule=describe(camera.section.schedule),
        business_day=day,
        due=sum(1 for _ in due_times(camera.section.schedule, day, clockwork)),
        last_frame_age=max(0.0, (now - camera.last_frame).total_seconds()) if camera.last_frame else None,
        error=camera.error[:500],
    )


def _temperature() -> float | None:
    """The hottest sensor, in degrees Celsius; None where the platform shows none."""
    sensors: dict[str, list[Any]] = getattr(psutil, "sensors_temperatures", dict)()
    return max((reading.current for readings in sensors.values() for reading in readings), default=None)
