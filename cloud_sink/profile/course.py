"""The course of a business day: how each SKU fared, and the store's day as one row of counts. Pure.

Nothing here depends on when it is asked: a capture stands for the time until the next one, or for one step of the
schedule, whether or not that time has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from cloud_sink.profile.availability import Availability, availability, observed_spans, step_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloud_sink.store.captured import Standing
    from cloud_sink.store.day import Episode, StoreDay
    from edge.contract.business_day import Span

Counts = dict[str, int]
ENTRANCE = ""
"""A camera that looks at no fixture looks at an entrance."""

_MOVED = ("taken", "added", "removed", "refilled")
_SEEN = ("accepted", "simulated", "facings", "own", "foreign", "unknown", "unsure", "gaps")
_SUMMED = (*_SEEN, "door_openings", "door_words", "refills")
_LEVELS = ("must", "present", "shelf", "order", "facings")


@dataclass(frozen=True, slots=True)
class Settled:
    """What only the whole day tells."""

    store: Counts  # a row of `store_day`
    courses: dict[tuple[str, str], Counts]  # by fixture and SKU, rows of `sku_course`


def settle_day(
    day: StoreDay, standings: Mapping[tuple[str, str], Sequence[Standing]], *, hours: Span, whole: Span
) -> Settled:
    """Settle one business day of a store.

    Args:
        day: its roll-ups, captures, episodes and captures due.
        standings: by fixture and view what each capture showed; of fixtures whose captures tell no openings.
        hours: the opening hours.
        whole: the business day.
    """
    fixtures = sorted({name for name, _ in day.fixtures} | {due.fixture for due in day.due})
    courses: dict[tuple[str, str], Counts] = {}
    watched = 0.0
    for fixture in fixtures:
        spans = watched_spans(day, fixture, hours)
        watched += sum(span.seconds for span in spans)
        out = _out(day.episodes, fixture)
        for sku, one in availability(_planned_shares(day, fixture), out, spans).items():
            courses[fixture, sku] = _course(one)
    for (fixture, _, sku), row in day.skus.items():
        if sku and any(row[name] for name in _MOVED):
            _add(courses.setdefault((fixture, sku), {}), {name: row[name] for name in _MOVED})
    for (fixture, _), seen in standings.items():
        for sku, moved in _falls(seen).items():
            _add(courses.setdefault((fixture, sku), {}), moved)
    store = _sums(day, fixtures) | _traffic(day, hours)
    store["watched_ms"] = round(watched * 1000)
    store["open_ms"] = round(hours.seconds * 1000) * len(fixtures)
    for name in ("observed_ms", "out_ms"):
        store[name] = sum(course.get(name, 0) for course in courses.values())
    store["stockouts"] = sum(whole.since <= one.since < whole.until for one in day.episodes)
    return Settled(store, courses)


def watched_spans(day: StoreDay, fixture: str, hours: Span) -> tuple[Span, ...]:
    """The parts of the opening hours in which accepted captures watched a fixture."""
    moments = day.captures.get(fixture, ())
    due = max((one.due for one in day.due if one.fixture == fixture), default=0)
    return observed_spans(moments, step_seconds(moments, due, hours), hours)


def _course(one: Availability) -> Counts:
    return {"observed_ms": round(one.observed * 1000), "out_ms": round(one.out * 1000)}


def _planned_shares(day: StoreDay, fixture: str) -> dict[str, float]:
    """How large a part of the captures had each SKU in their plan; of several views the largest.

    A SKU that was neither recognised nor out of stock all day is void, or could not be told: its time proves nothing.
    """
    told = {sku for (place, _, sku), row in day.skus.items() if place == fixture and row["captures_seen"]}
    told |= {episode.sku for episode in day.episodes if episode.fixture == fixture}
    shares: dict[str, float] = {}
    for (place, view, sku), row in day.skus.items():
        accepted = day.fixtures.get((place, view), {}).get("accepted", 0)
        if place == fixture and sku in told and accepted and row["captures_planned"]:
            shares[sku] = max(shares.get(sku, 0.0), row["captures_planned"] / accepted)
    return shares


def _out(episodes: Iterable[Episode], fixture: str) -> dict[str, list[Span]]:
    """Stock-outs by SKU; one that lasts has no end yet, and what is not observed does not count."""
    found: dict[str, list[Span]] = {}
    for one in episodes:
        if one.fixture == fixture:
            found.setdefault(one.sku, []).append(one.lasting)
    return found


def _falls(seen: Sequence[Standing]) -> dict[str, Counts]:
    """Falls and rises in facings from capture to capture."""
    moved: dict[str, Counts] = {}
    for before, after in pairwise(seen):
        for sku in before.keys() | after.keys():
            change = after.get(sku, 0) - before.get(sku, 0)
            if change:
                _add(moved.setdefault(sku, {}), {"added": change} if change > 0 else {"taken": -change})
    return moved


def _sums(day: StoreDay, fixtures: Sequence[str]) -> Counts:
    row = dict.fromkeys(_SUMMED, 0)
    for counts in day.fixtures.values():
        _add(row, {name: counts[name] for name in _SUMMED})
        _add(row, {f"{level}_{side}": counts[f"{level}_{side}"] for level in _LEVELS for side in ("part", "whole")})
    return row | _captures(day, fixtures)


def _captures(day: StoreDay, fixtures: Iterable[str]) -> Counts:
    """Captures kept of those due: beyond what one fixture owed they do not make up for what another missed.

    Where nobody knows what one of the fixtures owed, nobody knows it of the store.
    """
    kept = due = unknown = 0
    for fixture in fixtures:
        counts = [one for (name, _), one in day.fixtures.items() if name == fixture]
        owed = [one.due for one in day.due if one.fixture == fixture]
        unknown += int(not owed and any(one["accepted"] for one in counts))
        due += sum(owed)
        kept += min(sum(one["accepted_due"] for one in counts), sum(owed))
    return {"undue_fixtures": unknown} | ({} if unknown else {"kept": kept, "due": due})


def _traffic(day: StoreDay, hours: Span) -> Counts:
    sources = {fixture for _, fixture in day.traffic}
    found = {"countable_ms": round(hours.seconds * 1000) * len(sources), "counting_days": int(bool(sources))}
    for (_, fixture), counts in day.traffic.items():
        _add(found, {"visits": counts["visits"], "dwell_ms": counts["dwell_ms"], "counted_ms": counts["open_ms"]})
        for name in ("passers", "stoppers"):
            if counts[f"{name}_intervals"]:
                _add(found, {name: counts[name]})
                found[f"{name}_days"] = 1
        if fixture == ENTRANCE and counts["told_intervals"]:
            _add(found, {"into": counts["into"]})
            found["into_days"] = 1
    return found


def _add(into: Counts, more: Mapping[str, int]) -> None:
    for name, count in more.items():
        into[name] = into.get(name, 0) + count
