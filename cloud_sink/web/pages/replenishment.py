"""Replenishment: what a store runs out of before the next visit, and with a sales file how much to bring."""

from __future__ import annotations

import csv
import io
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response

from cloud_sink.analyses.replenishment import ask_replenishment
from cloud_sink.api.problems import Problem
from cloud_sink.profile.ask import UnknownStore, known_stores
from cloud_sink.store.assortment import short_stores
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.spreadsheet import cell
from cloud_sink.web.views import replenishment as view
from cloud_sink.web.views.product import place
from cloud_sink.web.views.reasons import reason
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.analyses.replenishment import Replenishment
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("replenishment", "/replenishment", icon="replenishment", group="analyses", order=30)

_OFFERED = 12
"""Stores that lack most, to choose from."""

Store = Annotated[str, Query(pattern=r"^([a-z0-9][a-z0-9_-]{0,62})?$")]
Days = Annotated[int, Query(ge=1, le=view.MOST_DAYS)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The choice of a store, which is there at once; its outlook, which takes longer; and what to bring as a file."""
    routes = APIRouter(include_in_schema=False)

    def outlook(visit: Visit, store: str, days: int) -> Replenishment:
        try:
            return ask_replenishment(
                context.engine,
                context.stores,
                context.products.of(visit.tenant),
                tenant=visit.tenant,
                store=store,
                now=visit.now,
                days=days,
            )
        except UnknownStore:
            raise Problem(HTTPStatus.NOT_FOUND, f"no store {store}") from None

    def page(visit: Visit, store: str, days: int, found: Replenishment | None = None) -> Response:
        with reading(context.engine) as connection:
            short = short_stores(connection, visit.tenant)
            known = [name for _, name in known_stores(connection, context.stores, visit.tenant)]
        if store and store not in known:
            raise Problem(HTTPStatus.NOT_FOUND, f"no store {store}")
        ranked = sorted(known, key=lambda name: (-short.get(name, 0), name))
        store = store or (ranked[0] if ranked else "")
        return shell.page(
            visit,
            "replenishment.html",
            here="replenishment",
            store=store,
            days=days,
            short=[(name, short[name]) for name in ranked if name in short][:_OFFERED],
            places={name: place(context.stores, visit.tenant, name) for name in known},
            found=found,
            lines=view.shown(found, visit.t) if found else [],
            sold_errors=view.sold_errors(found) if found else [],
            scores=view.scores(found) if found else [],
            most_days=view.MOST_DAYS,
            common=view.common_notes(found, visit.t) if found else [],
            why=reason(found.too_little, visit.t) if found and found.too_little else "",
        )

    @routes.get("/replenishment")
    def show(visit: Reader, store: Store = "", days: Days = 3) -> Response:
        """The stores that lack most; without a choice the first of them."""
        return page(visit, store, days)

    @routes.get("/replenishment.list")
    def show_outlook(visit: Reader, store: Store, days: Days = 3) -> Response:
        """The same with what the store runs out of."""
        return page(visit, store, days, outlook(visit, store, days))

    @routes.get("/replenishment.csv")
    def export(visit: Reader, store: Store, days: Days = 3) -> Response:
        """What to bring as a file."""
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow(view.FILE)
        for row in view.cells(outlook(visit, store, days)):
            lines.writerow(map(cell, row))
        headers = {"Content-Disposition": f'attachment; filename="{store}-{visit.now.date()}.csv"'}
        return Response("\ufeff" + text.getvalue(), HTTPStatus.OK, headers, media_type="text/csv")

    return routes
