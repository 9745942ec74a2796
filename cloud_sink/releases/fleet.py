"""What the devices of a fleet told last of their releases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cloud_sink.releases.rings import Standing
from cloud_sink.store.database import reading
from cloud_sink.store.listing import device_page
from edge.contract.releases import ReleaseHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloud_sink.store.database import Database
    from cloud_sink.store.listing import StoredDevice

_AT_ONCE = 2000


def fleet_of(engine: Database, tenant: str) -> list[Standing]:
    """Every device of a tenant that ever spoke."""
    found: list[Standing] = []
    after: tuple[str, str] | None = None
    with reading(engine) as connection:
        while page := device_page(connection, tenant, after=after, limit=_AT_ONCE):
            found += [standing_of(one) for one in page]
            after = page[-1].tenant, page[-1].device
    return found


def latest(fleet: Iterable[Standing]) -> int:
    """The greatest number of a release that any device runs, wants or refused; 0 where none told of one."""
    told = [one.release for one in fleet if one.release is not None]
    return max((number or 0 for one in told for number in (one.running, one.wanted, *one.set_aside)), default=0)


def standing_of(one: StoredDevice) -> Standing:
    """A device and how it stands to its release."""
    return Standing(one.device, one.store, one.last_seen, lost=one.state == "lost", release=release_of(one.health))


def release_of(health: str | None) -> ReleaseHealth | None:
    """What a health report says of releases; None where it says nothing that can be understood."""
    try:
        content = json.loads(health or "{}").get("release")
        return None if content is None else ReleaseHealth.model_validate(content)
    except (ValueError, AttributeError, ValidationError):
        return None
