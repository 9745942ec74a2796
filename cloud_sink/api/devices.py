"""The fleet: who spoke when, and how each device does."""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.store import ledger
from cloud_sink.store.database import reading
from cloud_sink.store.listing import StoredDevice, device_page
from edge.contract import ranges as ranged

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class DeviceLine(BaseModel):
    """A device that ever spoke."""

    model_config = example(
        tenant="acme",
        device="unit-07",
        store="store-01",
        zone="Asia/Ho_Chi_Minh",
        first_seen="2026-01-02T03:04:05Z",
        last_seen="2026-03-14T01:30:01Z",
        state="born",
        state_since="2026-03-10T00:00:00Z",
        health={"uptime": 360000, "outbox_depth": 0},
        health_at="2026-03-14T01:30:00Z",
    )

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


class DevicePage(BaseModel):
    """Some devices, by tenant and id."""

    devices: list[DeviceLine]
    next: str | None


class DeviceDetail(DeviceLine):
    """A device, and the events that it owes."""

    model_config = example(
        tenant="acme",
        device="unit-07",
        store="store-01",
        zone="Asia/Ho_Chi_Minh",
        first_seen="2026-01-02T03:04:05Z",
        last_seen="2026-03-14T01:30:01Z",
        state="born",
        state_since="2026-03-10T00:00:00Z",
        health={"uptime": 360000, "outbox_depth": 0},
        health_at="2026-03-14T01:30:00Z",
        missing_events=0,
    )

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
        with reading(context.engine) as connection:
            found = device_page(connection, tenant_of(who, tenant), store=store, after=after, limit=limit + 1)
        shown, following = page(found, limit, lambda one: (one.tenant, one.device))
        return DevicePage(devices=[DeviceLine.model_validate(_fields(one)) for one in shown], next=following)

    @routes.get("/{device}", responses=described(HTTPStatus.NOT_FOUND))
    def get_device(who: Figures, device: Annotated[str, Path(pattern=SLUG)], tenant: Tenant = None) -> DeviceDetail:
        """One device, and how many events it owes."""
        owner = one_tenant(who, tenant)
        with reading(context.engine) as connection:
            found = device_page(connection, owner, device=device, limit=1)
            holes = ledger.holes(connection, tenant=owner, devices=[device])
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, f"no device {device}")
        missing = sum(ranged.size(ranges) for ranges in holes.values())
        return DeviceDetail.model_validate(_fields(found[0]) | {"missing_events": missing})

    return routes


def _fields(one: StoredDevice) -> dict[str, object]:
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
    }
