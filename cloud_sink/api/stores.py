"""Stores and their profiles."""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from cloud_sink.api.problems import Problem
from cloud_sink.profile.ask import UnknownStore, ask_profile, known_stores
from cloud_sink.profile.model import StoreProfile  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_day

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

_SLUG = r"^[a-z0-9][a-z0-9_-]{0,62}$"


class StoreLine(BaseModel):
    """One store."""

    tenant: str
    store: str
    name: str | None
    city: str | None
    latest_day: date | None


class StoreList(BaseModel):
    """Every store that is described or ever reported."""

    stores: list[StoreLine]


def router(context: Context) -> APIRouter:
    """The endpoints about stores."""
    routes = APIRouter(prefix="/api/v1/stores", tags=["stores"])

    @routes.get("")
    def list_stores() -> StoreList:
        """List every store that is described or ever reported."""
        lines = []
        with reading(context.engine) as connection:
            for tenant, store in known_stores(connection, context.stores):
                section = context.stores.find(tenant, store)
                lines.append(
                    StoreLine(
                        tenant=tenant,
                        store=store,
                        name=section.name if section else None,
                        city=section.city if section else None,
                        latest_day=latest_day(connection, tenant, store),
                    )
                )
        return StoreList(stores=lines)

    @routes.get("/{store}/profile")
    def get_profile(
        store: Annotated[str, Path(pattern=_SLUG)],
        tenant: Annotated[str | None, Query(pattern=_SLUG, description="needed where several have that store")] = None,
        day: Annotated[date | None, Query(description="the business day; the last one with data if left out")] = None,
    ) -> StoreProfile:
        """People, goods and place of one store and business day; what nobody could observe is null."""
        try:
            return ask_profile(
                context.engine,
                context.stores,
                context.products,
                store=store,
                tenant=tenant,
                day=day,
                now=datetime.now(UTC),
            )
        except UnknownStore as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        except OverflowError:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"day {day} is outside the calendar") from None

    return routes
