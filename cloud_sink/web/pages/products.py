"""Products across stores: how many stores have each, its share of shelf and availability; own against competitors."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Response

from cloud_sink.profile.assortment import ask_assortment
from cloud_sink.web.page import Page
from cloud_sink.web.spreadsheet import cell
from cloud_sink.web.views import products as view
from cloud_sink.web.views.products import Asked, Group
from cloud_sink.web.views.stores import choices
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.profile.assortment import Assortment
    from cloud_sink.web.shell import Shell

PAGE = Page("products", "/products", icon="products", group="analyses", order=10)

_Text = Annotated[str, Query(max_length=200)]


def asked(
    *,
    days: Annotated[int, Query(ge=1, le=92)] = 7,
    sort: _Text = "osa",
    q: _Text = "",
    side: Group = "",
    category: _Text = "",
    chain: _Text = "",
    city: _Text = "",
    channel: _Text = "",
) -> Asked:
    """What the query of an address asks for."""
    where = tuple((name, value) for name, value in zip(view.ATTRIBUTES, (chain, city, channel), strict=True) if value)
    figure, best_first = view.read_sort(sort)
    return Asked(days, figure, best_first, q.strip(), side, category, where)


Query_ = Annotated[Asked, Depends(asked)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The page, which is there at once; its list, which takes longer; and the list as a file."""
    routes = APIRouter(include_in_schema=False)

    def found(visit: Visit, want: Asked) -> Assortment:
        return ask_assortment(
            context.engine,
            context.stores,
            context.products.of(visit.tenant),
            tenant=visit.tenant,
            since=visit.today - timedelta(days=want.days - 1),
            until=visit.today,
            where=dict(want.where),
        )

    def page(visit: Visit, want: Asked, assortment: Assortment | None) -> Response:
        known = choices(context.stores.described, visit.tenant)
        return shell.page(
            visit,
            "products.html",
            here="products",
            want=want,
            assortment=assortment,
            lines=view.chosen(assortment.lines, want) if assortment else [],
            course=view.course(assortment, visit.t) if assortment else None,
            choices={name: known[name] for name in view.ATTRIBUTES},
            categories=view.categories(context.products.of(visit.tenant)),
            columns=view.COLUMNS,
            periods=view.PERIODS,
        )

    @routes.get("/products")
    def show(visit: Reader, want: Query_) -> Response:
        """The filters; the list is asked for by the page."""
        return page(visit, want, None)

    @routes.get("/products.list")
    def show_list(visit: Reader, want: Query_) -> Response:
        """The same with the list."""
        answer = page(visit, want, found(visit, want))
        answer.headers["HX-Replace-Url"] = want.address()
        return answer

    @routes.get("/products.csv")
    def export(visit: Reader, want: Query_) -> Response:
        """All that are wanted as a file."""
        there = found(visit, want)
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow([*view.FILE, "since", "until"])
        for row in view.cells(view.chosen(there.lines, want)):
            lines.writerow([*map(cell, row), there.since, there.until])
        return Response(
            "\ufeff" + text.getvalue(),  # Excel takes a file without it for something else than UTF-8
            HTTPStatus.OK,
            {"Content-Disposition": f'attachment; filename="products-{there.until}.csv"'},
            media_type="text/csv",
        )

    return routes
