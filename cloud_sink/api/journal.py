"""Around every request: an id, a line in the log, counts, the audit log, and headers that keep browsers careful."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.concurrency import run_in_threadpool

from cloud_sink.api.metrics import REQUESTS, SECONDS
from cloud_sink.api.noted import Noted
from cloud_sink.api.problems import answer
from cloud_sink.store.audit_rows import Entry
from cloud_sink.store.database import DatabaseAway
from edge.contract.errors import one_line

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cloud_sink.rights.audit import AuditLog
    from cloud_sink.rights.roles import Principal

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
]
"""Unless a route sets its own: an answer of the API is read, never shown, framed or run."""

_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_QUIET = {"/healthz", "/readyz", "/metrics"}
_SECRET_PATH = re.compile(r"^(/welcome/|/api/v1/links/).+")
_SECRET_QUERY = re.compile(r"\b(code|state)=[^&]*")

_log = structlog.get_logger()


class Journal:
    """ASGI middleware around the application."""

    def __init__(self, app: ASGIApp, audit: AuditLog, *, encrypted: bool) -> None:
        self._app = app
        self._audit = audit
        self._headers = _HEADERS + ([(b"strict-transport-security", b"max-age=31536000")] if encrypted else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        request_id = said if _ID.match(said) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        turn = _Turn(scope, request_id)
        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self._serve(turn, receive, send)
            finally:
                turn.told()

    async def _serve(self, turn: _Turn, receive: Receive, send: Send) -> None:
        scope = turn.scope

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                turn.status = int(message["status"])
                await self._note(turn)
                known = {name for name, _ in message["headers"]}
                more = [(name, value) for name, value in self._headers if name not in known]
                message["headers"] = [*message["headers"], *more, (b"x-request-id", turn.request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, reply)
        except DatabaseAway as error:  # a change that cannot be audited is not confirmed
            _log.error("audit.failed", why=str(error))
            turn.status = HTTPStatus.SERVICE_UNAVAILABLE
            await answer(turn.status, "the database cannot be used now")(scope, receive, send)
        except Exception:
            _log.exception("http.failed", path=turn.target)
            if turn.status:  # the answer had begun: the connection ends with it
                raise
            turn.status = HTTPStatus.INTERNAL_SERVER_ERROR
            await answer(turn.status, "the sink failed; its log says why")(scope, receive, send)

    async def _note(self, turn: _Turn) -> None:
        """Enter it in the audit log: a change before its answer goes out, a reading soon."""
        if turn.scope["method"] not in _SAFE:
            await run_in_threadpool(self._audit.changed, turn.entry())
        elif turn.who is not None and turn.who.kind != "machine":
            await run_in_threadpool(self._audit.read, turn.entry())


class _Turn:
    """One request and what becomes of it."""

    def __init__(self, scope: Scope, request_id: str) -> None:
        self.scope = scope
        self.request_id = request_id
        self.status = 0
        self._began = time.perf_counter()

    @property
    def who(self) -> Principal | None:
        """Who asks, once that is known."""
        who: Principal | None = self.scope["state"].get("who")
        return who

    @property
    def target(self) -> str:
        """Path and query, without secrets, as one line."""
        query = _SECRET_QUERY.sub(r"\1=…", self.scope["query_string"].decode("latin-1"))
        target = _SECRET_PATH.sub(r"\1…", self.scope["path"]) + (f"?{query}" if query else "")
        return one_line(target)[:500]

    @property
    def route(self) -> str:
        """The route's own path; one word for what matched none, since anybody can invent paths."""
        route: Any = self.scope.get("route")
        return getattr(route, "path", "(none)")

    def entry(self) -> Entry:
        """As the audit log keeps it."""
        who, client, noted = self.who, self.scope.get("client"), self.scope["state"].get("noted", Noted())
        return Entry(
            tenant=(who and who.tenant) or noted.tenant,
            at=datetime.now(UTC),
            who=who.label if who else "(nobody)",
            address=client[0] if client else "",
            action=f"{self.scope['method']} {self.route}"[:200],
            target=self.target,
            status=self.status,
            request=self.request_id,
            what=one_line(noted.what)[:500],
        )

    def told(self) -> None:
        """Count and log it."""
        seconds = time.perf_counter() - self._began
        method = self.scope["method"] if self.scope["method"] in {*_SAFE, "POST", "PUT", "PATCH", "DELETE"} else "?"
        REQUESTS.labels(method, self.route, str(self.status)).inc()
        SECONDS.labels(self.route).observe(seconds)
        if self.scope["path"] not in _QUIET:
            _log.info(
                "http.request",
                method=method,
                path=self.target,
                status=self.status,
                ms=round(seconds * 1000, 1),
                who=self.who.label if self.who else None,
            )
