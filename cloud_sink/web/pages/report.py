"""Reports: a week of a store or a chain on paper, as a page that prints well and as a PDF."""

from __future__ import annotations

from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response

from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem
from cloud_sink.photo_audit.sample import monday_of
from cloud_sink.profile.ask import UnknownStore, known_stores
from cloud_sink.report import write
from cloud_sink.report.gather import Sources, chain_week, store_week
from cloud_sink.report.typeset import as_pdf
from cloud_sink.rights.roles import Right
from cloud_sink.store.database import reading
from cloud_sink.web.page import Page
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.fleet.settings import StoreSection
    from cloud_sink.report.document import Document
    from cloud_sink.report.gather import Photograph
    from cloud_sink.web.shell import Shell

PAGE = Page("report", "/report", icon="report", group="analyses", order=90)

MOST_LISTED = 200
_WEEKS = 13

Store = Annotated[str, Path(pattern=SLUG)]
Week = Annotated[date | None, Query(description="a day of the week")]
Chain = Annotated[str, Query(max_length=200, description="empty: all stores")]


def router(context: Context, shell: Shell) -> APIRouter:
    """The list, the pages and the files."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/report")
    def choose(visit: Reader, week: Week = None, q: Annotated[str, Query(max_length=100)] = "") -> Response:
        """What there are reports of."""
        with reading(context.engine) as connection:
            known = [store for _, store in known_stores(connection, context.stores, visit.tenant)]
        described = {one.id: one for one in context.stores.described if one.tenant == visit.tenant}
        lines = [_line(store, described.get(store)) for store in known]
        found = [line for line in lines if q.casefold() in " ".join(line).casefold()]
        shown = _monday(visit, week)
        latest = monday_of(visit.today)
        return shell.page(
            visit,
            "report.html",
            here="report",
            week=shown,
            weeks=sorted({shown, *(latest - timedelta(weeks=back) for back in range(_WEEKS))}, reverse=True),
            chains=sorted({one.chain for one in described.values() if one.chain}),
            stores=found[:MOST_LISTED],
            more=max(0, len(found) - MOST_LISTED),
            known=len(known),
            q=q,
        )

    @routes.get("/report/stores/{store}")
    def show_store(visit: Reader, store: Store, week: Week = None) -> Response:
        """A store's week."""
        document, _ = _of_store(context, visit, store, week)
        address = f"/report/stores/{store}/pdf?week={_monday(visit, week)}"
        return _sheet(shell, visit, document, address)

    @routes.get("/report/stores/{store}/pdf")
    def give_store(visit: Reader, store: Store, week: Week = None) -> Response:
        """The same as a file."""
        return _file(visit, f"{store}-{_monday(visit, week)}", *_of_store(context, visit, store, week))

    @routes.get("/report/chain")
    def show_chain(visit: Reader, chain: Chain = "", week: Week = None) -> Response:
        """A chain's week, or that of all stores."""
        document, _ = _of_chain(context, visit, chain, week)
        address = f"/report/chain/pdf?chain={quote(chain)}&week={_monday(visit, week)}"
        return _sheet(shell, visit, document, address)

    @routes.get("/report/chain/pdf")
    def give_chain(visit: Reader, chain: Chain = "", week: Week = None) -> Response:
        """The same as a file."""
        name = f"{chain or visit.tenant}-{_monday(visit, week)}"
        return _file(visit, name, *_of_chain(context, visit, chain, week))

    return routes


def _line(store: str, section: StoreSection | None) -> tuple[str, str, str, str]:
    """Id, name, city and chain."""
    return (store, section.name, section.city or "", section.chain or "") if section else (store, store, "", "")


def _monday(visit: Visit, week: date | None) -> date:
    """The week that is asked for, or that of the last day with data."""
    try:
        return monday_of(week or visit.today)
    except OverflowError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"week {week} is outside the calendar") from None


def _sources(context: Context, visit: Visit) -> Sources:
    room = context.photographs if visit.who.may(Right.PHOTOGRAPHS) else None
    return Sources(context.engine, context.stores, context.products, context.config, room)


def _of_store(context: Context, visit: Visit, store: str, week: date | None) -> tuple[Document, tuple[Photograph, ...]]:
    try:
        found = store_week(
            _sources(context, visit), tenant=visit.tenant, store=store, monday=_monday(visit, week), now=visit.now
        )
    except UnknownStore:
        raise Problem(HTTPStatus.NOT_FOUND, f"no store {store}") from None
    except OverflowError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"week {week} is outside the calendar") from None
    return write.of_store(found, visit.t), found.photographs


def _of_chain(context: Context, visit: Visit, chain: str, week: date | None) -> tuple[Document, tuple[Photograph, ...]]:
    try:
        found = chain_week(
            _sources(context, visit), tenant=visit.tenant, chain=chain, monday=_monday(visit, week), now=visit.now
        )
    except UnknownStore:
        raise Problem(HTTPStatus.NOT_FOUND, f"no chain {chain}") from None
    except OverflowError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"week {week} is outside the calendar") from None
    return write.of_chain(found, context.stores, visit.tenant, visit.t), found.photographs


def _sheet(shell: Shell, visit: Visit, document: Document, pdf: str) -> Response:
    return shell.page(visit, "report_sheet.html", here="report", it=document, pdf=pdf)


def _file(visit: Visit, name: str, document: Document, photographs: tuple[Photograph, ...]) -> Response:
    content = as_pdf(document, {one.sha256: one.content for one in photographs}, visit.now)
    headers = {
        "Content-Disposition": f"inline; filename=report.pdf; filename*=UTF-8''{quote(name)}.pdf",
        "Cache-Control": "private, no-cache",
    }
    return Response(content, media_type="application/pdf", headers=headers)
