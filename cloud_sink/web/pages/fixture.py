"""One fixture: its photograph with what was seen, its plan with what deviates, through the day; and corrections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Response

from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import Right
from cloud_sink.store import captures, corrections, plans
from cloud_sink.store.database import reading
from cloud_sink.web.views.fixture import KINDS, PIXELS, gathered, look_at, marks_of
from cloud_sink.web.views.plan_drawing import draw
from cloud_sink.web.visit import FactReader  # noqa: TC001 - FastAPI reads it at run time
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sink.api.context import Context
    from cloud_sink.fleet.settings import FixtureSection, StoreSection
    from cloud_sink.store.captures import CaptureRow
    from cloud_sink.web.shell import Shell

PAGE = None

Slug = Annotated[str, Path(pattern=SLUG)]


@dataclass(frozen=True, slots=True)
class Picture:
    """The photograph that boxes are drawn over."""

    sha256: str
    at: CaptureRow  # whose it is: the capture that is shown, or one before it


def router(context: Context, shell: Shell) -> APIRouter:
    """The page of a fixture."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/stores/{store}/fixtures/{fixture}")
    def show(  # noqa: PLR0917 - a path and its query
        visit: FactReader,
        store: Slug,
        fixture: Slug,
        day: date | None = None,
        at: Annotated[int | None, Query(ge=0, lt=2**53, description="milliseconds since 1970")] = None,
        n: Annotated[int | None, Query(ge=0, lt=10**6, description="which capture of the day")] = None,
        event: Annotated[str, Query(max_length=60, description="that shows something: epoch-seq")] = "",
    ) -> Response:
        """A day's captures, one of them shown."""
        described = context.stores.find(visit.tenant, store)
        with reading(context.engine) as connection:
            shown_day = day or captures.latest_day(connection, visit.tenant, store, fixture) or visit.today
            rows = captures.of_day(connection, visit.tenant, store, fixture, shown_day)
            if not rows and day is None and _fixture(described, fixture) is None:
                raise Problem(HTTPStatus.NOT_FOUND, f"no fixture {fixture} in store {store}")
            number = _of_event(rows, event)
            number = _chosen(rows, at, n) if number is None else number
            row = rows[number] if number is not None else None
            plan = plans.in_force(connection, visit.tenant, store, fixture, shown_day)
            said = corrections.of_event(connection, (visit.tenant, row.device, row.epoch, row.seq)) if row else []
            last = rows[-1].at if rows else None
            blind = captures.blind(connection, visit.tenant, store, fixture, shown_day, after=last)
            moments = (rows[0].at, rows[-1].at) if rows else None
            outs = captures.outs_between(connection, visit.tenant, store, fixture, moments) if moments else []
        seen, products = _seen(row) if row else None, context.products.of(visit.tenant)
        section = _fixture(described, fixture)
        return shell.page(
            visit,
            "fixture.html",
            here="stores",
            store=store,
            store_name=described.name if described else store,
            zone=described.zone if described else "UTC",
            fixture=fixture,
            fixture_name=(section.name if section else None) or fixture,
            day=shown_day,
            before=shown_day - timedelta(days=1),
            after=shown_day + timedelta(days=1),
            rows=rows,
            number=number,
            row=row,
            seen=seen,
            look=look_at(seen, said, own=section.own if section else (), products=products) if seen else None,
            picture=_picture(rows, number) if number is not None and visit.who.may(Right.PHOTOGRAPHS) else None,
            plan=plan,
            drawing=draw(plan.plan, products, marks_of(seen) if seen else None) if plan else None,
            said=said,
            outs=outs,
            blind=blind,
            deviations=gathered(seen.deviations) if seen else {},
            products=products,
            kinds=KINDS,
            pixels=PIXELS,
        )

    return routes


def _fixture(store: StoreSection | None, fixture: str) -> FixtureSection | None:
    return next((one for one in store.fixtures if one.id == fixture), None) if store is not None else None


def _chosen(rows: Sequence[CaptureRow], at: int | None, number: int | None) -> int | None:
    """Which capture is shown: the last at or before a moment, or the one of a number; else the last of the day."""
    if not rows:
        return None
    if at is not None:
        return max((place for place, row in enumerate(rows) if row.ms <= at), default=0)
    return len(rows) - 1 if number is None else min(number, len(rows) - 1)


def _of_event(rows: Sequence[CaptureRow], event: str) -> int | None:
    """Which capture an event tells."""
    return next((place for place, row in enumerate(rows) if f"{row.epoch}-{row.seq}" == event), None)


def _picture(rows: Sequence[CaptureRow], number: int) -> Picture | None:
    """The capture's own photograph, else the last of the same view before it."""
    view = rows[number].view
    for row in reversed(rows[: number + 1]):
        if row.view == view and row.evidence is not None:
            return Picture(row.evidence, row)
    return None


def _seen(row: CaptureRow) -> ShelfObserved:
    seen = EVENT_ADAPTER.validate_json(row.body).data
    assert isinstance(seen, ShelfObserved)
    return seen
