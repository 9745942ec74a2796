"""When captures are due: by interval or cron, in the store's time zone, within its opening hours. Pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.config import Hours, Schedule

MAX_DAYS_AHEAD = 366


def check_schedule(schedule: Schedule) -> None:
    """Refuse a cron expression that cannot be read.

    Raises:
        ConfigError: naming the expression.
    """
    if schedule.cron is not None:
        try:
            CronSim(schedule.cron, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise ConfigError(
                f"schedule.cron: {schedule.cron!r}: {str(error).lower()}", "five fields: minute hour day month weekday"
            ) from None


def opening(day: date, *, zone: str, hours: Hours) -> tuple[datetime, datetime]:
    """Opening and closing time of a business day, in UTC; 23 or 25 hours around a change of clocks are right."""
    tz = ZoneInfo(zone)
    return (
        datetime.combine(day, hours.opens, tz).astimezone(UTC),
        datetime.combine(day, hours.closes, tz).astimezone(UTC),
    )


def business_day(at: datetime, *, zone: str, hours: Hours) -> date:
    """The store's business day at a moment: it begins at `hours.day_starts`."""
    local = at.astimezone(ZoneInfo(zone))
    return local.date() if local.time() >= hours.day_starts else local.date() - timedelta(days=1)


def due_times(schedule: Schedule, day: date, *, zone: str, hours: Hours) -> Iterator[datetime]:
    """Every moment of a day's opening hours at which a capture is due, ascending, in UTC.

    An interval counts from opening time. Closing time itself is no longer open.
    """
    opens, closes = opening(day, zone=zone, hours=hours)
    if schedule.every is not None:
        step, due = timedelta(seconds=schedule.every), opens
        while due < closes:
            yield due
            due += step
        return
    assert schedule.cron is not None
    local_opens = opens.astimezone(ZoneInfo(zone))
    for local in CronSim(schedule.cron, local_opens - timedelta(minutes=1)):
        due = local.astimezone(UTC)
        if due >= closes:
            return
        if due >= opens:
            yield due


def next_due(schedule: Schedule, after: datetime, *, zone: str, hours: Hours) -> datetime | None:
    """The first due moment later than `after`, in UTC; None when there is none within a year."""
    day = after.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    for _ in range(MAX_DAYS_AHEAD):
        if opening(day, zone=zone, hours=hours)[1] > after:
            for due in due_times(schedule, day, zone=zone, hours=hours):
                if due > after:
                    return due
        day += timedelta(days=1)
    return None


def describe(schedule: Schedule) -> str:
    """A schedule in a few words, for health events and people."""
    if schedule.every is None:
        return f"cron {schedule.cron}"
    minutes, seconds = divmod(schedule.every, 60)
    return f"every {minutes:g} min" if seconds == 0 else f"every {schedule.every:g} s"
