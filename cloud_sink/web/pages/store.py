"""One store: people beside goods beside place, what to do there, its fixtures with their last pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Response

from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem
from cloud_sink.profile.ask import UnknownStore, ask_profile
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.ranking import ask_standing
from cloud_sink.rights.roles import Right
from cloud_sink.store import settled
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_day
from cloud_sink.store.place import read_looks
from cloud_sink.web.views import store as view
from cloud_sink.web.visit import Reader, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.profile.model import StoreProfile
    from cloud_sink.profile.ranking_model import Compared, Standing
    from cloud_sink.store.place import LastLook
    from cloud_sink.web.shell import Shell

PAGE = None

PERIODS = (1, 7, 28)
Store = Annotated[str, Path(pattern=SLUG)]
COMPARED = {
    "score": "number",
    "osa": "percent",
    "stockouts": "number",
    "own_share": "percent",
    "purity": "percent",
    "compliance": "percent",
    "must_stock": "percent",
    "occupancy": "percent",
    "footfall": "number",
    "stop_rate": "percent",
    "completeness": "percent",
}
"""Figures that are compared with those of other stores, and how they are written."""

Days = Annotated[int, Query(ge=1, le=92)]


@dataclass(frozen=True, slots=True)
class Period:
    """The days that the page is about."""

    until: date
    days: int
    chosen: bool  # whether somebody named the day, so that links keep it

    @property
    def since(self) -> date:
        """The first of them."""
        return self.until - timedelta(days=self.days - 1)

    def address(self, store: str, part: str = "", *, days: int | None = None, until: date | None = None) -> str:
        """The address of the page, or a part of it, over other days."""
        query = [f"days={days or self.days}"] if (days or self.days) > 1 else []
        query += [f"day={until or self.until}"] if until or self.chosen else []
        return f"/stores/{store}{part}" + (f"?{'&'.join(query)}" if query else "")


def router(context: Context, shell: Shell) -> APIRouter:
    """The page, and the part of it that compares, which takes longer."""
    routes = APIRouter(include_in_schema=False)
    engine, stores, yardstick = context.engine, context.stores, Yardstick.of(context.config)

    @routes.get("/stores/{store}")
    def show(visit: Reader, store: Store, day: date | None = None, days: Days = 1) -> Response:
        """The profile of the last day with data, of another day, or of several."""
        profile = _profile(context, visit, store, day, days)
        with reading(engine) as connection:
            names = [one.fixture for one in profile.fixtures]
            looks = read_looks(connection, visit.tenant, store, profile.until, names)
        return shell.page(
            visit,
            "store.html",
            here="stores",
            store=store,
            profile=profile,
            period=Period(profile.until, days, day is not None),
            periods=PERIODS,
            hours=view.by_hour(profile, visit.t, visit.now),
            pictures=_pictures(looks) if visit.who.may(Right.PHOTOGRAPHS) else {},
            simulated=profile.simulated,
            fixture_names={one.fixture: one.name for one in profile.fixtures if one.name},
        )

    @routes.get("/stores/{store}/beside")
    def show_beside(visit: Reader, store: Store, day: date | None = None, days: Days = 1) -> Response:
        """The store beside its past, its cluster and its chain."""
        period = Period(day or visit.today, days, day is not None)
        calendar = [period.until - timedelta(days=back) for back in reversed(range(view.TREND_DAYS))]
        standing = ask_standing(
            engine,
            stores,
            yardstick,
            tenant=visit.tenant,
            store=store,
            since=period.since,
            until=period.until,
            now=visit.now,
        )
        cluster = _cluster(context, yardstick, visit.tenant, store)
        with reading(engine) as connection:
            own = settled.store_days(connection, visit.tenant, store, calendar[0], calendar[-1])
            others = (
                settled.totals_by_day(connection, visit.tenant, calendar[0], calendar[-1], only=cluster)
                if cluster
                else {}
            )
        return shell.page(
            visit,
            "store_beside.html",
            here="stores",
            standing=standing,
            trends=view.trends(own, others, calendar, visit.t),
            compared=_compared(standing) if standing else [],
        )

    return routes


def _compared(standing: Standing) -> list[tuple[Compared, str]]:
    """The figures that are shown, in their order, each with how it is written."""
    known = {one.figure: one for one in standing.figures if one.value is not None}
    return [(known[name], kind) for name, kind in COMPARED.items() if name in known]


def _profile(context: Context, visit: Visit, store: str, day: date | None, days: int) -> StoreProfile:
    """The profile.

    Raises:
        Problem: no such store, or a day outside the calendar.
    """
    try:
        until = day or _last_day(context, visit, store)
        return ask_profile(
            context.engine,
            context.stores,
            context.products.of(visit.tenant),
            store=store,
            tenant=visit.tenant,
            day=until,
            since=until - timedelta(days=days - 1) if until else None,
            now=visit.now,
            grading=context.config.grade,
        )
    except UnknownStore:
        raise Problem(HTTPStatus.NOT_FOUND, f"no store {store}") from None
    except OverflowError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"day {day} is outside the calendar") from None


def _last_day(context: Context, visit: Visit, store: str) -> date | None:
    with reading(context.engine) as connection:
        return latest_day(connection, visit.tenant, store)


def _pictures(looks: list[LastLook]) -> dict[str, LastLook]:
    """By fixture, the last look of which a photograph is kept, of its first view where several have one."""
    return {look.fixture: look for look in reversed(looks) if look.evidence is not None}


def _cluster(context: Context, yardstick: Yardstick, tenant: str, store: str) -> list[str]:
    """The other stores that agree with one in what makes a cluster."""
    this = context.stores.find(tenant, store)
    if this is None:
        return []
    return [
        one.id
        for one in context.stores.described
        if one.tenant == tenant
        and one.id != store
        and all(getattr(one, name) == getattr(this, name) for name in yardstick.alike)
    ]
