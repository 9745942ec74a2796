"""What cameras that count people owe in each hour of the clock on the wall. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from edge.contract.business_day import Span, day_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.contract.business_day import Clockwork

Owed = dict[str, float]
"""By the clock on the wall, such as 08:00, milliseconds in which people should have been counted."""

_HOUR = timedelta(hours=1)
_DAY_SECONDS = 86_400


def owed_by_hour(
    days: Mapping[date, Mapping[str, int]], openings: Mapping[date, Span], clockwork: Clockwork, now: datetime
) -> Owed:
    """What was owed by now, over the days of a period.

    Where people are counted at all, a day without a count owes as much as the others do on the mean.

    Args:
        days: rows of `store_day`, of days with data.
        openings: the opening hours of each day.
        clockwork: the store's days and clock.
        now: aware.
    """
    counting = sum(row.get("counting_days", 0) for row in days.values())
    owed: Owed = {}
    usual: Owed | None = None
    for day, row in days.items():
        hours = openings[day]
        if not row.get("countable_ms") or not hours.seconds:
            continue
        cameras = row["countable_ms"] / (hours.seconds * 1000)
        whole = hours.until <= now and day_span(day, clockwork).seconds == _DAY_SECONDS
        if whole and usual is not None:  # nearly every day: its hours are those of the others
            open_ms = usual
        else:
            open_ms = _open_ms(day, Span(hours.since, max(hours.since, min(hours.until, now))), clockwork)
            usual = open_ms if whole else usual
        for clock, span in open_ms.items():
            owed[clock] = owed.get(clock, 0.0) + span * cameras * len(days) / counting
    return owed


def clock_of(day: date, hour: int, clockwork: Clockwork) -> str:
    """What the clock on the wall says when an hour of a business day begins."""
    return f"{(day_span(day, clockwork).since + hour * _HOUR).astimezone(clockwork.zone):%H:%M}"


def _open_ms(day: date, hours: Span, clockwork: Clockwork) -> Owed:
    """Of one camera; on the day the clocks go back an hour of the same name comes twice."""
    since = day_span(day, clockwork).since
    found: Owed = {}
    for hour in range(25):
        begins = since + hour * _HOUR
        span = (min(begins + _HOUR, hours.until) - max(begins, hours.since)).total_seconds()
        if span > 0:
            clock = clock_of(day, hour, clockwork)
            found[clock] = found.get(clock, 0.0) + span * 1000
    return found
