"""How somebody likes pages: language, light or dark, and on the machine itself whose data. A browser remembers it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse

from cloud_sink.api.gate import HOME, everybody
from cloud_sink.api.local import is_local
from cloud_sink.api.names import SLUG
from cloud_sink.web.visit import LANGUAGE_COOKIE, TENANT_COOKIE, THEME_COOKIE

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate
    from cloud_sink.web.shell import Shell

PAGE = None

_YEAR = 365 * 86400


def router(_context: Context, _shell: Shell) -> APIRouter:
    """A link that remembers a choice and leads back."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/preferences", dependencies=[everybody()])
    def remember(
        request: Request,
        language: Annotated[str | None, Query(pattern="^(en|zh-CN)$")] = None,
        theme: Annotated[str | None, Query(pattern="^(auto|light|dark)$")] = None,
        tenant: Annotated[str | None, Query(pattern=SLUG)] = None,
    ) -> RedirectResponse:
        """Remember what is given. Rights do not follow from it: a tenant is only chosen among those one sees."""
        gate: Gate = request.app.state.gate
        response = RedirectResponse(_back(request), HTTPStatus.SEE_OTHER)
        for name, value in ((LANGUAGE_COOKIE, language), (THEME_COOKIE, theme), (TENANT_COOKIE, tenant)):
            if value is not None:
                response.set_cookie(
                    name, value, max_age=_YEAR, httponly=True, secure=gate.settings.encrypted, samesite="lax"
                )
        return response

    return routes


def _back(request: Request) -> str:
    """The page of ours that the link was on. Its address stands in no link: it may hold a one-time token."""
    came = urlsplit(request.headers.get("referer", ""))
    back = f"{came.path}?{came.query}" if came.query else came.path
    return back if came.netloc == request.headers.get("host") and is_local(back) else HOME
