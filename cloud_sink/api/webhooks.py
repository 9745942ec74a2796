"""Webhooks of a tenant, for its admins."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cloud_sink.api.examples import asked, example
from cloud_sink.api.gate import Admin, one_tenant, tenant_of
from cloud_sink.api.names import Id, Tenant  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.out.post import AddressRefused, check_url
from cloud_sink.out.signing import new_secret
from cloud_sink.rights.roles import Principal  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.rights.secrets import new_id
from cloud_sink.store import outgoing
from cloud_sink.store.database import reading, writing
from cloud_sink.store.moments import now
from edge.contract.events import EVENT_TYPES

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

_MOST = 100
"""Webhooks of a tenant: each event is enqueued for every one that wants it."""

_PORT = r"6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3}"
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL = rf"^https?://{_LABEL}(\.{_LABEL}){{0,20}}(:({_PORT}))?([/?][!-\"$-~]*)?$"
_Type = Annotated[str, Field(pattern=f"^({'|'.join(map(re.escape, EVENT_TYPES))})$")]


class NewWebhook(BaseModel):
    """A webhook to make."""

    model_config = asked(url="https://erp.example.com/facings", types=["stockout.opened.v1", "stockout.closed.v1"])

    url: Annotated[str, Field(max_length=2000, pattern=_URL, description="https; a host's name, no password")]
    types: Annotated[list[_Type], Field(min_length=1, max_length=50)]


class WebhookLine(BaseModel):
    """A webhook, without its secret."""

    model_config = example(
        id="0b7c1e5f2a3d4c6e",
        tenant="acme",
        url="https://erp.example.com/facings",
        types=["stockout.opened.v1"],
        created="2026-03-14T01:00:00Z",
        by="user mai",
        disabled=False,
        trouble="",
        waiting=0,
    )

    id: str
    tenant: str
    url: str
    types: list[str]
    created: datetime
    by: str
    disabled: bool = Field(description="the receiver said 410 Gone")
    trouble: str = Field(description="what the last try met; empty when it was taken")
    waiting: int = Field(description="messages that are not taken yet")


class WebhookPage(BaseModel):
    """Some webhooks."""

    webhooks: list[WebhookLine]
    next: str | None


class MadeWebhook(BaseModel):
    """A webhook and the secret that signs its messages, shown once."""

    webhook: WebhookLine
    secret: str = Field(description="for the receiver's Standard Webhooks library")


def router(context: Context) -> APIRouter:
    """The endpoints of webhooks."""
    routes = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
    engine, allow_private = context.engine, context.config.webhooks.allow_private

    @routes.get("")
    def list_webhooks(who: Admin, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> WebhookPage:
        """List the webhooks, in the order of their ids."""
        key = key_of(cursor, str)
        with reading(engine) as connection:
            found = outgoing.webhooks(
                connection, tenant_of(who, tenant), after=str(key[0]) if key else "", limit=limit + 1
            )
            shown, following = page(found, limit, lambda one: (one.id,))
            lines = [_line(one, outgoing.waiting(connection, one.id)) for one in shown]
        return WebhookPage(webhooks=lines, next=following)

    @routes.post("", status_code=HTTPStatus.CREATED)
    def post_webhook(request: Request, who: Admin, new: NewWebhook, tenant: Tenant = None) -> MadeWebhook:
        """Send new events of some types to an address, from now on; each signed, and tried for days."""
        try:
            check_url(new.url, allow_private=allow_private)
        except AddressRefused as error:
            raise Problem(HTTPStatus.FORBIDDEN, f"body.url: {error}") from None
        made = outgoing.Outlet(
            id=new_id(),
            kind="webhook",
            tenant=one_tenant(who, tenant),
            types=tuple(sorted(set(new.types))),
            url=new.url,
            secret=new_secret(),
            created=now(),
            by=who.label,
        )
        with writing(engine) as connection:
            if len(outgoing.webhooks(connection, made.tenant, limit=_MOST)) == _MOST:
                raise Problem(HTTPStatus.CONFLICT, f"{made.tenant} has {_MOST} webhooks; delete one first")
            outgoing.put_outlet(connection, made)
        note(request, f"{urlsplit(made.url).netloc}: {', '.join(made.types)}")  # a path may hold the receiver's token
        return MadeWebhook(webhook=_line(made, 0), secret=made.secret)

    @routes.delete("/{webhook}", status_code=HTTPStatus.NO_CONTENT, responses=described(HTTPStatus.NOT_FOUND))
    def delete_webhook(request: Request, who: Admin, webhook: Id) -> None:
        """Delete a webhook, with what waits for it."""
        with writing(engine) as connection:
            found = _find(who, outgoing.find_outlet(connection, webhook), webhook)
            outgoing.remove_outlet(connection, webhook)
        note(request, urlsplit(found.url).netloc)

    return routes


def _find(who: Principal, found: outgoing.Outlet | None, name: str) -> outgoing.Outlet:
    if found is None or found.kind != "webhook" or not who.sees(found.tenant):
        raise Problem(HTTPStatus.NOT_FOUND, f"no webhook {name}")
    return found


def _line(one: outgoing.Outlet, waiting: int) -> WebhookLine:
    return WebhookLine(
        id=one.id,
        tenant=one.tenant,
        url=one.url,
        types=list(one.types),
        created=one.created,
        by=one.by,
        disabled=one.disabled,
        trouble=one.trouble,
        waiting=waiting,
    )
