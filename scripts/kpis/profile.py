"""A whole profile, counted; and where another one says something else."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kpis.days import days, episodes
from kpis.figures import completeness, figures, ratio
from kpis.goods import Known, goods, shelf
from kpis.people import people
from kpis.todo import actions
from kpis.told import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kpis.days import Day, Episode
    from kpis.told import Hours, Json, Told

BEFORE = timedelta(days=90)
WEIGHTS = {"osa": 35, "compliance": 25, "must_stock": 15, "purity": 15, "occupancy": 10}
LETTERS = {"A": 85.0, "B": 70.0, "C": 50.0}
COVERED = 0.5
NEAR = 2e-6
"""Widths are kept in millionths of the frame, times in milliseconds."""


@dataclass(frozen=True)
class Question:
    """Which profile, and what no event says."""

    since: date
    until: date
    hours: Hours
    products: Mapping[str, Json]
    fixtures: Sequence[str]  # described in the master data, in their order
    now: datetime
    letters: Mapping[str, float] = field(default_factory=lambda: LETTERS)  # the least score of each, as configured


def recount(told: Told, asked: Question) -> Json:
    """The profile that these events make; whatever no event says is left out."""
    found = days(told, asked.since, asked.until, asked.hours)
    every = [asked.since + timedelta(days=at) for at in range((asked.until - asked.since).days + 1)]
    begins, ends = asked.hours.whole(every[0])[0], asked.hours.whole(every[-1])[1]
    known = Known(asked.products, [asked.hours.open(day) for day in every], asked.now, _seen_before(told, asked))
    outs = [one for one in episodes(told) if one.since < ends and (one.until is None or one.until > begins)]
    seen, total = list(found.values()), figures(list(found.values()), asked.hours)
    names = sorted({name for day in seen for name in day.fixtures} - set(asked.fixtures))
    everywhere = [*asked.fixtures, *names]
    whole = shelf(seen, everywhere)
    made = goods(whole, outs, known, total["osa_watched"])
    fixtures = [_fixture(name, seen, outs, known, asked.hours) for name in everywhere]
    graded = _grade(made["kpis"], asked.letters)
    return {
        "simulated": any(one.data.get("simulated") for day in seen for one in day.of("shelf.observed.v1")),
        "completeness": completeness(seen, asked.hours),
        "silent_days": sum(day not in found and asked.hours.open(day)[0] < asked.now for day in every),
        "figures": total,
        "days": [{"day": day.day, "figures": figures([day], asked.hours)} for day in seen],
        "people": people(seen, total, asked.hours, now=asked.now, alone=len(every) == 1),
        "goods": made,
        "grade": graded,
        "todo": actions(found.get(asked.until), whole, fixtures, grade=graded, episodes=outs, products=asked.products),
        "fixtures": fixtures,
        "place": {"devices": _devices(told)},
    }


def _seen_before(told: Told, asked: Question) -> frozenset[str] | None:
    first = asked.since - BEFORE
    seen = [one.data for one in told.of("shelf.observed.v1") if first <= one.day < asked.since]
    return frozenset(f["sku"] for one in seen for f in one["facings"] if f["status"] == "recognised") or None


def _fixture(name: str, seen: Sequence[Day], outs: Sequence[Episode], known: Known, hours: Hours) -> Json:
    door, status = (
        [one.data for day in seen for one in day.of(kind, name)] for kind in ("cooler.door.v1", "cooler.status.v1")
    )
    shelves = [one.data for day in seen for one in day.of("shelf.observed.v1", name)]
    openings = [one["opening"] for one in shelves if one.get("opening")]
    degrees = [one["cabinet_celsius"] for one in status if one.get("cabinet_celsius") is not None]
    powers = [one["power"] for one in status if one.get("power") is not None]
    rejected = Counter(one.data["reason"] for day in seen for one in day.of("capture.rejected.v1", name))
    return {
        "fixture": name,
        "captures": len(shelves),
        "rejected": dict(rejected),
        "completeness": completeness(seen, hours, name),
        "goods": goods(shelf(seen, [name]), [one for one in outs if one.fixture == name], known),
        "door_openings": sum(one["state"] == "opened" for one in door) if door else None,
        "door_open_seconds": sum(one.get("seconds_open") or 0 for one in door if one["state"] == "closed")
        if door
        else None,
        "refills": sum(one["refill"] for one in openings) if door or openings else None,
        "cabinet_celsius": ratio(sum(degrees), len(degrees)),
        "power": ratio(sum(powers), len(powers)),
    }


def _grade(kpis: Json, letters: Mapping[str, float]) -> Json:
    values = {
        "osa": kpis["osa"],
        "compliance": kpis["compliance"] and kpis["compliance"]["facings"]["value"],
        "must_stock": kpis["must_stock"] and kpis["must_stock"]["value"],
        "purity": kpis["purity"] and kpis["purity"]["value"],
        "occupancy": kpis["occupancy"],
    }
    known = {name: value for name, value in values.items() if value is not None}
    weighed = sum(WEIGHTS[name] for name in known)
    covered = weighed / sum(WEIGHTS.values())
    if covered < COVERED:
        return {"letter": None, "score": None, "covered": covered, "to_next": None, "parts": []}
    parts = [
        {
            "kpi": name,
            "value": value,
            "weight": WEIGHTS[name],
            "points": 100 * WEIGHTS[name] * value / weighed,
            "missing": 100 * WEIGHTS[name] * (1 - value) / weighed,
        }
        for name, value in known.items()
    ]
    score = sum(part["points"] for part in parts)
    letter = next((letter for letter, least in sorted(letters.items()) if score >= least), "D")
    above = [least - score for least in letters.values() if least > score]
    parts.sort(key=lambda part: (-part["missing"], part["kpi"]))
    return {"letter": letter, "score": score, "covered": covered, "to_next": min(above, default=None), "parts": parts}


def _devices(told: Told) -> list[Json]:
    """Of each device its last health report; within an outbox the number tells which is the last."""
    last: dict[str, Any] = {one.device: None for one in told.events}
    for one in told.of("device.health.v1"):
        before = last[one.device]
        same = before is not None and before.epoch == one.epoch
        if before is None or ((one.seq > before.seq) if same else (one.at, one.epoch) > (before.at, before.epoch)):
            last[one.device] = one
    return [
        {
            "device": name,
            "health_at": one.at if one else None,
            "uptime_seconds": one.data["uptime"] if one else None,
        }
        for name, one in sorted(last.items())
    ]


def differences(counted: Any, given: Any, where: str = "") -> Iterator[str]:
    """Where a profile says something else than what was counted; what was not counted is not compared."""
    if isinstance(counted, dict) and isinstance(given, dict):
        for name, value in counted.items():
            if name in given:
                yield from differences(value, given[name], f"{where}.{name}".lstrip("."))
            else:
                yield f"{where}.{name}: counted {value}, and the profile does not have it"
    elif isinstance(counted, list) and isinstance(given, list):
        if len(counted) != len(given):
            yield f"{where}: counted {len(counted)} of them, the profile has {len(given)}"
        for at, (one, other) in enumerate(zip(counted, given, strict=False)):
            yield from differences(one, other, f"{where}[{at}]")
    elif not _is_same(counted, given):
        yield f"{where}: counted {counted}, the profile says {given}"


def count_of(counted: Any) -> int:
    """How many figures were counted."""
    if isinstance(counted, dict):
        return sum(map(count_of, counted.values()))
    return sum(map(count_of, counted)) if isinstance(counted, list) else 1


def _is_same(counted: Any, given: Any) -> bool:
    if isinstance(counted, datetime):
        return isinstance(given, str) and abs(counted - moment(given)) < timedelta(milliseconds=2)
    if isinstance(counted, date):
        return bool(counted.isoformat() == given)
    if isinstance(counted, bool) or not isinstance(counted, int | float):
        return bool(counted == given)
    return isinstance(given, int | float) and math.isclose(counted, given, rel_tol=NEAR, abs_tol=NEAR)
