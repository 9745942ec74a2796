"""One store: people beside goods by the hour, and how its figures went beside its cluster's. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cloud_sink.profile.figures import values
from cloud_sink.web.charts import Chart, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from cloud_sink.profile.goods_model import StockoutLine
    from cloud_sink.profile.model import Place, StoreProfile
    from cloud_sink.web.charts import Unit
    from cloud_sink.web.language import Language

HOUR = timedelta(hours=1)
TRENDS: Mapping[str, Unit] = {"osa": "percent", "purity": "percent", "compliance": "percent", "footfall": "count"}
"""Figures whose course is drawn, and their unit."""

TREND_DAYS = 28


def by_hour(profile: StoreProfile, t: Language, now: datetime) -> Chart:
    """Who came in at which hour, and how many SKUs were out of stock then."""
    clocks = _opening_hours(profile.place)
    told = {hour.clock: hour for hour in profile.people.hours}
    days = (profile.until - profile.since).days + 1
    out = skus_out(profile.goods.stockouts, clocks, profile.place, days=days, now=now)
    kinds = ("footfall", "stoppers")
    people = {
        name: tuple(
            value / days if clock in told and (value := getattr(told[clock], name)) is not None else None
            for clock in clocks
        )
        for name in kinds
    }
    return Chart(
        t("store.by_hour"),
        tuple(clocks),
        (
            Series(t("store.came_in"), people["footfall"], "own", "bars"),
            Series(t("store.stopped"), people["stoppers"], "quiet", "line"),
            Series(t("store.skus_out"), out, "foreign", "line", "score"),
        ),
    )


def skus_out(
    stockouts: Iterable[StockoutLine], clocks: Sequence[str], place: Place, *, days: int, now: datetime
) -> tuple[float, ...]:
    """How many SKUs were out of stock at each hour of the clock, on the mean over some days, in opening hours."""
    zone = ZoneInfo(place.zone)
    out = dict.fromkeys(clocks, 0.0)
    for one in stockouts:
        since, until = max(one.since, place.opens), min(one.until or now, place.closes)
        at = since.astimezone(UTC)
        while at < until:
            local = at.astimezone(zone)
            following = min(at + HOUR - timedelta(minutes=local.minute, seconds=local.second), until.astimezone(UTC))
            clock = f"{local:%H}:00"
            if clock in out:
                out[clock] += (following - at) / HOUR / days
            at = following if following > at else until
    return tuple(round(value, 3) for value in out.values())


def trends(
    own: Mapping[date, Mapping[str, int]],
    cluster: Mapping[date, Mapping[str, int]],
    calendar: Sequence[date],
    t: Language,
) -> list[Chart]:
    """The course of some figures over a calendar, the store's and its cluster's.

    Args:
        own: the store's counts by day.
        cluster: those of its cluster, added up.
        calendar: the days, ascending.
        t: the words.
    """
    begun = min([*own, *cluster], default=calendar[0])
    calendar = [day for day in calendar if day >= begun]
    mine, theirs = ({day: values(dict(row), TRENDS) for day, row in rows.items()} for rows in (own, cluster))
    labels = tuple(t.short_day(day) for day in calendar)
    return [
        Chart(
            t(f"figures.{name}"),
            labels,
            (
                Series(t("store.this"), _course(mine, calendar, name), "own", "line", unit),
                *(
                    [Series(t("store.cluster"), _course(theirs, calendar, name), "quiet", "dashed", unit)]
                    if cluster
                    else []
                ),
            ),
        )
        for name, unit in TRENDS.items()
    ]


def _course(
    rows: Mapping[date, Mapping[str, float | None]], calendar: Iterable[date], name: str
) -> tuple[float | None, ...]:
    return tuple(rows.get(day, {}).get(name) for day in calendar)


def _opening_hours(place: Place) -> list[str]:
    """The full hours of a day's opening hours by the store's clock, such as 08:00; at most those of a day."""
    zone = ZoneInfo(place.zone)
    opens = place.opens.astimezone(zone)
    first = opens.replace(minute=0, second=0, microsecond=0)
    closes = place.closes.astimezone(zone).timetz()
    ends = datetime.combine(opens.date(), closes)
    ends += timedelta(days=1) if ends <= opens else timedelta(0)
    return [f"{first + HOUR * number:%H}:00" for number in range(min(24, math.ceil((ends - first) / HOUR)))]
