"""A store's profile, and where the store stands beside others over the same days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.model import StoreProfile
from cloud_sink.profile.ranking import ask_standing
from cloud_sink.profile.ranking_model import Standing  # noqa: TC001 - pydantic reads it at run time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.measure import Yardstick
    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku


class WholeProfile(StoreProfile):
    """People, goods and place of one store, and where it stands."""

    standing: Standing | None = Field(
        None, description="over the same days, beside its past, its cluster and its chain; null unless asked for"
    )


def ask_whole(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    yardstick: Yardstick,
    *,
    store: str,
    tenant: str | None = None,
    day: date | None = None,
    since: date | None = None,
    now: datetime,
    standing: bool,
) -> WholeProfile:
    """The profile of a store's business day, or of several; with `standing` beside those of others.

    That costs a look at all stores. The rest is as `ask_profile` says.
    """
    found = ask_profile(
        engine, stores, products, store=store, tenant=tenant, day=day, since=since, now=now, grading=yardstick.grading
    )
    beside = None
    if standing:
        period = {"since": found.since, "until": found.until}
        beside = ask_standing(engine, stores, yardstick, tenant=found.tenant, store=found.store, now=now, **period)
    return WholeProfile.model_construct(**dict(found), standing=beside)
