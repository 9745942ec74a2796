"""The people of a profile, by the clock on the wall."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kpis.figures import Value, into, ratio, tells_entrance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpis.days import Day
    from kpis.told import Event, Hours, Json


def people(days: Sequence[Day], figures: Mapping[str, Value], hours: Hours) -> Json:
    """People counted over some days."""
    told = [one for day in days for one in day.of("traffic.counted.v1")]
    zones = [(one.data, zone) for one in told for zone in one.data.get("zones", [])]
    observed = sum(one.data["seconds_observed"] for one in told)
    visits = sum(zone["visits"] for _, zone in zones)
    inside = sum(zone["occupancy_mean"] * data["seconds_observed"] for data, zone in zones)
    by_hour = _by_hour(told, hours)
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


def _by_hour(told: Sequence[Event], hours: Hours) -> list[Json]:
    """Hours are counted from the beginning of the business day, which may be at half past."""
    gathered: dict[str, list[Event]] = {}
    since = {}
    for one in told:
        begins = hours.whole(one.day)[0]
        moment = begins + timedelta(hours=(one.counts_at - begins) // timedelta(hours=1))
        clock = f"{moment.astimezone(hours.zone):%H:%M}"
        gathered.setdefault(clock, []).append(one)
        since[clock] = moment
    alone = len({one.day for one in told}) == 1
    starts = f"{hours.day_starts:%H:%M}"
    return [
        {"clock": clock, "since": since[clock] if alone else None, **_counts(gathered[clock])}
        for clock in sorted(gathered, key=lambda clock: (clock < starts, clock))
    ]


def _peaks(hours: Sequence[Json]) -> list[str]:
    counted = [(one["passers"] if one["footfall"] is None else one["footfall"], one["clock"]) for one in hours]
    busiest = sorted(((count, clock) for count, clock in counted if count), key=lambda one: (-one[0], one[1]))[:3]
    return [clock for count, clock in busiest if 2 * count >= busiest[0][0]]
