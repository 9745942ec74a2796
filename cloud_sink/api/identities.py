"""Which device is where, and was; moving it, retiring it, shutting it out."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Admin, Placing, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.orders import placer_of
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights.roles import Right
from cloud_sink.store import identities, orders, placements
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.leaving import shut_out
from cloud_sink.trust.placing import DAYS, Asked, Standing, standings
from edge.contract.names import Slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud_sink.api.context import Context
    from cloud_sink.rights.roles import Principal
    from cloud_sink.store.database import Transaction
    from cloud_sink.store.identities import Identity
    from cloud_sink.store.orders import Order

Device = Annotated[str, Path(pattern=SLUG)]


class OrderLine(BaseModel):
    """What a device is to do."""

    kind: Literal["move", "retire"]
    store: str
    fixture: str
    by: str
    reason: str
    made: datetime
    due: datetime | None = Field(description="when one that retires is shut out without its word")
    heard: datetime | None = Field(description="when the device was first told")
    state: Literal["open", "done", "refused", "cancelled", "late"]
    said: str = Field(description="by a device that refused")


class IdentityLine(BaseModel):
    """A device that was let in."""

    model_config = example(
        tenant="acme",
        device="unit-07",
        store="store-01",
        fixture="cooler-1",
        state="admitted",
        key="0" * 64,
        since="2026-01-02T03:04:05Z",
        expires="2027-01-02T03:04:05Z",
        order=None,
    )

    tenant: str
    device: str
    store: str
    fixture: str
    state: Standing
    key: str = Field(description="SHA-256 of its public key")
    since: datetime = Field(description="when this board was let in")
    expires: datetime = Field(description="when its certificate ends, if it is not renewed")
    order: OrderLine | None = Field(description="what it has still to do")


class IdentityPage(BaseModel):
    """Some devices, by tenant and name."""

    identities: list[IdentityLine]
    next: str | None


class PlacementLine(BaseModel):
    """A board of a device at a place."""

    store: str
    fixture: str
    key: str
    since: datetime
    until: datetime | None
    began: Literal["installed", "moved", "replaced", "repaired"]
    ended: Literal["moved", "replaced", "repaired", "revoked", "retired", "lost"] | None
    by: str
    reason: str


class IdentityHistory(BaseModel):
    """Where the boards of a device were, and what they were told; the newest first."""

    placements: list[PlacementLine]
    orders: list[OrderLine]


class MoveWanted(BaseModel):
    """Where a device is to stand."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"store": "store-02", "fixture": "cooler-1", "reason": ""}]}
    )

    store: Slug
    fixture: Slug
    reason: str = Field("", max_length=200)


