"""Stores and their profiles."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from cloud_sink.api.etags import this_minute
from cloud_sink.api.events import no_such_period
from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, tenant_of
from cloud_sink.api.names import SLUG, Day, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.profile.ask import UnknownStore, WrongPeriod, known_stores, owner_of
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.whole import WholeProfile, ask_whole
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_days

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.rights.roles import Principal


class StoreLine(BaseModel):
    """One store."""

    model_config = example(
        tenant="acme", store="store-01", name="Corner shop", city="Ho Chi Minh City", latest_day="2026-03-14"
    )

    tenant: str
    store: str
    name: str | None
    city: str | None
    latest_day: date | None = Field(description="the last business day of which anything is stored")


class StoreList(BaseModel):
    """Stores that are described or ever reported, by tenant and id."""

    stores: list[StoreLine]
    next: str | None = Field(description="the cursor of the next page")


def router(context: Context) -> APIRouter:
    """The endpoints about stores."""
    routes = APIRouter(prefix="/api/v1/stores", tags=["stores"])
    yardstick = Yardstick.of(context.config)

    @routes.get("")
    def list_stores(who: Figures, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100) -> StoreList:
        """List every store that is described or ever reported."""
        owner, behind = tenant_of(who, tenant), key_of(cursor, str, str)
        with reading(context.engine) as connection:
            found = known_stores(connection, context.stores, owner)
            start = bisect_right(found, (str(behind[0]), str(behind[1]))) if behind else 0
            shown, following = page(found[start : start + limit + 1], limit, lambda pair: pair)
            days = latest_days(connection, shown)
        lines = [_line(context, *pair, days.get(pair)) for pair in shown]
        return StoreList(stores=lines, next=following)

    @routes.get("/{store}/profile", responses=described(HTTPStatus.NOT_FOUND))
    def get_profile(
        *,
        who: Figures,
        store: Annotated[str, Path(pattern=SLUG)],
        tenant: Tenant = None,
        day: Annotated[Day | None, Query(description="the business day; the last one with data if left out")] = None,
        since: Annotated[Day | None, Query(description="the first of several business days, up to `day`")] = None,
        standing: Annotated[
            bool, Query(description="whether to compare it with its own past, its cluster and its chain; and its tags")
        ] = False,
    ) -> WholeProfile:
        """People, goods and place of one store and one or several business days; what nobody could observe is null."""
        try:
            with reading(context.engine) as connection:
                owner = owner_of(connection, context.stores, store, tenant_of(who, tenant))
            return ask_whole(
                context.engine,
                context.stores,
                context.products.of(owner),
                yardstick,
                store=store,
                tenant=owner,
                day=day,
                since=since,
                now=this_minute(),
                standing=standing,
            )
        except WrongPeriod as error:
            raise no_such_period(str(error)) from None
        except UnknownStore as error:
            raise unknown_store(who, store, error) from None
        except OverflowError:
            raise no_such_period(f"day {day} is outside the calendar") from None

    return routes


def _line(context: Context, tenant: str, store: str, latest: date | None) -> StoreLine:
    section = context.stores.find(tenant, store)
    return StoreLine(
        tenant=tenant,
        store=store,
        name=section.name if section else None,
        city=section.city if section else None,
        latest_day=latest,
    )


def unknown_store(who: Principal, store: str, error: UnknownStore) -> Problem:
    """404; the names of other stores are told only to who sees all."""
    return Problem(HTTPStatus.NOT_FOUND, str(error) if who.tenant is None else f"no store {store}")
