"""Signing in at a company's own provider (OpenID Connect)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from cloud_sink.api.gate import HOME, everybody
from cloud_sink.api.local import is_local
from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights.accounts import principal_of
from cloud_sink.rights.oidc import Provider, SignInError

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate

BOUND, BACK = "facings-sign-in", "facings-sign-in-next"
"""The cookies that tie a company's sign-in to the browser that began it, and that remember what page it wanted."""

_UNDER_WAY = 900
"""Seconds that such a cookie lives."""


class SignInWay(BaseModel):
    """A company's own sign-in."""

    id: str
    tenant: str
    address: str


class SignInWays(BaseModel):
    """How one can sign in."""

    password: bool
    providers: list[SignInWay]


def router(context: Context) -> APIRouter:
    """The endpoints that send a browser to its company and take it back."""
    routes = APIRouter(prefix="/api/v1", tags=["session"])
    http = context.config.http
    providers = {
        one.id: Provider(one, context.engine, f"{http.url or ''}/api/v1/sign-in/{one.id}/back") for one in http.oidc
    }

    @routes.get("/sign-in", dependencies=[everybody()])
    def sign_in_ways() -> SignInWays:
        """List how one can sign in."""
        ways = [SignInWay(id=one.id, tenant=one.tenant, address=f"/api/v1/sign-in/{one.id}") for one in http.oidc]
        return SignInWays(password=True, providers=ways)

    @routes.get(
        "/sign-in/{provider}",
        dependencies=[everybody()],
        status_code=HTTPStatus.FOUND,
        response_class=RedirectResponse,
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_GATEWAY, HTTPStatus.TOO_MANY_REQUESTS),
    )
    def begin_sign_in(
        request: Request,
        provider: Annotated[str, Path(pattern=SLUG)],
        back: Annotated[
            str, Query(alias="next", max_length=2000, description="the page to come back to: a path of ours")
        ] = HOME,
    ) -> RedirectResponse:
        """Send the browser to a company's own sign-in."""
        gate: Gate = request.app.state.gate
        gate.limit_sign_in(request)
        try:
            address, state = _provider(providers, provider).begin()
        except SignInError as error:
            raise Problem(HTTPStatus.BAD_GATEWAY, str(error)) from None
        response = RedirectResponse(address, HTTPStatus.FOUND)
        for name, value in ((BOUND, state), (BACK, quote(back if is_local(back) else HOME, safe=""))):
            response.set_cookie(
                name, value, max_age=_UNDER_WAY, httponly=True, secure=gate.settings.encrypted, samesite="lax"
            )
        return response

    @routes.get(
        "/sign-in/{provider}/back",
        dependencies=[everybody()],
        status_code=HTTPStatus.SEE_OTHER,
        response_class=RedirectResponse,
        responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED),
    )
    def end_sign_in(
        request: Request,
        provider: Annotated[str, Path(pattern=SLUG)],
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
        error: Annotated[str, Query(max_length=200)] = "",
    ) -> RedirectResponse:
        """Take the browser back from a company's own sign-in."""
        gate: Gate = request.app.state.gate
        if error or not code:
            raise Problem(HTTPStatus.UNAUTHORIZED, f"the provider says: {error or 'nothing'}")
        if not state or request.cookies.get(BOUND) != state:
            raise Problem(HTTPStatus.UNAUTHORIZED, "this sign-in was begun in another browser")
        try:
            user = _provider(providers, provider).end(state, code)
        except SignInError as failure:
            raise Problem(HTTPStatus.UNAUTHORIZED, str(failure)) from None
        signed_in = gate.accounts.open(user)
        request.state.who = principal_of(user)
        back = unquote(request.cookies.get(BACK, HOME))
        response = RedirectResponse(back if is_local(back) else HOME, HTTPStatus.SEE_OTHER)
        gate.end_session(request)
        gate.set_cookie(response, signed_in.token)
        for name in (BOUND, BACK):
            response.delete_cookie(name, httponly=True, secure=gate.settings.encrypted, samesite="lax")
        return response

    return routes


def _provider(providers: dict[str, Provider], name: str) -> Provider:
    if name not in providers:
        raise Problem(HTTPStatus.NOT_FOUND, f"no sign-in {name}")
    return providers[name]
