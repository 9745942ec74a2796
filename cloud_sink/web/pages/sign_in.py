"""Signing in and out."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from cloud_sink.api.gate import HOME, Anybody, everybody
from cloud_sink.api.local import is_local
from cloud_sink.api.names import SLUG
from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.rights.accounts import principal_of
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.visit import Taste

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate
    from cloud_sink.web.shell import Shell

PAGE = None

Next = Annotated[str, Query(alias="next", max_length=2000)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The form, what it is sent to, and the way out."""
    routes = APIRouter(include_in_schema=False)
    providers = context.config.http.oidc

    def form(request: Request, status: HTTPStatus, back: str, given: Mapping[str, str], trouble: str) -> Response:
        return shell.bare(
            Taste.of(request),
            "sign_in.html",
            status=status,
            providers=providers,
            back=back,
            given=given,
            trouble=trouble,
        )

    @routes.get("/sign-in", dependencies=[everybody()])
    def show(request: Request, back: Next = HOME) -> Response:
        """The form; where no users are kept, nobody needs it."""
        gate: Gate = request.app.state.gate
        if gate.open_to_machine:
            return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
        return form(request, HTTPStatus.OK, back if is_local(back) else HOME, {}, "")

    @routes.post("/sign-in", dependencies=[everybody()])
    def sign_in(request: Request, given: Form) -> Response:
        """Begin a session."""
        gate: Gate = request.app.state.gate
        back = given.get("next", HOME)
        back = back if is_local(back) else HOME
        tenant, name, password = (given.get(field, "")[:400] for field in ("tenant", "name", "password"))
        note(request, name, tenant=tenant if re.fullmatch(SLUG, tenant) else "")
        try:
            gate.limit_sign_in(request, f"{tenant}/{name}")
        except Problem as problem:
            answer = form(request, problem.status, back, given, "often")
            answer.headers.update(problem.headers or {})
            return answer
        signed_in = gate.accounts.sign_in(tenant.strip(), name.strip(), password)
        if signed_in is None:
            return form(request, HTTPStatus.UNAUTHORIZED, back, given, "wrong")
        request.state.who = principal_of(signed_in.user)
        response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
        gate.end_session(request)
        gate.set_cookie(response, signed_in.token)
        return response

    @routes.post("/sign-out")
    def sign_out(request: Request, _who: Anybody) -> Response:
        """End the session."""
        gate: Gate = request.app.state.gate
        response = Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": "/sign-in"})
        token = gate.session_of(request)
        if token:
            gate.accounts.close(token)
            gate.drop_cookie(response)
        return response

    return routes
