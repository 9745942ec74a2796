"""The KPIs of a store, a group of stores or a day, from one row of counts: the same formulae for all of them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.profile.goods_model import Mean, Portrait, Share
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from edge.contract.business_day import Span

Counts = dict[str, int]

_OWED = ("due", "open_ms", "countable_ms")

CUT = (*_OWED, "kept")
"""What `until_now` cuts of a day that is not over."""


class Figures(Portrait):
    """What stores are ranked, compared, graded and tagged by. Null where nobody could observe it."""

    completeness: Share | None = Field(description="scheduled captures kept / captures due in opening hours")
    people_completeness: Share | None = Field(description="seconds counted / seconds open")
    osa: Share | None = Field(description="on-shelf availability")
    osa_watched: Share | None = Field(description="of the opening hours, how much some capture watched")
    stockouts: Mean | None = Field(description="episodes that began, a day")
    own_share: Share | None = Field(description="own / (own + foreign + unsure) facings")
    purity: Share | None = Field(description="own / (own + foreign)")
    unknown_share: Share | None = Field(description="unknown of all facings")
    occupancy: Share | None = Field(description="filled / (filled + gaps)")
    must_stock: Share | None = Field(description="must-stock SKUs seen")
    present: Share | None = Field(description="planned facings whose SKU is there")
    shelf: Share | None = Field(description="on their shelf")
    order: Share | None = Field(description="in their order")
    compliance: Share | None = Field(description="with all their facings: planogram compliance")
    footfall: Mean | None = Field(description="people who came in, a counted day")
    passers: Mean | None = Field(description="people who passed fixtures, a counted day")
    stoppers: Mean | None = Field(description="of them, who stayed, a counted day")
    stop_rate: Mean | None = Field(description="stoppers / passers")
    dwell_seconds: Mean | None = Field(description="mean over visits")
    door_open_rate: Mean | None = Field(description="door openings, refills left out / passers")


NAMES = tuple(Figures.model_fields)
"""The figures by name, as rules and rankings name them."""


@dataclass(frozen=True, slots=True)
class Formula:
    """One figure: the columns of `store_day` that it is made of, and how."""

    columns: tuple[str, ...]
    of: Callable[[Counts], float | None]


def _share(part: str, *whole: str) -> Formula:
    """A column of the sum of some."""

    def of(counts: Counts) -> float | None:
        total = 0
        for name in whole:  # faster than a sum of a generator, and a ranking asks for thousands
            total += counts.get(name, 0)
        return min(1.0, counts.get(part, 0) / total) if total > 0 else None

    return Formula((part, *whole), of)


def _mean(total: str, count: str, scale: float = 1.0) -> Formula:
    return Formula((total, count), lambda counts: divide(counts.get(total, 0) / scale, counts.get(count, 0)))


def _osa(counts: Counts) -> float | None:
    observed = counts.get("observed_ms", 0)
    return 1 - min(1.0, counts.get("out_ms", 0) / observed) if observed > 0 else None


def _people_completeness(counts: Counts) -> float | None:
    days = counts.get("source_days", counts.get("days", 1))
    owed = divide(counts.get("countable_ms", 0) * days, counts.get("counting_days", 0))
    return min(1.0, counts.get("counted_ms", 0) / owed) if owed else None


def _stockouts(counts: Counts) -> float | None:
    return divide(counts.get("stockouts", 0), counts.get("days", 1)) if counts.get("accepted") else None


def _stop_rate(counts: Counts) -> float | None:
    return divide(counts.get("stoppers", 0), counts.get("passers", 0)) if counts.get("stoppers_days") else None


def _door_open_rate(counts: Counts) -> float | None:
    if not counts.get("door_words"):
        return None
    return divide(max(0, counts.get("door_openings", 0) - counts.get("refills", 0)), counts.get("passers", 0))


FORMULAE = {
    "completeness": _share("kept", "due"),
    "people_completeness": Formula(("counted_ms", "countable_ms", "counting_days"), _people_completeness),
    "osa": Formula(("out_ms", "observed_ms"), _osa),
    "osa_watched": _share("watched_ms", "open_ms"),
    "stockouts": Formula(("stockouts", "accepted"), _stockouts),
    "own_share": _share("own", "own", "foreign", "unsure"),
    "purity": _share("own", "own", "foreign"),
    "unknown_share": _share("unknown", "facings"),
    "occupancy": _share("facings", "facings", "gaps"),
    "must_stock": _share("must_part", "must_whole"),
    "present": _share("present_part", "present_whole"),
    "shelf": _share("shelf_part", "shelf_whole"),
    "order": _share("order_part", "order_whole"),
    "compliance": _share("facings_part", "facings_whole"),
    "footfall": _mean("into", "into_days"),
    "passers": _mean("passers", "passers_days"),
    "stoppers": _mean("stoppers", "stoppers_days"),
    "stop_rate": Formula(("stoppers", "stoppers_days", "passers"), _stop_rate),
    "dwell_seconds": _mean("dwell_ms", "visits", scale=1000),
    "door_open_rate": Formula(("door_openings", "door_words", "refills", "passers"), _door_open_rate),
}


def figures(counts: Counts) -> Figures:
    """The figures of summed rows of `store_day`, with `days` for how many rows there are."""
    return Figures(**values(counts))


def values(counts: Counts, names: Iterable[str] = NAMES) -> dict[str, float | None]:
    """Some of them by name: of thousands of stores at once."""
    return {name: FORMULAE[name].of(counts) for name in names}


def add_up(rows: Iterable[Counts]) -> Counts:
    """Some rows as one; a row of one day counts as one of `days`.

    Where people are counted at all, days without a count are not complete; `source_days` are the days of such a store.
    """
    total: Counts = {"days": 0}
    for row in rows:
        for name, count in ({"days": 1} | dict(row)).items():
            total[name] = total.get(name, 0) + count
    return total


def of_store(counts: Mapping[str, int]) -> Counts:
    """A store's sums, ready to be added to those of others."""
    return {**counts, "source_days": counts["days"] if counts.get("counting_days") else 0}


def until_now(row: Mapping[str, int], hours: Span, now: datetime) -> Counts:
    """A row of a day that may not be over: what a camera owes this evening is not missing at noon."""
    passed = passed_share(hours, now)
    if passed >= 1:
        return dict(row)
    owed = {name: math.floor(row.get(name, 0) * passed) for name in _OWED}
    return {**row, **owed, "kept": min(row.get("kept", 0), owed["due"])}


def passed_share(hours: Span, now: datetime) -> float:
    """How much of the opening hours is over, 0 to 1."""
    return min(1.0, max(0.0, (now - hours.since).total_seconds() / hours.seconds)) if hours.seconds else 1.0
