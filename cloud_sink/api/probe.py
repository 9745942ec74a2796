"""What `sink collect` answers: whether it lives, whether it collects, and its counts. It tells nothing of anybody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute

from cloud_sink.api import health, metrics, problems
from cloud_sink.api.gate import Gate
from cloud_sink.api.serving import WebServer

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


def start_probe(context: Context, host: str, port: int) -> WebServer:
    """Begin to answer whoever watches a collector that serves no API.

    Raises:
        DeliveryError: the port cannot be used.
    """
    bare = {"host": host, "port": port, "url": None, "cert_file": None, "key_file": None, "access": "users"}
    http = context.config.http.model_copy(update=bare)
    web = WebServer(http)
    web.start(_make(replace(context, config=context.config.model_copy(update={"http": http}))))
    return web


def _make(context: Context) -> FastAPI:
    gate = Gate(context.engine, context.config.http)

    def admit(request: Request) -> None:
        gate.admit(request)

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(admit)])
    app.state.gate = gate
    problems.install(app)
    routers = [part.router(context) for part in (health, metrics)]
    app.state.routes = [route for one in routers for route in one.routes if isinstance(route, APIRoute)]
    for one in routers:
        app.include_router(one)
    return app
