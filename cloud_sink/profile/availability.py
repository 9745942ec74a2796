"""On-shelf availability: stock-out time of planned SKUs in observed opening time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise, zip_longest
from statistics import median
from typing import TYPE_CHECKING

from edge.contract.business_day import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_SLACK = 1.5
"""A capture this many steps after the last one still watched the time between: schedules have jitter."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Seconds of planned SKUs: out of stock, and observed at all."""

    out: float
    observed: float

    @property
    def value(self) -> float | None:
        """OSA; None when nothing planned was observed."""
        return None if self.observed <= 0 else 1 - self.out / self.observed

    def __add__(self, other: Availability) -> Availability:
        return Availability(self.out + other.out, self.observed + other.observed)


NOTHING = Availability(0.0, 0.0)


def step_seconds(captures: Sequence[datetime], due: int, hours: Span) -> float:
    """Seconds that one capture stands for: by the reported schedule, else by the captures themselves.

    Args:
        captures: moments of accepted captures, ascending.
        due: captures due in the opening hours by one camera; 0 when nobody reported it.
        hours: the opening hours.
    """
    if due > 0:
        return hours.seconds / due
    distances = [(later - earlier).total_seconds() for earlier, later in pairwise(captures) if later > earlier]
    return median(distances) if distances else 0.0


def observed_spans(captures: Sequence[datetime], step: float, hours: Span) -> tuple[Span, ...]:
    """The parts of the opening hours that captures watched, ascending and apart.

    A capture watches until the next one if that comes in time, else for one step; never beyond closing time.

    Args:
        captures: moments of accepted captures, ascending.
        step: seconds between captures by the schedule.
        hours: the opening hours.
    """
    spans: list[Span] = []
    for at, following in zip_longest(captures, captures[1:]):
        reach = step
        if following is not None:
            distance = (following - at).total_seconds()
            reach = distance if distance <= step * _SLACK else step
        span = _clip(Span(at, at + timedelta(seconds=reach)), hours)
        if span.seconds <= 0:
            continue
        if spans and spans[-1].until >= span.since:
            spans[-1] = Span(spans[-1].since, max(spans[-1].until, span.until))
        else:
            spans.append(span)
    return tuple(spans)


def availability(
    planned: Mapping[str, float], out: Mapping[str, Iterable[Span]], observed: Sequence[Span]
) -> dict[str, Availability]:
    """The availability of each planned SKU.

    Args:
        planned: SKU to the share of the captures in which it was planned, 0 to 1: plans change within a day.
        out: SKU to its stock-out episodes; overlapping ones count once.
        observed: what was watched, ascending and apart.
    """
    watched = sum(span.seconds for span in observed)
    found = {}
    for sku, share in planned.items():
        missing = sum(_clip(episode, span).seconds for episode in _union(out.get(sku, ())) for span in observed)
        found[sku] = Availability(min(missing, watched * share), watched * share)
    return found


def _union(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda one: one.since):
        if merged and span.since <= merged[-1].until:
            merged[-1] = Span(merged[-1].since, max(merged[-1].until, span.until))
        else:
            merged.append(span)
    return merged


def _clip(span: Span, within: Span) -> Span:
    return Span(max(span.since, within.since), min(span.until, within.until))
