"""Devices that are to come: claims with their labels, who waits for a yes, and how installations went."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from markupsafe import Markup
from pydantic import ValidationError

from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import Right
from cloud_sink.store import installations, invitation_rows
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.inviting import Inviter, Terms, Wanted
from cloud_sink.trust.keyring import Vault
from cloud_sink.trust.labels import qr_svg
from cloud_sink.trust.registrar import Registrar
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.visit import Admin  # noqa: TC001 - as above

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("invitations", "/invitations", icon="key", group="setup", order=50, right=Right.ADMINISTER)

_SHOWN = 100
_HOURS = {"1", "24", "72", "336"}

Invitation = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


def router(context: Context, shell: Shell) -> APIRouter:
    """The page of claims and installations."""
    routes = APIRouter(include_in_schema=False)
    vault = Vault(context.engine, context.config.trust.passphrase_file)
    registrar = Registrar(context.engine, vault, context.stores, context.config)

    def inviter() -> Inviter:
        vault.open()
        return Inviter(context.engine, registrar, context.stores, context.config)

    @routes.get("/invitations")
    def show(visit: Admin) -> Response:
        """The newest claims, the newest installations, and what is missing before any can be made."""
        with reading(context.engine) as connection:
            claims = invitation_rows.listed(connection, visit.tenant, limit=_SHOWN)
            installed = installations.listed(connection, visit.tenant, limit=_SHOWN)
        missing = ""
        try:
            inviter()
        except TrustError as error:
            missing = str(error)
        spots = [(store, one) for store in context.stores.described for one in store.fixtures]
        return shell.page(
            visit,
            "invitations.html",
            here="invitations",
            missing=missing,
            waiting=[one for one in claims if one.state == "pending" and one.expires > visit.now],
            claims=claims,
            installed=installed,
            spots=[(store, one) for store, one in spots if store.tenant == visit.tenant],
            names={store.id: store.name for store in context.stores.described if store.tenant == visit.tenant},
        )

    @routes.post("/invitations")
    def invite(request: Request, visit: Admin, given: Form) -> Response:
        """Make a claim; its label is shown once."""
        store, _, fixture = given.get("spot", "").partition("/")
        hours = given.get("hours", "")
        if hours not in _HOURS:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"hours is one of {', '.join(sorted(_HOURS, key=int))}")
        terms = Terms(
            visit.tenant,
            visit.who.label,
            timedelta(hours=int(hours)),
            approval="approval" in given,
            replaces="replaces" in given,
            repairs="repairs" in given,
            reason=given.get("reason", ""),
        )
        try:
            wanted = Wanted(store=store, fixture=fixture, device=given.get("device", "").strip() or None)
            (made,) = inviter().invite([wanted], terms, now=visit.now)
        except ValidationError:
            said = "name a fixture as store/fixture, and a device by small letters, digits, - and _"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, said) from None
        except TrustError as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        note(request, f"claim {made.invitation.id} for {made.invitation.device}", tenant=visit.tenant)
        code = Markup(qr_svg(made.claim.text))  # noqa: S704 - drawn here, of letters that need no escape
        answer = shell.part(visit, "invitation_label.html", made=made, code=code)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @routes.post("/invitations/{invitation}/approval")
    def approve(request: Request, visit: Admin, invitation: Invitation) -> Response:
        """Let in the device that waits with this claim."""
        _decide(context, request, visit, invitation, "approved")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    @routes.post("/invitations/{invitation}/cancellation")
    def cancel(request: Request, visit: Admin, invitation: Invitation) -> Response:
        """Take a claim back."""
        _decide(context, request, visit, invitation, "cancelled")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    return routes


_SINCE = {"approved": ("pending",), "cancelled": ("open", "pending", "approved")}


def _decide(context: Context, request: Request, visit: Admin, invitation: str, state: str) -> None:
    with writing(context.engine) as connection:
        found = invitation_rows.find(connection, invitation)
        if found is None or found.tenant != visit.tenant:
            raise Problem(HTTPStatus.NOT_FOUND, f"no invitation {invitation}")
        by, since = visit.who.label, _SINCE[state]
        if not invitation_rows.decide(connection, invitation, state=state, by=by, since=since):
            raise Problem(HTTPStatus.CONFLICT, f"this invitation is {found.state}")
    note(request, f"claim {invitation} for {found.device}: {state}", tenant=visit.tenant)
