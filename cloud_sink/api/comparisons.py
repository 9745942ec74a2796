"""Stores beside each other: rankings, groups, and where one stands."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query

from cloud_sink.api.etags import this_minute
from cloud_sink.api.events import period
from cloud_sink.api.gate import Figures, one_tenant
from cloud_sink.api.names import SLUG, Day, Tenant
from cloud_sink.api.paging import Cursor, Limit, cursor_of, key_of
from cloud_sink.api.problems import Problem, described
from cloud_sink.fleet.settings import Attribute  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.profile.figures import NAMES
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.ranking import ask_groups, ask_ranking, ask_standing
from cloud_sink.profile.ranking_model import Groups, Ranking, Standing

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

_BY = f"^({'|'.join((*NAMES, 'score'))})$"
Since = Annotated[Day | None, Query(description="the first business day; a week before the last")]
Until = Annotated[Day | None, Query(description="the last business day; today, if left out")]
Text = Annotated[str | None, Query(max_length=200)]


class RankingPage(Ranking):
    """Stores by one figure, the worst first: where to go. One page of them."""

    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoints that compare."""
    routes = APIRouter(prefix="/api/v1", tags=["stores"])
    engine, stores = context.engine, context.stores
    yardstick = Yardstick.of(context.config)

    @routes.get("/rankings")
    def get_ranking(
        *,
        who: Figures,
        tenant: Tenant = None,
        by: Annotated[str, Query(pattern=_BY, description="a figure, or score")] = "osa",
        since: Since = None,
        until: Until = None,
        chain: Text = None,
        channel: Text = None,
        store_class: Text = None,
        city: Text = None,
        representative: Text = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> RankingPage:
        """Rank stores by a figure, the worst first; those of which it is unknown come last."""
        first, last = period(since, until)
        given = {
            "chain": chain,
            "channel": channel,
            "store_class": store_class,
            "city": city,
            "representative": representative,
        }
        key = key_of(cursor, int)
        offset = max(0, int(key[0])) if key else 0
        found = ask_ranking(
            engine,
            stores,
            yardstick,
            tenant=one_tenant(who, tenant),
            since=first,
            until=last,
            now=this_minute(),
            by=by,
            where={name: value for name, value in given.items() if value is not None},
            limit=limit,
            offset=offset,
        )
        behind = offset + len(found.stores)
        more = cursor_of(behind) if found.stores and behind < found.total else None
        return RankingPage(**dict(found), next=more)

    @routes.get("/groups")
    def get_groups(
        *, who: Figures, by: Attribute, tenant: Tenant = None, since: Since = None, until: Until = None
    ) -> Groups:
        """Roll stores up by chain, channel, class, city or representative; the worst group first."""
        first, last = period(since, until)
        now, owner = this_minute(), one_tenant(who, tenant)
        return ask_groups(engine, stores, yardstick, tenant=owner, since=first, until=last, now=now, by=by)

    @routes.get("/stores/{store}/standing", responses=described(HTTPStatus.NOT_FOUND))
    def get_standing(
        *,
        who: Figures,
        store: Annotated[str, Path(pattern=SLUG)],
        tenant: Tenant = None,
        since: Since = None,
        until: Until = None,
    ) -> Standing:
        """Compare a store with its own past, its cluster and its chain; with its grade and tags."""
        first, last = period(since, until)
        now, owner = this_minute(), one_tenant(who, tenant)
        found = ask_standing(engine, stores, yardstick, tenant=owner, store=store, since=first, until=last, now=now)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing is stored of {store} from {first} to {last}")
        return found

    return routes
