"""What needs doing today, over all stores, the most worthwhile first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query, Response

from cloud_sink.profile.board import Ways, ask_board
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.overview import ask_overview
from cloud_sink.store import tasks
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.views import today as view
from cloud_sink.web.views.stores import choices
from cloud_sink.web.views.today import Wanted
from cloud_sink.web.visit import Reader  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("today", "/", icon="today", group="daily", order=10)

ON_A_PAGE = 50
DUE = timedelta(days=1)
"""How long somebody has for what is made a task of by one click; another day is chosen at the task."""

_MOST_TASKS = 5000
_DAYS = 14
_Text = Annotated[str, Query(max_length=200)]


def wanted(
    *,
    kind: Annotated[str, Query(pattern=f"^({'|'.join(view.KINDS)})?$")] = "",
    brand: _Text = "",
    chain: _Text = "",
    city: _Text = "",
    representative: _Text = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Wanted:
    """What the query of an address asks for."""
    given = zip(view.ATTRIBUTES, (chain, city, representative), strict=True)
    return Wanted(kind, brand, tuple((name, value) for name, value in given if value), page)


def router(context: Context, shell: Shell) -> APIRouter:
    """The page that a day begins with."""
    routes = APIRouter(include_in_schema=False)
    engine, stores = context.engine, context.stores
    ways, yardstick = Ways(stores, context.products, context.config.grade), Yardstick.of(context.config)

    @routes.get("/")
    def show(visit: Reader, want: Annotated[Wanted, Depends(wanted)]) -> Response:
        """One page of what is to do, with counts and trends of all that the filters let through."""
        products = context.products.of(visit.tenant)
        board = ask_board(engine, ways, visit.tenant, visit.now)
        rows, counts = view.filtered(board.rows, want, tenant=visit.tenant, stores=stores, products=products)
        overview = ask_overview(
            engine,
            stores,
            yardstick,
            tenant=visit.tenant,
            since=visit.today - timedelta(days=_DAYS - 1),
            until=visit.today,
            now=visit.now,
            where=dict(want.where),
        )
        with reading(engine) as connection:
            under_way = tasks.listed(connection, visit.tenant, states=view.UNDER_WAY, limit=_MOST_TASKS)
        shown = rows[(want.page - 1) * ON_A_PAGE : want.page * ON_A_PAGE]
        return shell.page(
            visit,
            "today.html",
            here="today",
            want=want,
            lines=view.lines(shown, visit.tenant, stores, under_way),
            due=visit.now.date() + DUE,
            found=len(rows),
            last_page=-(-len(rows) // ON_A_PAGE),
            counts=counts,
            kinds=view.KINDS,
            waiting=board.waiting,
            stores_to_visit=len({row.store for row in rows}),
            overview=overview,
            last_day=overview.days.get(visit.today),
            trends={name: view.trend(overview, name) for name in view.FIGURES},
            choices={
                name: values
                for name, values in choices(stores.described, visit.tenant).items()
                if name in view.ATTRIBUTES
            },
            brands=view.brands(products.values(), board.rows),
        )

    return routes
