"""The fleet: who spoke when, and how each device does."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Admin, Figures, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.fleet.abreast import Kind, Verdict
from cloud_sink.fleet.known import health_of, known_of
from cloud_sink.store import clones, ledger
from cloud_sink.store.database import reading, writing
from cloud_sink.store.listing import StoredDevice, device_page
from edge.contract import ranges as ranged

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.fleet.known import Known


class DevicePart(BaseModel):
    """One thing that a device is to be, and what it says it is."""

    kind: Kind
    name: str = Field(description="which model, or of which fixture; empty where a device has one of it")
    desired: str | None = Field(description="null: nothing is desired, it is what it came with")
    reported: str | None
    verdict: Verdict
    said: str = Field(description="the device's own words")


class DeviceClone(BaseModel):
    """Two devices that speak under one name, with one identity."""

    since: datetime
    last: datetime = Field(description="when both were heard last")
    mark: Literal["boot", "epoch"] = Field(description="what came back though it never does with one device")


_EXAMPLE: dict[str, Any] = {
    "tenant": "acme",
    "device": "unit-07",
    "store": "store-01",
    "zone": "Asia/Ho_Chi_Minh",
    "first_seen": "2026-01-02T03:04:05Z",
    "last_seen": "2026-03-14T01:30:01Z",
    "state": "born",
    "state_since": "2026-03-10T00:00:00Z",
    "health": {"uptime": 360000, "outbox_depth": 0},
    "health_at": "2026-03-14T01:30:00Z",
    "parts": [
        {
            "kind": "release",
            "name": "",
            "desired": "7",
            "reported": "6",
            "verdict": "differs",
            "said": "waiting",
        }
    ],
    "clone": None,
    "conflicts": 0,
}


class DeviceLine(BaseModel):
    """A device that ever spoke."""

    model_config = example(**_EXAMPLE)

    tenant: str
    device: str
    store: str = Field(description="from where it spoke last")
    zone: str
    first_seen: datetime
    last_seen: datetime
    state: Literal["born", "offline", "lost"] | None
    state_since: datetime | None
    health: dict[str, Any] | None = Field(description="its last health report")
    health_at: datetime | None
    parts: list[DevicePart] = Field(description="desired against reported")
    clone: DeviceClone | None = Field(description="null: nothing shows that there are two")
    conflicts: int = Field(description="numbers that came twice with other bytes within a day: restored, or copied")


class DevicePage(BaseModel):
    """Some devices, by tenant and id."""

    devices: list[DeviceLine]
    next: str | None


class DeviceDetail(DeviceLine):
    """A device, and the events that it owes."""

    model_config = example(**_EXAMPLE, missing_events=0)

    missing_events: int = Field(description="asked for, not yet come")


def router(context: Context) -> APIRouter:
    """The endpoints about devices."""
    routes = APIRouter(prefix="/api/v1/devices", tags=["devices"])

    @routes.get("")
    def list_devices(
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> DevicePage:
        """List every device that ever spoke."""
        key = key_of(cursor, str, str)
        after = None if key is None else (str(key[0]), str(key[1]))
        owner, now = tenant_of(who, tenant), datetime.now(UTC)
        with reading(context.engine) as connection:
            found = device_page(connection, owner, store=store, after=after, limit=limit + 1)
            known = known_of(connection, context.config, owner, now, devices=[one.device for one in found])
        shown, following = page(found, limit, lambda one: (one.tenant, one.device))
        lines = [DeviceLine.model_validate(_fields(one, known, now)) for one in shown]
        return DevicePage(devices=lines, next=following)

    @routes.get("/{device}", responses=described(HTTPStatus.NOT_FOUND))
    def get_device(who: Figures, device: Annotated[str, Path(pattern=SLUG)], tenant: Tenant = None) -> DeviceDetail:
        """One device, and how many events it owes."""
        owner, now = one_tenant(who, tenant), datetime.now(UTC)
        with reading(context.engine) as connection:
            found = device_page(connection, owner, device=device, limit=1)
            known = known_of(connection, context.config, owner, now, devices=[device])
            holes = ledger.holes(connection, tenant=owner, devices=[device])
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, f"no device {device}")
        missing = sum(ranged.size(ranges) for ranges in holes.values())
        return DeviceDetail.model_validate(_fields(found[0], known, now) | {"missing_events": missing})

    @routes.delete("/{device}/clone", status_code=HTTPStatus.NO_CONTENT, responses=described(HTTPStatus.NOT_FOUND))
    def clear_clone(
        request: Request, who: Admin, device: Annotated[str, Path(pattern=SLUG)], tenant: Tenant = None
    ) -> None:
        """Say that of a copied device only one is left; while both speak they are found again within minutes.

        Revoking the device, and inviting a board anew with `replaces`, do the same by themselves.
        """
        owner, now = one_tenant(who, tenant), datetime.now(UTC)
        with writing(context.engine) as connection:
            if not device_page(connection, owner, device=device, limit=1):
                raise Problem(HTTPStatus.NOT_FOUND, f"no device {device}")
            cleared = clones.clear(connection, owner, device, by=who.label, now=now)
        note(request, f"device {device}: {'one again' if cleared else 'was no copy'}", tenant=owner)

    return routes


def _fields(one: StoredDevice, known: Known, now: datetime) -> dict[str, object]:
    clone, doubt = known.clone(one), known.doubt(one)
    return {
        "tenant": one.tenant,
        "device": one.device,
        "store": one.store,
        "zone": one.zone,
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
        "state": one.state,
        "state_since": one.state_at,
        "health": None if one.health is None else json.loads(one.health),
        "health_at": one.health_at,
        "parts": [asdict(part) for part in known.parts(one, health_of(one.health), now)],
        "clone": None if clone is None else {"since": clone.since, "last": clone.last, "mark": clone.mark},
        "conflicts": 0 if doubt is None else doubt.conflicts,
    }
