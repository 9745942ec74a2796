"""The REST API. On loopback and without credentials."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request

from cloud_sink.api import evidence, health, problems, stores
from cloud_sink.api.problems import Problem

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

VERSION = "1"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def asked_of_this_machine(request: Request) -> None:
    """Refuse a request that was meant for another host: a page in a browser here must not read a shop's figures.

    A name that its owner points at 127.0.0.1 makes our answers the page's own; its `Host` gives it away.
    """
    host = request.headers.get("host", "")
    name = host[: host.rfind(":")] if ":" in host.rpartition("]")[2] else host
    if name not in LOOPBACK:
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, "this service answers to 127.0.0.1 and localhost only")


def make_app(context: Context) -> FastAPI:
    """The application over one open database."""
    # No documentation pages: theirs load scripts from elsewhere, and a sink works without a network.
    app = FastAPI(
        title="facings sink",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(asked_of_this_machine)],
    )
    problems.install(app)
    for part in (health, stores, evidence):
        app.include_router(part.router(context))
    return app
