"""The page behind a one-time link: a form that sets a password. Works without script."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, StringConstraints, ValidationError

from cloud_sink.api.gate import HOME, everybody
from cloud_sink.api.names import SLUG, PersonName
from cloud_sink.rights.accounts import AccountError, NoSuchLink, principal_of
from cloud_sink.rights.passwords import LEAST, MOST
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.visit import Taste

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate
    from cloud_sink.web.shell import Shell

PAGE = None

Token = Annotated[str, Path(max_length=100)]


class _Answers(BaseModel):
    """What the form asks for."""

    password: Annotated[str, StringConstraints(min_length=LEAST, max_length=MOST)]
    name: PersonName | None = None
    tenant: Annotated[str, StringConstraints(pattern=SLUG)] | None = None


def router(_context: Context, shell: Shell) -> APIRouter:
    """The page, and what its form is sent to."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/welcome/{token}", dependencies=[everybody()])
    def show(request: Request, token: Token) -> Response:
        """The form; looking at it uses nothing up."""
        return _form(shell, request, token)

    @routes.post("/welcome/{token}", dependencies=[everybody()])
    def follow(request: Request, token: Token, given: Form) -> Response:
        """Set the password and sign in."""
        gate: Gate = request.app.state.gate
        gate.limit_sign_in(request)
        try:
            answers = _Answers.model_validate(given)
            signed_in = gate.accounts.follow_link(
                token, answers.password, name=answers.name or "", tenant=answers.tenant or ""
            )
        except ValidationError as error:
            return _form(shell, request, token, str(error.errors()[0]["loc"][-1]), given)
        except NoSuchLink:
            return _form(shell, request, token)
        except AccountError:
            return _form(shell, request, token, "refused", given)
        request.state.who = principal_of(signed_in.user)
        response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
        gate.end_session(request)
        gate.set_cookie(response, signed_in.token)
        return response

    return routes


def _form(
    shell: Shell, request: Request, token: str, trouble: str = "", given: Mapping[str, str] | None = None
) -> Response:
    gate: Gate = request.app.state.gate
    taste = Taste.of(request)
    try:
        link, user = gate.accounts.look_at_link(token)
    except NoSuchLink:
        return shell.bare(taste, "error.html", status=HTTPStatus.NOT_FOUND, word="link", detail="")
    return shell.bare(
        taste,
        "welcome.html",
        status=HTTPStatus.CONFLICT if trouble else HTTPStatus.OK,
        user=user.name if user else "",
        tenant=user.tenant if user else link.tenant or "",
        trouble=trouble,
        given=given or {},
        least=LEAST,
        most=MOST,
        slug=SLUG,
    )
