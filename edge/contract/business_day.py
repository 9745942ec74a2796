"""The business day of a store: its own zone, its own starting hour, 23 or 25 hours when the clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What of a store decides about its days and hours."""

    zone: ZoneInfo
    day_starts: time
    opens: time
    closes: time  # later than `opens`, on the same calendar day


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, both ends in UTC; `until` is not part of it."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        """Its length; 0 for an empty one."""
        return max(0.0, (self.until - self.since).total_seconds())


@lru_cache(maxsize=4096)
def wall(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC moment when the clock on the wall first shows `clock` on `day`.

    A time that the spring change leaves out is taken as the moment the same distance after the change.
    """
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def business_day(at: datetime, clockwork: Clockwork) -> date:
    """The business day that the moment `at` belongs to."""
    day = at.astimezone(clockwork.zone).date()
    # Asked of the moments themselves: on a day of change the wall clock shows an hour twice, or not at all.
    return day if at >= wall(day, clockwork.day_starts, clockwork.zone) else day - timedelta(days=1)


def day_span(day: date, clockwork: Clockwork) -> Span:
    """The 23, 24 or 25 hours of a business day."""
    return Span(
        since=wall(day, clockwork.day_starts, clockwork.zone),
        until=wall(day + timedelta(days=1), clockwork.day_starts, clockwork.zone),
    )


def opening(day: date, clockwork: Clockwork) -> Span:
    """The opening hours of a business day, by the same rule as the device's schedule; closing time is not open."""
    return Span(
        since=wall(day, clockwork.opens, clockwork.zone),
        until=wall(day, clockwork.closes, clockwork.zone),
    )


def is_open(at: datetime, clockwork: Clockwork) -> bool:
    """Whether a moment lies in opening hours."""
    hours = opening(business_day(at, clockwork), clockwork)
    return hours.since <= at < hours.until


def hour_of_day(at: datetime, day: date, clockwork: Clockwork) -> int:
    """The hour within the business day, from 0; up to 24 on the day the clocks go back."""
    return int((at - day_span(day, clockwork).since).total_seconds() // 3600)
