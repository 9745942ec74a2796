"""What was refused, with its bytes and the reason."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Inspector, tenant_of
from cloud_sink.api.names import Tenant  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.collect.replay import replay
from cloud_sink.store.database import reading
from cloud_sink.store.quarantine import HeldRow, listed

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class HeldLine(BaseModel):
    """A message that is no event here, or contradicts one."""

    model_config = example(
        id=3,
        tenant="acme",
        store="store-01",
        device="unit-07",
        epoch="6f0c…",
        seq=17,
        reason="invalid",
        detail="data.fixture: Field required",
        received="2026-03-14T01:30:01Z",
        body="eyJzcGVjdmVyc2lvbiI6…",
    )

    id: int
    tenant: str
    store: str
    device: str
    epoch: str | None = Field(description="null when nobody could tell")
    seq: int | None
    reason: str
    detail: str
    received: datetime
    body: str = Field(description="the bytes, as base64: they need not be text")


class HeldPage(BaseModel):
    """Some of what was refused, the oldest first."""

    messages: list[HeldLine]
    next: str | None


class Replayed(BaseModel):
    """What became of it."""

    model_config = example(taken=3, kept=1)

    taken: int = Field(description="messages that are events now, and are stored")
    kept: int = Field(description="messages that stay")


def router(context: Context) -> APIRouter:
    """The endpoints of the quarantine."""
    routes = APIRouter(prefix="/api/v1/quarantine", tags=["facts"])

    @routes.get("")
    def list_quarantine(who: Inspector, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> HeldPage:
        """List what was refused and why, the oldest first."""
        key = key_of(cursor, int)
        with reading(context.engine) as connection:
            found = listed(connection, tenant=tenant_of(who, tenant), after=int(key[0]) if key else 0, limit=limit + 1)
        shown, following = page(found, limit, lambda row: (row.id,))
        return HeldPage(messages=[_line(row) for row in shown], next=following)

    @routes.post("/replay")
    def post_replay(who: Inspector, tenant: Tenant = None) -> Replayed:
        """Read what was refused again, after an upgrade; what is an event now is stored."""
        done = replay(context.engine, context.stores, tenant=tenant_of(who, tenant))
        return Replayed(taken=done.taken, kept=done.kept)

    return routes


def _line(row: HeldRow) -> HeldLine:
    return HeldLine(
        id=row.id,
        tenant=row.tenant,
        store=row.store,
        device=row.device,
        epoch=row.epoch or None,
        seq=row.seq or None,
        reason=row.reason,
        detail=row.detail,
        received=row.received,
        body=base64.b64encode(row.body).decode(),
    )
