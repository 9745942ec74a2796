"""Signing in and out: by password, and by one-time link."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from cloud_sink.api.examples import asked, example
from cloud_sink.api.gate import Anybody, everybody
from cloud_sink.api.names import SLUG, PersonName
from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights.accounts import NoSuchLink, SignedIn, principal_of
from cloud_sink.rights.roles import Principal, Role
from cloud_sink.rights.secrets import csrf_of

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate

_Secret = Annotated[str, Field(min_length=1, max_length=400)]
_Slug = Annotated[str, Field(pattern=SLUG)]


class SignIn(BaseModel):
    """A user and the password."""

    model_config = asked(tenant="acme", name="mai", password="correct horse battery")  # noqa: S106 - an example

    tenant: _Slug
    name: PersonName
    password: _Secret


class Followed(BaseModel):
    """What a one-time link is followed with."""

    model_config = asked(password="correct horse battery")  # noqa: S106 - an example

    password: _Secret = Field(description="12 to 200 characters")
    name: PersonName | None = Field(None, description="of a first admin")
    tenant: _Slug | None = Field(None, description="of a first admin, where the link does not say it")


class Me(BaseModel):
    """Who asks."""

    model_config = example(kind="user", name="mai", tenant="acme", role="merchandiser", csrf="5f1d…")

    kind: Literal["machine", "user", "key"]
    name: str
    tenant: str | None = Field(description="null: this machine's people see all")
    role: Role
    csrf: str | None = Field(description="to be sent as X-CSRF-Token with each change, where a session asks")


def router(_context: Context) -> APIRouter:
    """The endpoints of one's own session."""
    routes = APIRouter(prefix="/api/v1", tags=["session"])

    @routes.get("/session")
    def get_session(request: Request, who: Anybody) -> Me:
        """Say who asks, and with what rights."""
        return _me(request, who)

    @routes.post(
        "/session",
        dependencies=[everybody()],
        responses=described(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS),
    )
    def post_session(request: Request, response: Response, given: SignIn) -> Me:
        """Sign in by password; the session travels in a cookie."""
        gate: Gate = request.app.state.gate
        note(request, given.name, tenant=given.tenant)
        gate.limit_sign_in(request, f"{given.tenant}/{given.name}")
        signed_in = gate.accounts.sign_in(given.tenant, given.name, given.password)
        if signed_in is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "tenant, name or password is wrong")
        return _welcome(request, response, signed_in)

    @routes.delete("/session", status_code=HTTPStatus.NO_CONTENT)
    def delete_session(request: Request, response: Response, _who: Anybody) -> None:
        """Sign out."""
        gate: Gate = request.app.state.gate
        token = gate.session_of(request)
        if token:
            gate.accounts.close(token)
            gate.drop_cookie(response)

    @routes.post(
        "/links/{token}",
        dependencies=[everybody()],
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
    )
    def follow_link(
        request: Request, response: Response, token: Annotated[str, Path(max_length=100)], given: Followed
    ) -> Me:
        """Set one's password by a one-time link, and sign in."""
        gate: Gate = request.app.state.gate
        gate.limit_sign_in(request)
        try:
            signed_in = gate.accounts.follow_link(
                token, given.password, name=given.name or "", tenant=given.tenant or ""
            )
        except NoSuchLink as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return _welcome(request, response, signed_in)

    return routes


def _welcome(request: Request, response: Response, signed_in: SignedIn) -> Me:
    gate: Gate = request.app.state.gate
    gate.end_session(request)
    gate.set_cookie(response, signed_in.token)
    who = request.state.who = principal_of(signed_in.user)
    return _describe(who, signed_in.token)


def _me(request: Request, who: Principal) -> Me:
    gate: Gate = request.app.state.gate
    return _describe(who, gate.session_of(request) if who.kind == "user" else None)


def _describe(who: Principal, token: str | None) -> Me:
    return Me(
        kind=who.kind, name=who.name, tenant=who.tenant, role=who.role, csrf=None if token is None else csrf_of(token)
    )