class RetirementWanted(BaseModel):
    """How a device is to end."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 14, "reason": "sold"}]})

    at_once: bool = Field(False, description="it delivers nothing of what waits first")
    days: int = Field(DAYS, ge=0, le=365, description="after which it is shut out without its word")
    reason: str = Field("", max_length=200)


def router(context: Context) -> APIRouter:
    """The endpoints about where devices are."""
    routes = APIRouter(prefix="/api/v1/identities", tags=["devices"])
    _tell(routes, context)
    _order_about(routes, context)
    return routes


def _tell(routes: APIRouter, context: Context) -> None:
    """The endpoints that tell where devices are and were."""

    @routes.get("")
    def list_identities(
        who: Placing,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> IdentityPage:
        """List the devices that were let in: where each is, and what it is told to do."""
        key: Any = key_of(cursor, str, str)
        owner, now = tenant_of(who, tenant), datetime.now(UTC)
        with reading(context.engine) as connection:
            found = identities.listed(connection, owner, store=store, after=key, limit=limit + 1)
            ordered = {one.identity: one for one in orders.all_open(connection, owner)}
            states = standings(connection, found, ordered, now)
        shown, following = page(found, limit, lambda one: (one.tenant, one.device))
        lines = [_line(one, states[one.id], ordered.get(one.id)) for one in shown]
        return IdentityPage(identities=lines, next=following)

    @routes.get("/{device}/history", responses=described(HTTPStatus.NOT_FOUND))
    def get_history(who: Placing, device: Device, tenant: Tenant = None) -> IdentityHistory:
        """Which board of a device was where, from when until when, and what it was told."""
        owner = one_tenant(who, tenant)
        with reading(context.engine) as connection:
            known_device(connection, owner, device)
            placed = placements.history(connection, owner, device)
            told = orders.of_device(connection, owner, device)
        return IdentityHistory(
            placements=[PlacementLine.model_validate(one, from_attributes=True) for one in placed],
            orders=[_order(one) for one in told],
        )


def _order_about(routes: APIRouter, context: Context) -> None:
    """The endpoints that have devices move, retire and be shut out."""
    placer = placer_of(context)
    refusals = described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    known = partial(_check_known, context)

    @routes.post("/{device}/move", responses=refusals)
    def move(request: Request, who: Placing, device: Device, wanted: MoveWanted, tenant: Tenant = None) -> OrderLine:
        """Let a device stand elsewhere, with the key and certificate it has; it goes once it has heard of it."""
        owner, to = one_tenant(who, tenant), (wanted.store, wanted.fixture)
        known(owner, device)
        with refusing():
            order = placer.move(owner, device, to, Asked(who.label, wanted.reason), datetime.now(UTC))
        note(request, f"{device} to {wanted.store}/{wanted.fixture}", tenant=owner)
        return _order(order)

    @routes.post("/{device}/retirement", responses=refusals)
    def retire(
        request: Request, who: Admin, device: Device, wanted: RetirementWanted, tenant: Tenant = None
    ) -> OrderLine:
        """Have a device deliver what it holds, wipe itself and say so; then it is shut out."""
        owner = one_tenant(who, tenant)
        known(owner, device)
        asked, now = Asked(who.label, wanted.reason), datetime.now(UTC)
        with refusing():
            order = placer.retire(owner, device, asked, now, at_once=wanted.at_once, days=wanted.days)
        note(request, f"{device}{' at once' if wanted.at_once else ''}", tenant=owner)
        return _order(order)

    @routes.post("/{device}/recall", responses=refusals)
    def recall(request: Request, who: Placing, device: Device, tenant: Tenant = None) -> OrderLine:
        """Take back a move or a retirement that the device has not carried out; a retirement, who may order one."""
        owner = one_tenant(who, tenant)
        with reading(context.engine) as connection:
            may_recall(connection, who, known_device(connection, owner, device))
        with refusing():
            order = placer.cancel(owner, device, datetime.now(UTC))
        note(request, f"{device}: {order.kind}", tenant=owner)
        return _order(order)

    @routes.post("/{device}/revocation", responses=refusals, status_code=HTTPStatus.NO_CONTENT)
    def revoke(request: Request, who: Admin, device: Device, tenant: Tenant = None) -> None:
        """Let a device in no more, whatever it does: it is stolen, or gone."""
        owner = one_tenant(who, tenant)
        with writing(context.engine) as connection:
            shut_out(connection, known_device(connection, owner, device), datetime.now(UTC), context.stores)
        note(request, device, tenant=owner)


def _check_known(context: Context, tenant: str, device: str) -> None:
    with reading(context.engine) as connection:
        known_device(connection, tenant, device)


def known_device(connection: Transaction, tenant: str, device: str) -> Identity:
    """A device that was let in.

    Raises:
        Problem: 404, there is none of this name.
    """
    found = identities.of_device(connection, tenant, device)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"no device {device} was let in")
    return found


def may_recall(connection: Transaction, who: Principal, device: Identity) -> None:
    """Refuse whoever may not take back what a device is told.

    Raises:
        Problem: 403, it is to retire, and they may not order that.
    """
    order = orders.open_of(connection, device.id)
    if order is not None and order.kind == "retire" and not who.may(Right.ADMINISTER):
        raise Problem(HTTPStatus.FORBIDDEN, "who may have a device retire may take that back")


@contextmanager
def refusing() -> Iterator[None]:
    """What cannot be ordered is told with 409."""
    try:
        yield
    except TrustError as error:
        raise Problem(HTTPStatus.CONFLICT, str(error)) from None


def _line(one: Identity, state: Standing, order: Order | None) -> IdentityLine:
    return IdentityLine(
        tenant=one.tenant,
        device=one.device,
        store=one.store,
        fixture=one.fixture,
        state=state,
        key=one.key,
        since=one.made,
        expires=one.expires,
        order=None if order is None else _order(order),
    )


def _order(one: Order) -> OrderLine:
    return OrderLine(
        kind=one.kind,
        store=one.store,
        fixture=one.fixture,
        by=one.by,
        reason=one.reason,
        made=one.made,
        due=one.due,
        heard=one.handed,
        state=one.state,
        said=one.said,
    )
