"""What the page's server is asked and what it answers: requests, answers, and the way from one to the other."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Handler = Callable[["Request"], "Answer"]

MOST_BYTES = 16 * 1024
"""Of a body: a claim has less than 300, a name 120."""

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read whole."""

    method: str
    path: str  # without the query
    headers: Mapping[str, str] = field(default_factory=dict)  # by name in small letters
    body: bytes = b""
    token: str = ""  # of the session's cookie; empty: none

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            AnswerError: it is no JSON object.
        """
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise AnswerError(HTTPStatus.BAD_REQUEST, "unreadable")
        return told

    def text(self, key: str, *, longest: int) -> str:
        """A text of the body; empty where it is missing.

        Raises:
            AnswerError: it is none, or too long.
        """
        said = self.json().get(key, "")
        if not isinstance(said, str) or len(said) > longest:
            raise AnswerError(HTTPStatus.BAD_REQUEST, "unreadable")
        return said.strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: HTTPStatus = HTTPStatus.NO_CONTENT
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK) -> Answer:
        """JSON."""
        return cls(status, json.dumps(told, ensure_ascii=False).encode())


class AnswerError(Exception):
    """A request that is not done.

    Args:
        status: of HTTP.
        code: what the page has words for.
    """

    def __init__(self, status: HTTPStatus, code: str, **told: Any) -> None:
        super().__init__(code)
        self.answer = Answer.of({"error": code, **told}, status=status)


@dataclass(frozen=True, slots=True)
class Route:
    """What answers one method at one path."""

    handler: Handler
    open: bool = False  # also to whoever has not given the PIN


class Routes:
    """All there is. Nothing else is answered: there is no folder behind it.

    Args:
        routes: by method and path.
        knows: whether a token is the session's.
    """

    def __init__(self, routes: Mapping[tuple[str, str], Route], *, knows: Callable[[str], bool]) -> None:
        self._routes = routes
        self._knows = knows

    def answer(self, request: Request) -> Answer:
        """Whatever is asked gets an answer; without the session only what is open tells that it is there."""
        route = self._routes.get((request.method, request.path))
        known = request.token != "" and self._knows(request.token)
        if not known and (route is None or not route.open):
            return AnswerError(HTTPStatus.UNAUTHORIZED, "pin").answer
        if route is None:
            return AnswerError(HTTPStatus.NOT_FOUND, "nothing").answer
        try:
            return route.handler(request)
        except AnswerError as error:
            return error.answer
