"""Whether the service lives, and whether it can do its work."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from cloud_sink.api.gate import everybody
from cloud_sink.api.problems import Problem, described
from cloud_sink.store.database import is_answering

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class Health(BaseModel):
    """One word."""

    status: Literal["ok"] = "ok"


def router(context: Context) -> APIRouter:
    """The endpoints for whoever watches the service."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", dependencies=[everybody()])
    def healthz() -> Health:
        """The process answers."""
        return Health()

    @routes.get("/readyz", dependencies=[everybody()], responses=described(HTTPStatus.SERVICE_UNAVAILABLE))
    def readyz() -> Health:
        """Events that are sent now are received and stored, and the database answers."""
        if not context.ready():
            detail = "events wait in the outboxes: no broker, a database that cannot be written, or a clock never set"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)
        if not is_answering(context.engine):
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer")
        return Health()

    return routes
