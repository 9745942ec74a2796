"""How long a request's body may be, whoever sends it: it is read before anybody asks who that is."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 6 * 1024 * 1024
"""Bytes: a photograph and some; corrections, users and keys have a few hundred."""


_SMALL = 256 * 1024
_SMALL_PATHS = frozenset({"/api/v1/provisioning", "/api/v1/renewal", "/api/v1/installations"})
"""Where devices, or whoever says to be one, tell little: they may not have us hold much."""


class BodyBounds:
    """ASGI middleware: a body that is longer ends its request with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        came = 0
        most = _SMALL if scope.get("path") in _SMALL_PATHS else MOST

        async def bounded() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {most} bytes")
            return message

        await self._app(scope, bounded if scope["type"] == "http" else receive, send)
