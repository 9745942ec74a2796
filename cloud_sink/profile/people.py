"""People of one store over some days: counted, never identified. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.clock_hours import clock_of
from cloud_sink.profile.course import ENTRANCE
from cloud_sink.profile.model import HourOfPeople, People
from edge.contract.business_day import day_span
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloud_sink.profile.clock_hours import Owed
    from cloud_sink.profile.figures import Figures
    from edge.contract.business_day import Clockwork

Counts = Mapping[str, int]
Row = tuple[tuple[date, int, str], Counts]
_PEAKS = 3


def people(
    traffic: Mapping[tuple[date, int, str], Counts],
    figures: Figures,
    clockwork: Clockwork,
    *,
    owed: Owed,
    only_day: date | None,
) -> People:
    """The people of a period; what no camera counts is null.

    Args:
        traffic: counts by business day, hour within it, and fixture; a day may stand for others with the same clocks.
        figures: the store's figures over the same days.
        clockwork: the store's days and clock.
        owed: what was to be counted in each hour of the clock.
        only_day: the day of a period of one, whose hours are moments.
    """
    rows = list(traffic.items())
    observed = sum(counts["observed_ms"] for _, counts in rows) / 1000
    visits = sum(counts["visits"] for _, counts in rows)
    by_hour = _by_hour(rows, clockwork, owed, only_day)
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


def _by_hour(rows: Iterable[Row], clockwork: Clockwork, owed: Owed, only_day: date | None) -> list[HourOfPeople]:
    """By the clock on the wall, from the hour in which the business day begins: clocks change, habits do not.

    An hour in which a camera should have counted, and did not, is there and unknown.
    """
    gathered: dict[str, list[Row]] = {clock: [] for clock in owed}
    clocks: dict[tuple[date, int], str] = {}
    for row in rows:
        day, hour, _ = row[0]
        clock = clocks.get((day, hour)) or clocks.setdefault((day, hour), clock_of(day, hour, clockwork))
        gathered.setdefault(clock, []).append(row)
    moments = _moments(only_day, clockwork) if only_day else {}
    begins = f"{clockwork.day_starts:%H:%M}"
    return [
        HourOfPeople(
            clock=clock,
            since=moments.get(clock),
            footfall=_footfall(gathered[clock]),
            passers=_passing("passers", gathered[clock]),
            stoppers=_passing("stoppers", gathered[clock]),
            completeness=_completeness(gathered[clock], owed.get(clock, 0.0)),
        )
        for clock in sorted(gathered, key=lambda clock: (clock < begins, clock))
    ]


def _moments(day: date, clockwork: Clockwork) -> dict[str, datetime]:
    """The hours of a day; of two with one name the later."""
    span = day_span(day, clockwork)
    hours = range(round(span.seconds / 3600))
    return {clock_of(day, hour, clockwork): span.since + timedelta(hours=hour) for hour in hours}


def _completeness(rows: Iterable[Row], owed: float) -> float | None:
    return min(1.0, sum(counts["open_ms"] for _, counts in rows) / owed) if owed > 0 else None


def _peaks(hours: Sequence[HourOfPeople]) -> list[str]:
    """The busiest hours, the busiest first: up to three that have at least half as many people as the first.

    By footfall where anybody counts it in any hour, else by passers: one hour's footfall is not another's passers.
    """
    entered = any(one.footfall is not None for one in hours)
    count = [(one.footfall if entered else one.passers, one.clock) for one in hours]
    known = sorted(((people, clock) for people, clock in count if people), key=lambda one: (-one[0], one[1]))
    return [clock for people, clock in known[:_PEAKS] if 2 * people >= known[0][0]]


def _footfall(rows: Iterable[Row]) -> int | None:
    into = [counts["into"] for (_, _, fixture), counts in rows if fixture == ENTRANCE and counts["told_intervals"]]
    return sum(into) if into else None


def _passing(name: str, rows: Iterable[Row]) -> int | None:
    counted = [counts[name] for _, counts in rows if counts[f"{name}_intervals"] > 0]
    return sum(counted) if counted else None
