"""The REST API. On loopback and without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from cloud_sink.api import evidence, health, problems, stores

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

VERSION = "1"


def make_app(context: Context) -> FastAPI:
    """The application over one open database."""
    # No documentation pages: theirs load scripts from elsewhere, and a sink works without a network.
    app = FastAPI(title="facings sink", version=VERSION, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    problems.install(app)
    for part in (health, stores, evidence):
        app.include_router(part.router(context))
    return app
