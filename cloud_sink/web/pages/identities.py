"""Where devices are and were: each moves to another place, retires, or is shut out from here."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from cloud_sink.api.identities import known_device, may_recall, refusing
from cloud_sink.api.names import SLUG
from cloud_sink.api.noted import note
from cloud_sink.api.orders import placer_of
from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import Right
from cloud_sink.store import identities, orders, placements
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.leaving import shut_out
from cloud_sink.trust.placing import Asked, standings
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.visit import Admin, Placing  # noqa: TC001 - as above

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell
    from cloud_sink.web.visit import Visit

PAGE = Page("identities", "/identities", icon="map", group="setup", order=55, right=Right.PLACE)

_ON_A_PAGE = 100

Device = Annotated[str, Path(pattern=SLUG)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The pages of places."""
    routes = APIRouter(include_in_schema=False)
    placer = placer_of(context)

    def told(request: Request, visit: Visit, what: str) -> Response:
        note(request, what, tenant=visit.tenant)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    @routes.get("/identities")
    def show(
        visit: Placing,
        search: Annotated[str, Query(max_length=100)] = "",
        after: Annotated[str | None, Query(pattern=SLUG)] = None,
    ) -> Response:
        """Devices that were let in, by name; whose name or place holds what is searched."""
        behind = None if after is None else (visit.tenant, after)
        with reading(context.engine) as connection:
            found = identities.listed(connection, visit.tenant, search=search, after=behind, limit=_ON_A_PAGE + 1)
            ordered = {one.identity: one for one in orders.all_open(connection, visit.tenant)}
            states = standings(connection, found, ordered, visit.now)
        return shell.page(
            visit,
            "identities.html",
            here="identities",
            devices=found[:_ON_A_PAGE],
            more=found[_ON_A_PAGE - 1].device if len(found) > _ON_A_PAGE else None,
            ordered=ordered,
            states=states,
            names=_names(context, visit),
            search=search,
        )

    @routes.get("/identities/{device}")
    def look(visit: Placing, device: Device) -> Response:
        """One device: where its boards were, what it was told, and what it may be told."""
        with reading(context.engine) as connection:
            found = known_device(connection, visit.tenant, device)
            order = orders.open_of(connection, found.id)
            states = standings(connection, [found], {} if order is None else {found.id: order}, visit.now)
            placed = placements.history(connection, visit.tenant, device)
            past = orders.of_device(connection, visit.tenant, device)
        spots = [(store, one) for store in context.stores.described for one in store.fixtures]
        return shell.page(
            visit,
            "identity.html",
            here="identities",
            device=found,
            state=states[found.id],
            order=order,
            placed=placed,
            refused=next((one for one in past if one.state == "refused"), None) if order is None else None,
            spots=[(store, one) for store, one in spots if store.tenant == visit.tenant],
            names=_names(context, visit),
        )

    @routes.post("/identities/{device}/move")
    def move(request: Request, visit: Placing, device: Device, given: Form) -> Response:
        """Let it stand elsewhere."""
        store, _, fixture = given.get("spot", "").partition("/")
        with reading(context.engine) as connection:
            known_device(connection, visit.tenant, device)
        asked = Asked(visit.who.label, given.get("reason", ""))
        with refusing():
            placer.move(visit.tenant, device, (store, fixture), asked, visit.now)
        return told(request, visit, f"{device} to {store}/{fixture}"[:300])

    @routes.post("/identities/{device}/retirement")
    def retire(request: Request, visit: Admin, device: Device, given: Form) -> Response:
        """Have it deliver, wipe itself and say so; whoever asks has typed its name."""
        if given.get("name", "").strip() != device:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, visit.t("identities.type_name", device=device))
        with reading(context.engine) as connection:
            known_device(connection, visit.tenant, device)
        asked = Asked(visit.who.label, given.get("reason", ""))
        with refusing():
            placer.retire(visit.tenant, device, asked, visit.now, at_once="at_once" in given)
        return told(request, visit, f"{device} retires")

    @routes.post("/identities/{device}/recall")
    def recall(request: Request, visit: Placing, device: Device) -> Response:
        """Take back what it has not carried out."""
        with reading(context.engine) as connection:
            may_recall(connection, visit.who, known_device(connection, visit.tenant, device))
        with refusing():
            order = placer.cancel(visit.tenant, device, visit.now)
        return told(request, visit, f"{device}: {order.kind}")

    @routes.post("/identities/{device}/revocation")
    def revoke(request: Request, visit: Admin, device: Device) -> Response:
        """Let it in no more, whatever it does."""
        with writing(context.engine) as connection:
            shut_out(connection, known_device(connection, visit.tenant, device), visit.now, context.stores)
        return told(request, visit, f"{device} shut out")

    return routes


def _names(context: Context, visit: Visit) -> dict[str, str]:
    return {store.id: store.name for store in context.stores.described if store.tenant == visit.tenant}
