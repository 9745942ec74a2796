"""Entity tags: an answer that the asker has already is told in one line (RFC 9110, If-None-Match)."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAGGED = {b"application/json", b"text/html; charset=utf-8"}


class EntityTags:
    """ASGI middleware: JSON and pages that are asked for by GET get a tag; whoever sends it back gets 304."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        known = dict(scope["headers"]).get(b"if-none-match", b"")
        held: list[Message] = []

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_taggable(message):
                held.append(message)
                return
            if held:
                start = held.pop()
                if not message.get("more_body", False):
                    start, message = _tagged(start, message, known)
                await send(start)
            await send(message)

        await self._app(scope, receive, reply)


def this_minute() -> datetime:
    """Until when figures are told: whoever asks again within the minute, and had them, is told so in one line."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def matches(known: str, tag: str) -> bool:
    """Whether a tag is one of those that `If-None-Match` lists."""
    return known.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in known.split(",")}


def _is_taggable(start: Message) -> bool:
    headers = dict(start["headers"])
    told = start["status"] == HTTPStatus.OK and headers.get(b"content-type") in _TAGGED
    return told and b"etag" not in headers and headers.get(b"cache-control") != b"no-store"


def _tagged(start: Message, body: Message, known: bytes) -> tuple[Message, Message]:
    tag = f'"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
    kept = [(name, value) for name, value in start["headers"] if name not in {b"cache-control", b"content-length"}]
    kept += [(b"etag", tag.encode()), (b"cache-control", b"private, no-cache"), (b"vary", b"Authorization, Cookie")]
    if known and matches(known.decode("latin-1"), tag):
        kept = [(name, value) for name, value in kept if name != b"content-type"]
        return {**start, "status": HTTPStatus.NOT_MODIFIED, "headers": kept}, {**body, "body": b""}
    length = (b"content-length", str(len(body.get("body", b""))).encode())
    return {**start, "headers": [*kept, length]}, body
