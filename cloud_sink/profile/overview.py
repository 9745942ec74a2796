"""All stores of a tenant as one: over a period, over as many days before it, and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.figures import Figures, add_up, values
from cloud_sink.profile.grade import letter_of, score_of
from cloud_sink.profile.measure import measure
from cloud_sink.store import settled
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.measure import Yardstick
    from cloud_sink.profile.model import Letter
    from cloud_sink.store.database import Database


@dataclass(frozen=True, slots=True)
class Sum:
    """Some stores over some days as one; counts of people a store and day."""

    stores: int
    figures: Figures
    score: float | None
    letter: Letter | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands above every list of stores."""

    now: Sum
    before: Sum  # as many days before
    days: Mapping[date, Sum]  # ascending, of the days with data
    waiting: int  # days that are not settled yet


def ask_overview(
    engine: Database,
    stores: StoreBook,
    yardstick: Yardstick,
    *,
    tenant: str,
    since: date,
    until: date,
    now: datetime,
    where: Mapping[str, str] | None = None,
) -> Overview:
    """Add a tenant's stores up; `where` as for `ask_ranking`."""
    length = until - since + timedelta(days=1)
    only = _named(stores, tenant, where) if where else None
    with reading(engine) as connection:
        field = measure(connection, stores, yardstick, tenant=tenant, since=since, until=until, now=now, only=only)
        past = settled.store_sums(connection, tenant, since - length, until - length, only=only)
        days = settled.totals_by_day(connection, tenant, since, until, only=only)
    return Overview(
        now=_sum([one.counts for one in field.stores.values()], yardstick),
        before=_sum(list(past.values()), yardstick),
        days={day: _sum([counts], yardstick, stores=counts["days"]) for day, counts in days.items()},
        waiting=field.waiting,
    )


def _named(stores: StoreBook, tenant: str, where: Mapping[str, str]) -> list[str]:
    return [
        one.id
        for one in stores.described
        if one.tenant == tenant and all(getattr(one, name) == value for name, value in where.items())
    ]


def _sum(counts: list[dict[str, int]], yardstick: Yardstick, *, stores: int | None = None) -> Sum:
    found = values(add_up(counts))
    score = score_of(found, yardstick.grading)
    return Sum(
        stores=len(counts) if stores is None else stores,
        figures=Figures(**found),
        score=score,
        letter=letter_of(score, yardstick.grading),
    )
