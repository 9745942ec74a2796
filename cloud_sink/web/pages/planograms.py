"""Planograms: uploaded and checked by line, drawn, kept by version, assigned to fixtures from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem
from cloud_sink.fleet.planogram_upload import read_upload
from cloud_sink.store import plans
from cloud_sink.store.database import reading, writing
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.views.plan_drawing import draw
from cloud_sink.web.visit import Planner, Reader  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell
    from cloud_sink.web.visit import Visit

PAGE = Page("planograms", "/planograms", icon="planogram", group="setup", order=20)

Name = Annotated[str, Path(pattern=SLUG)]
Version = Annotated[int | None, Query(ge=1, lt=2**31)]
_MOST_OFFERED = 500
"""Fixtures that the form proposes; others can be typed."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A fixture as the form names it."""

    store: str
    fixture: str
    words: str

    @property
    def key(self) -> str:
        """As the form sends it."""
        return f"{self.store}/{self.fixture}"


def router(context: Context, shell: Shell) -> APIRouter:
    """The list, one planogram, and what their forms are sent to."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/planograms")
    def show(visit: Reader) -> Response:
        """Every planogram, its latest version drawn, and the way to upload one."""
        with reading(context.engine) as connection:
            found = plans.listed(connection, visit.tenant, limit=1000)
            held = plans.assigned(connection, visit.tenant)
        counts = {one.name: sum(where.name == one.name for where in held) for one in found}
        drawn = [(one, draw(one.plan, context.products.of(visit.tenant))) for one in found]
        return shell.page(visit, "planograms.html", here="planograms", plans=drawn, counts=counts)

    @routes.get("/planograms/{name}")
    def show_one(visit: Reader, name: Name, version: Version = None) -> Response:
        """One planogram: a version drawn, all versions, and where they hold."""
        with reading(context.engine) as connection:
            found = plans.find(connection, visit.tenant, name, version)
            every = plans.versions(connection, visit.tenant, name)
            held = plans.assigned(connection, visit.tenant, name=name)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such version of a planogram {name}")
        return shell.page(
            visit,
            "planogram.html",
            here="planograms",
            plan=found,
            drawing=draw(found.plan, context.products.of(visit.tenant)),
            products=context.products.of(visit.tenant),
            versions=every,
            assigned=held,
            stores={one.id: one.name for one in context.stores.described if one.tenant == visit.tenant},
            spots=[spot for spot, _ in zip(_spots(context, visit), range(_MOST_OFFERED), strict=False)],
            chains=sorted({one.chain for one in context.stores.described if one.tenant == visit.tenant and one.chain}),
        )

    @routes.post("/planograms/{name}/check")
    def check(visit: Planner, name: Name, file: Annotated[bytes, Body(media_type="text/csv")] = b"") -> Response:
        """What is read of a file that somebody has chosen, before it is kept."""
        read = read_upload(file, name=name, products=context.products.of(visit.tenant))
        drawing = None if read.plan is None else draw(read.plan, context.products.of(visit.tenant))
        return shell.part(visit, "planogram_check.html", name=name, read=read, drawing=drawing)

    @routes.post("/planograms/{name}/assign")
    def assign(visit: Planner, name: Name, given: Form) -> Response:
        """Let a version hold for a fixture, or for every fixture of a chain, from a day on."""
        spots = _wanted(context, visit, given)
        try:
            since, version = date.fromisoformat(given.get("since", "")), int(given.get("version", ""))
            made = [
                plans.Assignment(visit.tenant, one.store, one.fixture, since, name, version, visit.now, visit.who.label)
                for one in spots
            ]
            with writing(context.engine) as connection:
                plans.assign(connection, made)
        except ValueError:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "since is a day, YYYY-MM-DD; version a number") from None
        except plans.NoPlanogram as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": f"/planograms/{name}"})

    @routes.post("/planograms/{name}/withdraw")
    def withdraw(visit: Planner, name: Name, given: Form) -> Response:
        """Take an assignment back."""
        try:
            since = date.fromisoformat(given.get("since", ""))
        except ValueError:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "since is a day, YYYY-MM-DD") from None
        with writing(context.engine) as connection:
            plans.withdraw(connection, visit.tenant, given.get("store", ""), given.get("fixture", ""), since)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": f"/planograms/{name}"})

    return routes


def _spots(context: Context, visit: Visit, chain: str | None = None) -> Iterator[Spot]:
    """Every fixture that somebody described, of one chain or of all."""
    for store in context.stores.described:
        if store.tenant == visit.tenant and chain in {None, store.chain}:
            for fixture in store.fixtures:
                yield Spot(store.id, fixture.id, f"{store.name} · {fixture.name or fixture.id}")


def _wanted(context: Context, visit: Visit, given: dict[str, str]) -> list[Spot]:
    """The fixtures that a form names.

    Raises:
        Problem: 422 where it names none.
    """
    if chain := given.get("chain"):
        spots = list(_spots(context, visit, chain))
    else:
        wanted = given.get("spot", "").strip()
        spots = [one for one in _spots(context, visit) if wanted == one.key]
    if not spots:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "name a fixture as store/fixture, or a chain with fixtures")
    return spots
