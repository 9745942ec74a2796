"""Alerts that were said and are not over."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.store import alert_rows
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class AlertLine(BaseModel):
    """An alert."""

    model_config = example(
        rule="cola-out",
        tenant="acme",
        store="store-01",
        subject="unit-07/cooler-1-3",
        text="Out of stock: Lurra Cola 330 ml on cooler-1",
        since="2026-03-14T01:30:00Z",
        told="2026-03-14T01:40:00Z",
    )

    rule: str
    tenant: str
    store: str
    subject: str
    text: str
    since: datetime
    told: datetime = Field(description="when it was said")


class AlertPage(BaseModel):
    """Some alerts."""

    alerts: list[AlertLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoint of alerts."""
    routes = APIRouter(prefix="/api/v1/alerts", tags=["stores"])

    @routes.get("")
    def list_alerts(
        *,
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> AlertPage:
        """List alerts that were said and are not over."""
        key = key_of(cursor, str, str, str, str)
        after = None if key is None else (str(key[0]), str(key[1]), str(key[2]), str(key[3]))
        with reading(context.engine) as connection:
            found = alert_rows.listed(connection, tenant_of(who, tenant), store=store, after=after, limit=limit + 1)
        shown, following = page(found, limit, lambda row: (row["rule"], row["tenant"], row["store"], row["subject"]))
        return AlertPage(alerts=[AlertLine.model_validate(row) for row in shown], next=following)

    return routes
