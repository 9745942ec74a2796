"""Settlement: what was paid for and what stood there, line by line and day by day; the file that both sides check."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response

from cloud_sink.analyses.settlement import UnknownContract, ask_line, ask_settlement
from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import Right
from cloud_sink.store import master
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.views import settlement as view
from cloud_sink.web.views.product import place
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.analyses.settlement_model import Settlement
    from cloud_sink.api.context import Context
    from cloud_sink.store.master import ContractTold
    from cloud_sink.web.shell import Shell

PAGE = Page("settlement", "/settlement", icon="settlement", group="analyses", order=40)

_OPTIONAL = r"^([a-z0-9][a-z0-9_-]{0,62})?$"
Contract = Annotated[str, Query(pattern=_OPTIONAL)]
Month = Annotated[str, Query(pattern=r"^([12]\d{3}-(0[1-9]|1[0-2]))?$")]
Named = Annotated[str, Query(pattern=SLUG)]
OneMonth = Annotated[str, Query(pattern=r"^[12]\d{3}-(0[1-9]|1[0-2])$")]
Number = Annotated[int, Query(ge=1, le=100_000, alias="page")]


def router(context: Context, shell: Shell) -> APIRouter:
    """The choice of contract and month, which is there at once; the lines, which take longer; and one of them."""
    routes = APIRouter(include_in_schema=False)

    def told(visit: Visit) -> list[ContractTold]:
        with reading(context.engine) as connection:
            return master.contracts_told(connection, visit.tenant)

    def page(visit: Visit, contract: str, month: str, number: int, found: Settlement | None = None) -> Response:
        known = told(visit)
        one = next((one for one in known if one.contract == contract), None) if contract else next(iter(known), None)
        if contract and one is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no contract {contract}")
        months = view.months_of(one, visit.now.date()) if one else []
        chosen = _first(month) if month else view.usual_month(months, visit.now.date())
        lines = view.shown(found.lines, _first(found.month), visit.t) if found else []
        lines = lines[(number - 1) * view.ON_A_PAGE : number * view.ON_A_PAGE]
        return shell.page(
            visit,
            "settlement.html",
            here="settlement",
            contracts=known,
            contract=one,
            months=months,
            month=chosen,
            found=found,
            lines=lines,
            totals=view.totals(found) if found else [],
            places={line.line.store: place(context.stores, visit.tenant, line.line.store) for line in lines},
            at_page=number,
            last=-(-len(found.lines) // view.ON_A_PAGE) if found else 1,
            may_load=visit.who.may(Right.PHOTOGRAPHS),
        )

    @routes.get("/settlement")
    def show(visit: Reader, contract: Contract = "", month: Month = "", number: Number = 1) -> Response:
        """The contracts; without a choice the first of them, over the last whole month."""
        return page(visit, contract, month, number)

    @routes.get("/settlement.list")
    def show_lines(visit: Reader, contract: Named, month: OneMonth, number: Number = 1) -> Response:
        """The same with its lines."""
        try:
            found = ask_settlement(
                context.engine,
                context.stores,
                context.products.of(visit.tenant),
                tenant=visit.tenant,
                contract=contract,
                month=_first(month),
                now=visit.now,
            )
        except UnknownContract as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return page(visit, contract, month, number, found)

    @routes.get("/settlement.line")
    def show_line(
        *,
        visit: Reader,
        contract: Named,
        month: OneMonth,
        store: Named,
        brand: Annotated[str, Query(min_length=1, max_length=200)],
        fixture: Contract = "",
    ) -> Response:
        """One line day by day, with what shows it."""
        try:
            line = ask_line(
                context.engine,
                context.stores,
                context.products.of(visit.tenant),
                tenant=visit.tenant,
                contract=contract,
                month=_first(month),
                line=(store, fixture or None, brand),
                now=visit.now,
            )
        except UnknownContract as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return shell.page(
            visit,
            "settlement_line.html",
            here="settlement",
            contract=contract,
            month=_first(month),
            line=line,
            place=place(context.stores, visit.tenant, store),
            course=view.course(line, visit.t),
            may_look=visit.who.may(Right.PHOTOGRAPHS),
        )

    return routes


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
