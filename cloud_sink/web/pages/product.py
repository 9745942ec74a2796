"""One product: where it stands, where it stands wrong, its stores from the least available, its course."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Response

from cloud_sink.api.problems import Problem
from cloud_sink.profile.assortment import owners_of, side_of
from cloud_sink.profile.product import ask_product
from cloud_sink.store.assortment import Extent, stood_by_view
from cloud_sink.store.database import reading
from cloud_sink.web.spreadsheet import cell
from cloud_sink.web.views import product as view
from cloud_sink.web.views.products import PERIODS
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from datetime import date

    from cloud_sink.api.context import Context
    from cloud_sink.profile.product import ProductCourse
    from cloud_sink.web.shell import Shell
    from edge.contract.catalogue import Sku

PAGE = None

_LONG = timedelta(days=27)
_SKU = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SkuId = Annotated[str, Path(pattern=_SKU)]
Days = Annotated[int, Query(ge=1, le=92)]


def router(context: Context, shell: Shell) -> APIRouter:
    """The page, which is there at once; what is added up over all stores, which takes longer; its stores as a file."""
    routes = APIRouter(include_in_schema=False)

    def known(visit: Visit, sku: str) -> Sku | None:
        """A product of the catalogues; None for one that stores showed though no catalogue has it."""
        product = context.products.of(visit.tenant).get(sku)
        if product is None and not _was_seen(context, visit, sku):
            raise Problem(HTTPStatus.NOT_FOUND, f"no catalogue has a SKU {sku}, and no store showed it in four weeks")
        return product

    def course(visit: Visit, sku: str, days: int) -> ProductCourse:
        return ask_product(
            context.engine,
            context.stores,
            context.products.of(visit.tenant),
            tenant=visit.tenant,
            sku=sku,
            since=_since(visit, days),
            until=visit.today,
            last=visit.today,
        )

    def page(visit: Visit, sku: str, days: int, found: ProductCourse | None = None) -> Response:
        product = known(visit, sku)
        named = {one.store for one in found.stores} | {one.store for one in found.astray} if found else set[str]()
        return shell.page(
            visit,
            "product.html",
            here="products",
            sku=sku,
            product=product,
            side=side_of(product, owners_of(context.stores, visit.tenant)),
            days=days,
            periods=PERIODS,
            line=found.line if found else None,
            observed=found.observed if found else 0,
            found=found,
            astray=view.by_store(found.astray) if found else [],
            charts=view.charts(found, visit.t) if found else [],
            places={store: view.place(context.stores, visit.tenant, store) for store in named},
            shown=view.SHOWN,
        )

    @routes.get("/products/{sku}/stores.csv")
    def export(visit: Reader, sku: SkuId, days: Days = 7) -> Response:
        """Its stores as a file, as other programs read them: shares from 0 to 1, what is unknown is empty."""
        known(visit, sku)
        text = io.StringIO()
        lines = csv.writer(text)
        lines.writerow(view.FILE)
        for row in view.cells(course(visit, sku, days).stores, context.stores, visit.tenant):
            lines.writerow(map(cell, row))
        headers = {"Content-Disposition": f'attachment; filename="{sku}-{visit.today}.csv"'}
        return Response("\ufeff" + text.getvalue(), HTTPStatus.OK, headers, media_type="text/csv")

    @routes.get("/products/{sku}/stores")
    def show_stores(visit: Reader, sku: SkuId, days: Days = 7) -> Response:
        """The same with everything that is added up over all stores."""
        return page(visit, sku, days, course(visit, sku, days))

    @routes.get("/products/{sku}")
    def show(visit: Reader, sku: SkuId, days: Days = 7) -> Response:
        """What it is; the rest is asked for by the page."""
        return page(visit, sku, days)

    return routes


def _since(visit: Visit, days: int) -> date:
    return visit.today - timedelta(days=days - 1)


def _was_seen(context: Context, visit: Visit, sku: str) -> bool:
    """Whether any store showed or planned a product that no catalogue has."""
    with reading(context.engine) as connection:
        return bool(stood_by_view(connection, Extent(visit.tenant, visit.today - _LONG, visit.today), sku))
