"""The fleet: who spoke when, what troubles each device, what it is to be and is, and why captures were rejected."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from cloud_sink.api.names import SLUG
from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.fleet.known import known_of
from cloud_sink.store import clones
from cloud_sink.store.database import reading, writing
from cloud_sink.store.listing import device_page, rejections
from cloud_sink.web.page import Page
from cloud_sink.web.views.devices import TROUBLES, ordered, view_of
from cloud_sink.web.visit import Admin, Reader  # noqa: TC001 - FastAPI reads them at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("devices", "/devices", icon="devices", group="work", order=30)

_MOST = 20_000
_ON_A_PAGE = 100
_DAYS = timedelta(days=6)
_CLONES = 20
_DIFFERS = "differs"
"""In place of a trouble: devices that are not what they are to be, or not yet."""


def router(context: Context, shell: Shell) -> APIRouter:
    """The page of the fleet."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/devices")
    def show(
        visit: Reader, trouble: str = "", search: str = "", page: Annotated[int, Query(ge=1, le=1000)] = 1
    ) -> Response:
        """Devices with the gravest trouble first; of one trouble, or whose name or store holds what is searched."""
        with reading(context.engine) as connection:
            stored = device_page(connection, visit.tenant, limit=_MOST)
            rejected = rejections(connection, visit.tenant, visit.today - _DAYS, visit.today)
            known = known_of(connection, context.config, visit.tenant, visit.now)
        fleet = ordered(view_of(one, visit.now, known) for one in stored)
        counts = Counter(one for device in fleet for one in device.troubles)
        names = {one.id: one.name for one in context.stores.described if one.tenant == visit.tenant}
        wanted = [
            one
            for one in fleet
            if (not trouble or trouble in one.troubles or (trouble == _DIFFERS and one.differs))
            and search.lower() in f"{one.device.device} {one.device.store} {names.get(one.device.store, '')}".lower()
        ]
        return shell.page(
            visit,
            "devices.html",
            here="devices",
            devices=wanted[(page - 1) * _ON_A_PAGE : page * _ON_A_PAGE],
            found=len(wanted),
            total=len(fleet),
            page=page,
            last=-(-len(wanted) // _ON_A_PAGE),
            counts=counts,
            versions=Counter(one.health.versions.get("agent", "?") for one in fleet if one.health),
            rejected=rejected,
            clones=[one for one in fleet if one.clone is not None][:_CLONES],
            differs=sum(one.differs for one in fleet),
            since=visit.today - _DAYS,
            names=names,
            troubles=TROUBLES,
            trouble=trouble,
            search=search,
        )

    @routes.post("/devices/{device}/one-again")
    def one_again(request: Request, visit: Admin, device: Annotated[str, Path(pattern=SLUG)]) -> Response:
        """Take somebody's word that of a copied device only one is left."""
        with writing(context.engine) as connection:
            if not device_page(connection, visit.tenant, device=device, limit=1):
                raise Problem(HTTPStatus.NOT_FOUND, f"no device {device}")
            clones.clear(connection, visit.tenant, device, by=visit.who.label, now=visit.now)
        note(request, f"device {device}: one again", tenant=visit.tenant)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    return routes
