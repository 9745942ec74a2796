"""Stock-out episodes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, tenant_of
from cloud_sink.api.names import SLUG, Moment, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.store.database import reading
from cloud_sink.store.listing import StoredEpisode, episode_page
from cloud_sink.store.moments import to_ms

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


class EpisodeLine(BaseModel):
    """One stock-out episode."""

    model_config = example(
        tenant="acme",
        store="store-01",
        device="unit-07",
        episode="cooler-1-95200011-3",
        fixture="cooler-1",
        sku="lurra-cola-330",
        name="Lurra Cola 330 ml",
        since="2026-03-14T01:30:00Z",
        until=None,
    )

    tenant: str
    store: str
    device: str
    episode: str
    fixture: str
    sku: str
    name: str | None = Field(description="null for a SKU that is in no catalogue of the sink")
    since: datetime
    until: datetime | None = Field(description="null while it lasts")


class EpisodePage(BaseModel):
    """Some episodes, in the order in which they began."""

    episodes: list[EpisodeLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoint of episodes."""
    routes = APIRouter(prefix="/api/v1/episodes", tags=["stores"])

    @routes.get("")
    def list_episodes(
        *,
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        since: Annotated[Moment | None, Query(description="leaves out what was over before")] = None,
        only_open: Annotated[bool, Query(alias="open", description="only those that last")] = False,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> EpisodePage:
        """List stock-out episodes, in the order in which they began."""
        key = key_of(cursor, int, str, str, str)
        after = None if key is None else (int(key[0]), str(key[1]), str(key[2]), str(key[3]))
        with reading(context.engine) as connection:
            found = episode_page(
                connection,
                tenant_of(who, tenant),
                store=store,
                since=None if since is None else since.astimezone(UTC),
                only_open=only_open,
                after=after,
                limit=limit + 1,
            )
        shown, following = page(found, limit, lambda one: (to_ms(one.since), one.store, one.device, one.episode))
        return EpisodePage(episodes=[_line(one, context) for one in shown], next=following)

    return routes


def _line(one: StoredEpisode, context: Context) -> EpisodeLine:
    known = context.products.of(one.tenant).get(one.sku)
    return EpisodeLine(
        tenant=one.tenant,
        store=one.store,
        device=one.device,
        episode=one.episode,
        fixture=one.fixture,
        sku=one.sku,
        name=known.name if known else None,
        since=one.since,
        until=one.until,
    )
