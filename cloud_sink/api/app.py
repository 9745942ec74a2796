"""The application: every route of API and pages with the right it needs, and what stands around all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

from cloud_sink.api import (
    alerts,
    analyses,
    audit,
    catalogue,
    comparisons,
    corrections,
    devices,
    episodes,
    events,
    evidence,
    exports,
    health,
    identities,
    keys,
    metrics,
    orders,
    planograms,
    problems,
    provisioning,
    quarantine,
    releases,
    session,
    sign_in,
    stores,
    tasks,
    users,
    webhooks,
)
from cloud_sink.api.bounds import BodyBounds
from cloud_sink.api.description import describe
from cloud_sink.api.etags import EntityTags
from cloud_sink.api.gate import Gate, rights_of
from cloud_sink.api.journal import Journal
from cloud_sink.rights.audit import AuditLog
from cloud_sink.web.errors import ErrorPages
from cloud_sink.web.site import make_site

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.rights.roles import Right

VERSION = "1"

_WORTH_PACKING = 1000
"""Bytes of an answer below which packing it costs more than it saves."""

PARTS = (
    health,
    metrics,
    session,
    sign_in,
    users,
    keys,
    audit,
    webhooks,
    stores,
    comparisons,
    analyses,
    episodes,
    alerts,
    devices,
    provisioning,
    orders,
    identities,
    events,
    corrections,
    planograms,
    catalogue,
    tasks,
    quarantine,
    exports,
    evidence,
    releases,
)


def make_app(context: Context, log: AuditLog | None = None) -> FastAPI:
    """The application over one open database.

    Args:
        context: what the endpoints work on.
        log: the audit log, of which somebody else starts and stops the thread; without it nobody has to.
    """
    gate = Gate(context.engine, context.config.http)

    def admit(request: Request) -> None:
        gate.admit(request)

    # No documentation pages: theirs load scripts from elsewhere, and a sink works without a network.
    app = FastAPI(
        title="facings sink",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        dependencies=[Depends(admit)],
    )
    app.state.gate = gate
    problems.install(app)
    site = make_site(context)
    app.state.known = site.known
    routers = [*(part.router(context) for part in PARTS), *site.routers]
    app.state.routes = [route for one in routers for route in one.routes if isinstance(route, APIRoute)]
    for one in routers:
        app.include_router(one)
    app.add_middleware(BodyBounds)
    app.add_middleware(EntityTags)
    app.add_middleware(GZipMiddleware, minimum_size=_WORTH_PACKING, compresslevel=5)
    app.add_middleware(Journal, audit=log or AuditLog(context.engine), encrypted=context.config.http.encrypted)
    app.add_middleware(ErrorPages, shell=site.shell)
    for route in routes_of(app):
        right_of(route)  # raises for a route that nobody thought of
    describe(app)
    return app


def routes_of(app: FastAPI) -> list[APIRoute]:
    """Every route that answers with something of ours."""
    routes: list[APIRoute] = app.state.routes
    return routes


def right_of(route: APIRoute) -> Right | None:
    """The right that a route needs; None when it says that it needs none.

    Raises:
        ValueError: it says nothing: nobody thought of it.
    """
    said = rights_of([one.call for one in route.dependant.dependencies])
    if len(said) != 1:
        raise ValueError(f"{route.path} names {len(said)} rights instead of one")
    return said[0]
