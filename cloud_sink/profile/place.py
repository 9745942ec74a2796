"""Place: what a store is, and what stands in it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cloud_sink.profile.model import DevicePortrait, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloud_sink.profile.build import Question
    from cloud_sink.store.place import DeviceRow


def place(devices: Iterable[DeviceRow], question: Question) -> Place:
    """The store's master data, null where nobody described it, its contracts and devices."""
    section, hours = question.section, question.openings[question.days[-1]]
    return Place(
        name=section.name if section else None,
        chain=section.chain if section else None,
        channel=section.channel if section else None,
        city=section.city if section else None,
        store_class=section.store_class if section else None,
        area_m2=section.area_m2 if section else None,
        representative=section.representative if section else None,
        gln=section.gln if section else None,
        latitude=section.latitude if section else None,
        longitude=section.longitude if section else None,
        zone=str(question.clockwork.zone),
        opens=hours.since,
        closes=hours.until,
        contracts=list(question.contracts),
        devices=[_device(row) for row in devices],
    )


def _device(row: DeviceRow) -> DevicePortrait:
    health = None if row.health is None else json.loads(row.health)
    return DevicePortrait(
        device=row.device,
        state=row.state,
        state_since=row.state_at,
        last_seen=row.last_seen,
        missing_events=row.missing,
        health=health,
        health_at=row.health_at,
        uptime_seconds=health.get("uptime") if health else None,
    )
