"""People of one store over some days: counted, never identified. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.course import ENTRANCE
from cloud_sink.profile.model import HourOfPeople, People
from edge.contract.business_day import day_span
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloud_sink.profile.figures import Figures
    from edge.contract.business_day import Clockwork

Counts = Mapping[str, int]
Row = tuple[tuple[date, int, str], Counts]
_PEAKS = 3


def people(
    traffic: Mapping[tuple[date, int, str], Counts], figures: Figures, clockwork: Clockwork, *, one_day: bool
) -> People:
    """The people of a period; what no camera counts is null.

    Args:
        traffic: counts by business day, hour within it, and fixture; a day may stand for others with the same clocks.
        figures: the store's figures over the same days.
        clockwork: the store's days and clock.
        one_day: whether the period is a single day, so that its hours are moments.
    """
    rows = list(traffic.items())
    observed = sum(counts["observed_ms"] for _, counts in rows) / 1000
    visits = sum(counts["visits"] for _, counts in rows)
    by_hour = _by_hour(rows, clockwork, one_day=one_day)
    return People(
        footfall=_footfall(rows),
        passers=_passing("passers", rows),
        stoppers=_passing("stoppers", rows),
        dwell_seconds=figures.dwell_seconds,
        door_open_rate=figures.door_open_rate,
        seconds_observed=observed,
        completeness=figures.people_completeness,
        withheld_intervals=sum(counts["withheld_intervals"] for _, counts in rows),
        loitering=sum(counts["loitering"] for _, counts in rows) if visits else None,
        occupancy=divide(sum(counts["occupancy_ms"] for _, counts in rows) / 1000, observed) if visits else None,
        peak_hours=_peaks(by_hour),
        hours=by_hour,
    )


def _by_hour(rows: Iterable[Row], clockwork: Clockwork, *, one_day: bool) -> list[HourOfPeople]:
    """By the clock on the wall, from the hour in which the business day begins: clocks change, habits do not."""
    starts = {day: day_span(day, clockwork).since for (day, _, _), _ in rows}
    gathered: dict[str, list[Row]] = {}
    moments = {}
    for row in rows:
        day, hour, _ = row[0]
        moment = starts[day] + timedelta(hours=hour)
        clock = f"{moment.astimezone(clockwork.zone):%H:%M}"
        gathered.setdefault(clock, []).append(row)
        moments[clock] = moment
    begins = f"{clockwork.day_starts:%H:%M}"
    return [
        HourOfPeople(
            clock=clock,
            since=moments[clock] if one_day else None,
            footfall=_footfall(gathered[clock]),
            passers=_passing("passers", gathered[clock]),
            stoppers=_passing("stoppers", gathered[clock]),
        )
        for clock in sorted(gathered, key=lambda clock: (clock < begins, clock))
    ]


def _peaks(hours: Sequence[HourOfPeople]) -> list[str]:
    """The busiest hours, the busiest first: up to three that have at least half as many people as the first."""
    count = [(one.footfall if one.footfall is not None else one.passers, one.clock) for one in hours]
    known = sorted(((people, clock) for people, clock in count if people), key=lambda one: (-one[0], one[1]))
    return [clock for people, clock in known[:_PEAKS] if 2 * people >= known[0][0]]


def _footfall(rows: Iterable[Row]) -> int | None:
    into = [counts["into"] for (_, _, fixture), counts in rows if fixture == ENTRANCE and counts["told_intervals"]]
    return sum(into) if into else None


def _passing(name: str, rows: Iterable[Row]) -> int | None:
    counted = [counts[name] for _, counts in rows if counts[f"{name}_intervals"] > 0]
    return sum(counted) if counted else None
