"""All stores: how each of them does, as a table and on a map."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from cloud_sink.profile.figures import FORMULAE
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.overview import ask_overview
from cloud_sink.profile.ranking import ask_ranking
from cloud_sink.store import settled
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.spreadsheet import cell
from cloud_sink.web.views import stores as view
from cloud_sink.web.views.stores import Asked
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.profile.ranking_model import Ranking
    from cloud_sink.web.shell import Shell

PAGE = Page("stores", "/stores", icon="stores", group="daily", order=20)

ON_A_PAGE = 50
_Text = Annotated[str, Query(max_length=200)]


def asked(
    *,
    days: Annotated[int, Query(ge=1, le=92)] = 7,
    sort: _Text = "score",
    q: _Text = "",
    chain: _Text = "",
    city: _Text = "",
    channel: _Text = "",
    store_class: _Text = "",
    representative: _Text = "",
    show: Annotated[Literal["table", "map"], Query(alias="view")] = "table",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Asked:
    """What the query of an address asks for."""
    given = (chain, city, channel, store_class, representative)
    where = tuple((name, value) for name, value in zip(view.ATTRIBUTES, given, strict=True) if value)
    figure, best_first = view.read_sort(sort)
    return Asked(days, figure, best_first, q.strip(), where, show, page)


Query_ = Annotated[Asked, Depends(asked)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The list, its points on the map, and its file."""
    routes = APIRouter(include_in_schema=False)
    engine, stores, yardstick = context.engine, context.stores, Yardstick.of(context.config)

    def period(visit: Visit, want: Asked) -> dict[str, Any]:
        return {
            "tenant": visit.tenant,
            "since": visit.today - timedelta(days=want.days - 1),
            "until": visit.today,
            "now": visit.now,
            "where": dict(want.where),
        }

    def ranking(visit: Visit, want: Asked, limit: int | None) -> Ranking:
        offset = 0 if limit is None else (want.page - 1) * limit
        return ask_ranking(
            engine,
            stores,
            yardstick,
            **period(visit, want),
            by=want.sort,
            text=want.text,
            best_first=want.best_first,
            limit=limit,
            offset=offset,
        )

    @routes.get("/stores")
    def show(visit: Reader, want: Query_) -> Response:
        """One page of them, the worst first unless asked otherwise."""
        found = ranking(visit, want, ON_A_PAGE)
        calendar = [visit.today - timedelta(days=back) for back in reversed(range(view.SPARK_DAYS))]
        columns = {column for name in view.SPARKS for column in FORMULAE[name].columns}
        with reading(engine) as connection:
            days = settled.days_of(
                connection, visit.tenant, [one.store for one in found.stores], calendar[0], calendar[-1], names=columns
            )
        return shell.page(
            visit,
            "stores.html",
            here="stores",
            want=want,
            ranking=found,
            overview=ask_overview(engine, stores, yardstick, **period(visit, want)),
            sparks=view.sparks(days, calendar),
            choices=view.choices(stores.described, visit.tenant),
            columns=view.COLUMNS,
            periods=view.PERIODS,
            on_a_page=ON_A_PAGE,
            tiles=context.config.pages.tiles,
        )

    @routes.get("/stores.json")
    def show_places(visit: Reader, want: Query_) -> JSONResponse:
        """Where they are, for the map."""
        found, t = ranking(visit, want, None), visit.t
        texts = {
            one.store: t("stores.point", osa=t.percent(one.figures.osa, 1), score=t.number(one.score))
            for one in found.stores
        }
        return JSONResponse(view.places(found.stores, texts))

    @routes.get("/stores.csv")
    def export(visit: Reader, want: Query_) -> Response:
        """All of them as a file, as other programs read it: shares from 0 to 1, what is unknown is empty."""
        found = ranking(visit, want, None)
        text = io.StringIO()
        names = ("store", "name", *view.ATTRIBUTES, "letter", "score")
        figures = [name for name in view.SORTABLE if name != "score"]
        lines = csv.writer(text)
        lines.writerow([*names, *figures, "since", "until"])
        for one in found.stores:
            told = [getattr(one, name) for name in names] + [getattr(one.figures, name) for name in figures]
            lines.writerow([cell(value) for value in told] + [found.since, found.until])
        name = f"stores-{found.until}.csv"
        return Response(
            "\ufeff" + text.getvalue(),  # Excel takes a file without it for something else than UTF-8
            HTTPStatus.OK,
            {"Content-Disposition": f'attachment; filename="{name}"'},
            media_type="text/csv",
        )

    return routes
