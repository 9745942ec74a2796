"""People of one store and day: counted, never identified. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.model import HourOfPeople, People
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.contract.business_day import Span

Counts = Mapping[str, int]
ENTRANCE = ""
"""A camera that looks at no fixture looks at an entrance."""


def people(traffic: Mapping[tuple[int, str], Counts], *, door_openings: int, whole_day: Span, hours: Span) -> People:
    """The people of a day; what no camera counts is null.

    Args:
        traffic: counts by hour within the business day and fixture.
        door_openings: of all coolers.
        whole_day: the business day, where hours count from.
        hours: the opening hours.
    """
    everything = list(traffic.items())
    sources = {fixture for _, fixture in traffic}
    observed = sum(counts["observed_ms"] for _, counts in everything) / 1000
    passers = _passing("passers", everything)
    visits = sum(counts["visits"] for _, counts in everything)
    dwell = sum(counts["dwell_ms"] for _, counts in everything) / 1000
    due = hours.seconds * len(sources)
    return People(
        footfall=_footfall(everything),
        passers=passers,
        stoppers=_passing("stoppers", everything),
        dwell_seconds=divide(dwell, visits),
        door_open_rate=None if passers is None else divide(door_openings, passers),
        seconds_observed=observed,
        completeness=None if due <= 0 else min(1.0, observed / due),
        hours=[
            HourOfPeople(
                since=whole_day.since + timedelta(hours=hour),
                footfall=_footfall(here),
                passers=_passing("passers", here),
                stoppers=_passing("stoppers", here),
            )
            for hour in sorted({hour for hour, _ in traffic})
            for here in [[(key, counts) for key, counts in everything if key[0] == hour]]
        ],
    )


def _footfall(rows: Iterable[tuple[tuple[int, str], Counts]]) -> int | None:
    into = [counts["into"] for (_, fixture), counts in rows if fixture == ENTRANCE]
    return sum(into) if into else None


def _passing(name: str, rows: Iterable[tuple[tuple[int, str], Counts]]) -> int | None:
    counted = [counts[name] for _, counts in rows if counts[f"{name}_intervals"] > 0]
    return sum(counted) if counted else None
