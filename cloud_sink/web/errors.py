"""What went wrong, told to people: a browser that asked for a page gets one."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from cloud_sink.api.problems import MEDIA_TYPE
from cloud_sink.web.visit import Taste

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cloud_sink.web.shell import Shell

_TOLD = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
"""Statuses with words of their own."""

_OF_THE_PROBLEM = {"content-type", "content-length", "content-security-policy", "referrer-policy", "vary"}
"""Headers that the page has of its own."""


class ErrorPages:
    """ASGI middleware: a problem becomes a page for who reads pages; who is not signed in is led to where one is."""

    def __init__(self, app: ASGIApp, shell: Shell) -> None:
        self._app = app
        self._shell = shell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _reads_pages(scope):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_problem(message):
                held.append(message)
            elif not held:
                await send(message)
            elif not message.get("more_body", False):
                start = held.pop()
                await self._page(scope, start, message["body"])(scope, receive, send)

        await self._app(scope, receive, reply)

    def _page(self, scope: Scope, start: Message, body: bytes) -> Response:
        request, status = Request(scope), HTTPStatus(start["status"])
        kept = {
            name: value
            for name, value in ((one.decode(), two.decode("latin-1")) for one, two in start["headers"])
            if name not in _OF_THE_PROBLEM
        }
        taste = Taste.of(request)
        if status is HTTPStatus.UNAUTHORIZED:
            return _to_sign_in(request, taste)
        detail = str(json.loads(body).get("detail", ""))
        answer = self._shell.bare(taste, "error.html", status=status, word=_word(status), detail=detail)
        answer.headers.update(kept)
        return answer


def _word(status: HTTPStatus) -> str:
    if status in _TOLD:
        return status.name.lower()
    return "failed" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"


def _to_sign_in(request: Request, taste: Taste) -> Response:
    if "hx-request" in request.headers:  # a part of a page must not be replaced by another page
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": "/sign-in"})
    back = taste.address if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}", HTTPStatus.SEE_OTHER)


def _reads_pages(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    path: str = scope["path"]
    wants = b"text/html" in headers.get(b"accept", b"") or b"hx-request" in headers
    return wants and not path.startswith(("/api/", "/assets/"))


def _is_problem(start: Message) -> bool:
    return dict(start["headers"]).get(b"content-type") == MEDIA_TYPE.encode()
