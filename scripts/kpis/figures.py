"""The figures of a store's days: the formulae of the guide to profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpis.days import Day
    from kpis.told import Hours, Json

Value = float | None
LEVELS = {"present": "present", "shelf": "shelf", "order": "order", "compliance": "facings"}


def ratio(part: float, whole: float) -> Value:
    """A share; of nothing nobody knows it."""
    return part / whole if whole else None


def completeness(days: Sequence[Day], hours: Hours, fixture: str | None = None) -> Json:
    """Captures kept of those due, of one fixture or of all; a day that one of them knows nothing of leaves both."""
    accepted = due = kept = unknown = 0
    known = 0
    for day in days:
        parts = []
        for name in day.fixtures if fixture is None else [fixture]:
            owed = sum(day.due[name]) if name in day.due else None
            if owed is not None or day.of("shelf.observed.v1", name):
                parts.append((day.kept(name, hours), owed))
        accepted += sum(count for count, _ in parts)
        if any(owed is None for _, owed in parts):
            unknown += 1
        elif parts:
            known += 1
            due += sum(owed or 0 for _, owed in parts)
            kept += sum(min(count, owed or 0) for count, owed in parts)
    return {"value": ratio(kept, due), "accepted": accepted, "due": due if known else None, "unknown_days": unknown}


def figures(days: Sequence[Day], hours: Hours) -> dict[str, Value]:
    """All figures of some days."""
    seen = [one.data for day in days for one in day.of("shelf.observed.v1")]
    kpis = [one["kpis"] for one in seen]

    def total(name: str) -> int:
        return sum(one[name] for one in kpis)

    own, foreign, unsure, facings = (total(name) for name in ("own", "foreign", "unsure", "facings"))
    fared = [row for day in days for row in day.fared.values()]
    observed, out = sum(row["observed"] for row in fared), sum(row["out"] for row in fared)
    watched, opened = sum(day.watched for day in days), sum(day.seconds_open * len(day.fixtures) for day in days)
    return {
        "completeness": completeness(days, hours)["value"],
        "osa": 1 - out / observed if observed else None,
        "osa_watched": ratio(watched, opened),
        "stockouts": sum(day.began for day in days) / len(days) if seen else None,
        "own_share": ratio(own, own + foreign + unsure),
        "purity": ratio(own, own + foreign),
        "unknown_share": ratio(total("unknown"), facings),
        "occupancy": ratio(facings, facings + total("gaps")),
        "must_stock": _levels([one.get("must_stock") for one in kpis]),
        **{name: _levels([(one.get("compliance") or {}).get(level) for one in kpis]) for name, level in LEVELS.items()},
        **_people(days, hours),
    }


def _levels(ratios: list[Any]) -> Value:
    known = [one for one in ratios if one]
    return ratio(sum(one["part"] for one in known), sum(one["whole"] for one in known))


def _people(days: Sequence[Day], hours: Hours) -> dict[str, Value]:
    told = [(day, one) for day in days for one in day.of("traffic.counted.v1")]
    counting = {day.day for day, _ in told}
    countable = sum(
        day.seconds_open * len({one.data.get("fixture") for one in day.of("traffic.counted.v1")}) for day in days
    )
    owed = countable * len(days) / len(counting) if counting else 0
    inside = sum(one.data["seconds_observed"] for _, one in told if hours.is_open(one.counts_at))
    zones = [zone for _, one in told for zone in one.data.get("zones", [])]
    visits = sum(zone["visits"] for zone in zones)
    passers, stoppers = (
        [(day.day, one.data[name]) for day, one in told if one.data.get(name) is not None]
        for name in ("passers", "stoppers")
    )
    entered = [(day.day, into(one.data)) for day, one in told if tells_entrance(one.data)]
    door = [one.data for day in days for one in day.of("cooler.door.v1")]
    refills = sum(
        bool(one.data.get("opening") and one.data["opening"]["refill"])
        for day in days
        for one in day.of("shelf.observed.v1")
    )
    opened = sum(one["state"] == "opened" for one in door)
    passed, stopped = sum(n for _, n in passers), sum(n for _, n in stoppers)
    return {
        "people_completeness": min(1.0, inside / owed) if owed else None,
        "footfall": _a_day(entered),
        "passers": _a_day(passers),
        "stoppers": _a_day(stoppers),
        "stop_rate": ratio(stopped, passed) if stoppers else None,
        "dwell_seconds": ratio(sum(zone["dwell_seconds"] for zone in zones), visits),
        "door_open_rate": ratio(max(0, opened - refills), passed) if door else None,
    }


def _a_day(counts: list[tuple[Any, int]]) -> Value:
    return ratio(sum(count for _, count in counts), len({day for day, _ in counts}))


def into(data: Json) -> int:
    """People who came in, by an interval."""
    return sum(line["into"] for line in data["lines"])


def tells_entrance(data: Json) -> bool:
    """Whether an interval is of an entrance and tells the crossings of some line."""
    return data.get("fixture") is None and bool(data.get("lines"))
