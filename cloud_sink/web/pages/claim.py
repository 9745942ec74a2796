"""Where a phone lands that scans a device's label: what the label is for, and its text to hand on.

What is secret stands behind `#`: it stays in the phone's browser, and nothing of it comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from cloud_sink.api.gate import everybody
from cloud_sink.web.visit import Taste

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = None


def router(_context: Context, shell: Shell) -> APIRouter:
    """The page, the same for every label."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/claim", dependencies=[everybody()])
    def show(request: Request) -> Response:
        """What to do with a label."""
        return shell.bare(Taste.of(request), "claim.html")

    return routes
