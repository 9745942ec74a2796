"""Who read or changed what, for a tenant's admins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Admin, tenant_of
from cloud_sink.api.names import Tenant  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.store import audit_rows
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class AuditLine(BaseModel):
    """Somebody read or changed something."""

    model_config = example(
        id=17,
        tenant="acme",
        at="2026-03-14T01:00:00Z",
        who="user mai",
        address="203.0.113.7",
        action="GET /api/v1/evidence/{sha256}",
        target="/api/v1/evidence/9f86…",
        status=200,
        request="0adb4298cb5c7f38",
        what="",
    )

    id: int
    tenant: str
    at: datetime
    who: str
    address: str
    action: str = Field(description="method and route")
    target: str = Field(description="path and query, without secrets")
    status: int
    request: str = Field(description="the id that the log and the answer carry")
    what: str = Field(description="what was changed, or who was tried, where the path does not say")


class AuditPage(BaseModel):
    """Some entries, the newest first."""

    entries: list[AuditLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoint of the audit log."""
    routes = APIRouter(prefix="/api/v1/audit", tags=["users"])

    @routes.get("")
    def list_audit(who: Admin, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> AuditPage:
        """List who read or changed what, the newest first."""
        key = key_of(cursor, int)
        with reading(context.engine) as connection:
            found = audit_rows.listed(
                connection, tenant_of(who, tenant), before=int(key[0]) if key else None, limit=limit + 1
            )
        shown, following = page(found, limit, lambda row: (row[0],))
        lines = [
            AuditLine(
                id=number,
                tenant=entry.tenant,
                at=entry.at,
                who=entry.who,
                address=entry.address,
                action=entry.action,
                target=entry.target,
                status=entry.status,
                request=entry.request,
                what=entry.what,
            )
            for number, entry in shown
        ]
        return AuditPage(entries=lines, next=following)

    return routes
