"""Errors as problem+json (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from cloud_sink.evidence.place import EvidenceAway
from cloud_sink.evidence.room import EvidenceDamaged, EvidenceFull, EvidenceGoing
from cloud_sink.rights.accounts import AccountError
from cloud_sink.store.database import DatabaseAway

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the RFC's word
    """An answer that is not what was asked for: a status, what happened, and the mend."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail
        self.headers = headers
        super().__init__(detail)


class ProblemBody(BaseModel):
    """Why an answer is not what was asked for."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as a response."""
    body = ProblemBody(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE)


def described(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The problems of an endpoint, for its OpenAPI description."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""

    @app.exception_handler(Problem)
    def _problem(_request: Request, problem: Problem) -> JSONResponse:
        return answer(problem.status, problem.detail, problem.headers)

    @app.exception_handler(AccountError)
    def _account(_request: Request, error: AccountError) -> JSONResponse:
        return answer(HTTPStatus.CONFLICT, str(error))

    @app.exception_handler(DatabaseAway)
    def _away(_request: Request, _error: DatabaseAway) -> JSONResponse:
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, "the database cannot be used now", {"Retry-After": "5"})

    @app.exception_handler(EvidenceAway)
    def _evidence_away(_request: Request, _error: EvidenceAway) -> JSONResponse:  # the log says where and why
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, "photographs cannot be reached now", {"Retry-After": "30"})

    @app.exception_handler(EvidenceGoing)
    def _evidence_going(_request: Request, error: EvidenceGoing) -> JSONResponse:
        return answer(HTTPStatus.SERVICE_UNAVAILABLE, str(error), {"Retry-After": "60"})

    @app.exception_handler(EvidenceFull)
    def _evidence_full(_request: Request, error: EvidenceFull) -> JSONResponse:
        return answer(HTTPStatus.INSUFFICIENT_STORAGE, error.what)

    @app.exception_handler(EvidenceDamaged)
    def _evidence_damaged(_request: Request, error: EvidenceDamaged) -> JSONResponse:
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        headers = {"Allow": _allowed(request)} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else error.headers
        return answer(error.status_code, str(error.detail), headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg'].removeprefix('Value error, ')}")


def _allowed(request: Request) -> str:
    """The methods of all routes of a path: whichever route refused one knows only its own."""
    there = [one for one in request.app.state.routes if one.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for one in there for method in one.methods}))
