"""The catalogue: what holds, a CSV checked by line and compared with it before it is kept, and every version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Query, Response

from cloud_sink.fleet.catalogue_upload import changes, read_catalogue
from cloud_sink.store import catalogues
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.views.catalogue import Wanted, found
from cloud_sink.web.visit import Planner, Reader  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("catalogue", "/catalogue", icon="goods", group="setup", order=10)

ON_A_PAGE = 100
_Text = Annotated[str, Query(max_length=200)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The page, and where a chosen file is sent to be read."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/catalogue")
    def show(
        visit: Reader, q: _Text = "", brand: _Text = "", page: Annotated[int, Query(ge=1, le=10_000)] = 1
    ) -> Response:
        """Every product that holds, with search; the versions that were uploaded."""
        products, want = context.products.of(visit.tenant), Wanted(q.strip(), brand, page)
        with reading(context.engine) as connection:
            versions = catalogues.versions(connection, visit.tenant)
        rows = found(products.values(), want)
        return shell.page(
            visit,
            "catalogue.html",
            here="catalogue",
            want=want,
            products=products,
            rows=rows[(page - 1) * ON_A_PAGE : page * ON_A_PAGE],
            count=len(rows),
            last_page=-(-len(rows) // ON_A_PAGE),
            brands=sorted({one.brand for one in products.values()}),
            versions=versions,
        )

    @routes.post("/catalogue/check")
    def check(visit: Planner, file: Annotated[bytes, Body(media_type="text/csv")] = b"") -> Response:
        """What is read of a file that somebody has chosen, before it is kept."""
        read = read_catalogue(file)
        now = context.products.of(visit.tenant)
        changed = [] if read.faults else changes(now, context.products.beside(read.skus))
        return shell.part(visit, "catalogue_check.html", read=read, changes=changed)

    return routes
