"""The people of a profile, by the clock on the wall."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kpis.figures import Value, into, ratio, tells_entrance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpis.days import Day
    from kpis.told import Event, Hours, Json

HOUR = timedelta(hours=1)


def people(days: Sequence[Day], figures: Mapping[str, Value], hours: Hours, *, now: datetime, alone: bool) -> Json:
    """People counted over some days, or over one that stands alone."""
    told = [one for day in days for one in day.of("traffic.counted.v1")]
    zones = [(one.data, zone) for one in told for zone in one.data.get("zones", [])]
    observed = sum(one.data["seconds_observed"] for one in told)
    visits = sum(zone["visits"] for _, zone in zones)
    inside = sum(zone["occupancy_mean"] * data["seconds_observed"] for data, zone in zones)
    by_hour = _by_hour(told, _owed(days, hours, now), hours, alone=alone)
    return {
        **_counts(told),
        "dwell_seconds": figures["dwell_seconds"],
        "door_open_rate": figures["door_open_rate"],
        "withheld_intervals": sum(bool(one.data.get("withheld")) for one in told),
        "loitering": sum(zone.get("loitering") or 0 for _, zone in zones) if visits else None,
        "occupancy": ratio(inside, observed) if visits else None,
        "peak_hours": _peaks(by_hour),
        "seconds_observed": observed,
        "completeness": figures["people_completeness"],
        "hours": by_hour,
    }


def _counts(told: Sequence[Event]) -> dict[str, Any]:
    entered = [into(one.data) for one in told if tells_entrance(one.data)]
    found: dict[str, Any] = {"footfall": sum(entered) if entered else None}
    for name in ("passers", "stoppers"):
        known = [one.data[name] for one in told if one.data.get(name) is not None]
        found[name] = sum(known) if known else None
    return found


def _owed(days: Sequence[Day], hours: Hours, now: datetime) -> dict[str, tuple[float, datetime]]:
    """By the clock, the seconds that cameras owed in an hour until now, and its last moment.

    A day without any count owes as much as those with one do on the mean.
    """
    cameras = {day.day: len({one.data.get("fixture") for one in day.of("traffic.counted.v1")}) for day in days}
    counting = sum(count > 0 for count in cameras.values())
    found: dict[str, tuple[float, datetime]] = {}
    for day in days:
        begins, ends = hours.whole(day.day)
        while begins < ends:
            seconds = (min(begins + HOUR, day.open[1], now) - max(begins, day.open[0])).total_seconds()
            if seconds > 0 and cameras[day.day]:
                clock = f"{begins.astimezone(hours.zone):%H:%M}"
                before = found.get(clock, (0.0, begins))[0]
                found[clock] = before + seconds * cameras[day.day] * len(days) / counting, begins
            begins += HOUR
    return found


def _by_hour(
    told: Sequence[Event], owed: Mapping[str, tuple[float, datetime]], hours: Hours, *, alone: bool
) -> list[Json]:
    """Hours are counted from the beginning of the business day, which may be at half past."""
    gathered: dict[str, list[Event]] = {clock: [] for clock in owed}
    since = {clock: moment for clock, (_, moment) in owed.items()}
    for one in told:
        begins = hours.whole(one.day)[0]
        moment = begins + HOUR * ((one.counts_at - begins) // HOUR)
        clock = f"{moment.astimezone(hours.zone):%H:%M}"
        gathered.setdefault(clock, []).append(one)
        since[clock] = moment
    starts = f"{hours.day_starts:%H:%M}"
    return [
        {
            "clock": clock,
            "since": since[clock] if alone else None,
            **_counts(gathered[clock]),
            "completeness": _completeness(gathered[clock], owed.get(clock, (0.0, None))[0], hours),
        }
        for clock in sorted(gathered, key=lambda clock: (clock < starts, clock))
    ]


def _completeness(told: Sequence[Event], owed: float, hours: Hours) -> Value:
    inside = sum(one.data["seconds_observed"] for one in told if hours.is_open(one.counts_at))
    return min(1.0, inside / owed) if owed else None


def _peaks(hours: Sequence[Json]) -> list[str]:
    what = "footfall" if any(one["footfall"] is not None for one in hours) else "passers"
    counted = [(one[what], one["clock"]) for one in hours]
    busiest = sorted(((count, clock) for count, clock in counted if count), key=lambda one: (-one[0], one[1]))[:3]
    return [clock for count, clock in busiest if 2 * count >= busiest[0][0]]
