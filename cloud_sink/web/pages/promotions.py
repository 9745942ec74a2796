"""Promotions: those that were told, the form to tell one, and what each changed and returned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError

from cloud_sink.analyses.promotion import UnknownPromotion, measure_promotion
from cloud_sink.api.names import SLUG
from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.fleet.lines import PromotionLine
from cloud_sink.store import master
from cloud_sink.store.database import reading, writing
from cloud_sink.web.forms import LongForm  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.views import promotions as view
from cloud_sink.web.views.reasons import reason
from cloud_sink.web.visit import Planner, Reader  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from cloud_sink.api.context import Context
    from cloud_sink.store.master import PromotionRow
    from cloud_sink.web.shell import Shell
    from cloud_sink.web.visit import Visit

PAGE = Page("promotions", "/promotions", icon="promotion", group="analyses", order=20)

Name = Annotated[str, Path(pattern=SLUG)]
Before = Annotated[int | None, Query(ge=3, le=400)]
_PARTED = re.compile(r"[\s,;]+")
_CHOSEN = "gtin"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A promotion as the form tells it."""

    lines: tuple[PromotionLine, ...]

    def rows(self, tenant: str) -> list[dict[str, Any]]:
        """As it is kept; the cost of a store stands on its first product, for it is told for all of them together."""
        told, seen = [], set[str]()
        for line in self.lines:
            cost = None if line.store in seen else line.cost
            seen.add(line.store)
            values = line.model_dump(exclude={"cost", "margin"})
            told.append({"tenant": tenant, **values, "cost_milli": _milli(cost), "margin_milli": _milli(line.margin)})
        return told


def router(context: Context, shell: Shell) -> APIRouter:
    """The list with its form, one promotion, and what of it takes longer."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/promotions")
    def show(visit: Reader) -> Response:
        """Every promotion, the last first."""
        with reading(context.engine) as connection:
            told = master.promotions_told(connection, visit.tenant)
        own = [one for one in context.stores.described if one.tenant == visit.tenant]
        return shell.page(
            visit,
            "promotions.html",
            here="promotions",
            promotions=[(one, view.state_of(one, visit.now.date())) for one in told],
            products=sorted(
                (one for one in context.products.of(visit.tenant).values() if one.gtin), key=lambda one: one.name
            ),
            chains=sorted({one.chain for one in own if one.chain}),
            stores=sorted(one.id for one in own),
        )

    @routes.post("/promotions")
    def tell(request: Request, visit: Planner, given: LongForm) -> Response:
        """Keep what the form tells."""
        wanted = read_form(given, stores_of(context, visit, given))
        name = wanted.lines[0].promotion
        with writing(context.engine) as connection:
            if master.promotion_rows(connection, visit.tenant, name):
                raise Problem(HTTPStatus.CONFLICT, f"there is a promotion {name} already: take another name")
            master.put_promotions(connection, wanted.rows(visit.tenant))
        note(request, f"promotion {name}, {len(wanted.lines)} lines")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": f"/promotions/{name}"})

    _show_one(routes, context, shell)
    return routes


def _show_one(routes: APIRouter, context: Context, shell: Shell) -> None:
    def page(visit: Visit, name: str, before: int | None, found: Any = None) -> Response:
        lines = _lines(context, visit, name)
        products = {one.gtin.zfill(14): one for one in context.products.of(visit.tenant).values() if one.gtin}
        described = {one.id: one.name for one in context.stores.described if one.tenant == visit.tenant}
        return shell.page(
            visit,
            "promotion.html",
            here="promotions",
            name=name,
            before=before,
            since=min(line.since for line in lines),
            until=max(line.until for line in lines),
            stores=sorted({line.store for line in lines}),
            named=described,
            gtins=sorted({line.gtin for line in lines}),
            products=products,
            costs=[line.cost for line in lines if line.cost is not None],
            margins=sorted({line.margin for line in lines if line.margin is not None}),
            found=found,
            report=found.report if found else None,
            outcomes=view.outcomes(found, visit.t) if found else [],
            returned=view.returned(found.report.returned) if found and found.report.returned else None,
            no_return=reason(found.report.no_return, visit.t) if found and found.report.no_return else "",
        )

    @routes.get("/promotions/{name}")
    def show_one(visit: Reader, name: Name, before: Before = None) -> Response:
        """What was told of it; the rest is asked for by the page."""
        return page(visit, name, before)

    @routes.get("/promotions/{name}/effect")
    def show_effect(visit: Reader, name: Name, before: Before = None) -> Response:
        """The same with what it changed and returned."""
        try:
            found = measure_promotion(
                context.engine,
                context.stores,
                context.products.of(visit.tenant),
                context.config.alike,
                tenant=visit.tenant,
                promotion=name,
                now=visit.now,
                before=before,
            )
        except UnknownPromotion as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return page(visit, name, before, found)

    @routes.post("/promotions/{name}/drop")
    def drop(request: Request, visit: Planner, name: Name) -> Response:
        """Forget that it was told; what was observed stays."""
        with writing(context.engine) as connection:
            if not master.drop_promotion(connection, visit.tenant, name):
                raise Problem(HTTPStatus.NOT_FOUND, f"no promotion {name}")
        note(request, f"promotion {name} taken away")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": "/promotions"})


def read_form(given: Mapping[str, Sequence[str]], stores: Sequence[str]) -> Wanted:
    """A promotion as a form tells it.

    Raises:
        Problem: 422, naming the field and what it should be.
    """
    gtins = given.get(_CHOSEN, [])
    if not gtins:
        raise _wrong("choose at least one product")
    told = {name: given.get(name, [""])[0] for name in ("promotion", "since", "until", "cost", "margin")}
    told = {name: value for name, value in told.items() if value}
    lines = []
    for store in stores:
        for gtin in gtins:
            try:
                lines.append(PromotionLine.model_validate({**told, "store": store, "gtin": gtin}))
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                field = first["loc"][0] if first["loc"] else "promotion"
                raise _wrong(f"{field}: {first['msg'].removeprefix('Value error, ').lower()}") from None
    return Wanted(tuple(lines))


def stores_of(context: Context, visit: Visit, given: Mapping[str, Sequence[str]]) -> list[str]:
    """The stores that a form names: one by one, or all of a chain.

    Raises:
        Problem: 422 where one is not known, or none is named.
    """
    known = {one.id: one for one in context.stores.described if one.tenant == visit.tenant}
    named = [part for text in given.get("stores", []) for part in _PARTED.split(text) if part]
    strangers = [store for store in named if store not in known]
    if strangers:
        raise _wrong(f"stores: nobody described {', '.join(strangers[:5])}")
    chain = given.get("chain", [""])[0]
    named += [one.id for one in known.values() if chain and one.chain == chain]
    if not named:
        raise _wrong("name the stores that have it, or a chain")
    return sorted(set(named))


def _lines(context: Context, visit: Visit, name: str) -> tuple[PromotionRow, ...]:
    with reading(context.engine) as connection:
        lines = master.promotion_rows(connection, visit.tenant, name)
    if not lines:
        raise Problem(HTTPStatus.NOT_FOUND, f"no promotion {name}")
    return lines


def _milli(value: Decimal | None) -> int | None:
    return None if value is None else int(value * master.MILLI)


def _wrong(said: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, said)
