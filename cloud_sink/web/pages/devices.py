"""The fleet: who spoke when, what troubles each device, which versions run, and why captures were rejected."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Response

from cloud_sink.releases.repository import plan_of
from cloud_sink.store.database import reading
from cloud_sink.store.listing import device_page, rejections
from cloud_sink.web.page import Page
from cloud_sink.web.views.devices import TROUBLES, ordered, view_of
from cloud_sink.web.visit import Reader  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.web.shell import Shell

PAGE = Page("devices", "/devices", icon="devices", group="work", order=30)

_MOST = 20_000
_ON_A_PAGE = 100
_DAYS = timedelta(days=6)


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
        fleet = ordered(view_of(one, visit.now) for one in stored)
        counts = Counter(one for device in fleet for one in device.troubles)
        names = {one.id: one.name for one in context.stores.described if one.tenant == visit.tenant}
        wanted = [
            one
            for one in fleet
            if (not trouble or trouble in one.troubles)
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
            plan=plan_of(context.config.data, visit.tenant),
            since=visit.today - _DAYS,
            names=names,
            troubles=TROUBLES,
            trouble=trouble,
            search=search,
        )

    return routes
