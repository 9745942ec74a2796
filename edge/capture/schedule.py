"""When captures are due: by interval or cron, in the store's time zone, within its opening hours. Pure functions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from cronsim import CronSim, CronSimError

from edge.contract.business_day import opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.business_day import Clockwork
    from edge.contract.config import Schedule

MAX_DAYS_AHEAD = 366


def cron_fault(expression: str) -> str | None:
    """What is wrong with a cron expression; None when it can be read."""
    try:
        CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        return str(error).lower()
    return None


def due_times(schedule: Schedule, day: date, clockwork: Clockwork) -> Iterator[datetime]:
    """Every moment of a day's opening hours at which a capture is due, ascending, in UTC.

    An interval counts from opening time. Closing time itself is no longer open.
    """
    open_hours = opening(day, clockwork)
    if schedule.every is not None:
        step, due = timedelta(seconds=schedule.every), open_hours.since
        while due < open_hours.until:
            yield due
            due += step
        return
    assert schedule.cron is not None
    local_opens = open_hours.since.astimezone(clockwork.zone)
    for local in CronSim(schedule.cron, local_opens - timedelta(minutes=1)):
        due = local.astimezone(UTC)
        if due >= open_hours.until:
            return
        if due >= open_hours.since:
            yield due


def next_due(schedule: Schedule, after: datetime, clockwork: Clockwork) -> datetime | None:
    """The first due moment later than `after`, in UTC; None when there is none within a year."""
    day = after.astimezone(clockwork.zone).date() - timedelta(days=1)
    for _ in range(MAX_DAYS_AHEAD):
        if opening(day, clockwork).until > after:
            for due in due_times(schedule, day, clockwork):
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
