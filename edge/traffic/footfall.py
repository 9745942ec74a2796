"""Foot traffic of one camera: from the detections of each frame to tracks, crossings, visits and totals by interval.

A pure state machine: `observe` takes the detections of one frame, and hands back what happened in it and the interval
that it ended, if any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.traffic.heat import HeatGrid, HeatMap, spread_heat
from edge.traffic.lines import DIRECTIONS, CountingLine, Crossing, LineCounter, LineRules, count_lines
from edge.traffic.sightings import sightings
from edge.traffic.totals import Totals, nothing_yet
from edge.traffic.tracker import Tracker, TrackerRules, Tracks, follow
from edge.traffic.zones import Zone, ZoneCounter, ZoneEvent, ZoneRules, ZoneStep, count_zones

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.traffic.geometry import Reference

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FootfallRules:
    """What is counted with one camera, in pixels of its frames; the same in every call."""

    lines: tuple[CountingLine, ...] = ()
    zones: tuple[Zone, ...] = ()
    grid: HeatGrid | None = None
    reference: Reference = "feet"
    interval: float = 900.0  # seconds; intervals begin at whole multiples of it
    longest_gap: float = 2.0  # seconds between two frames, from which the time between them was not observed
    tracker: TrackerRules = field(default_factory=TrackerRules)
    crossing: LineRules = field(default_factory=LineRules)
    visit: ZoneRules = field(default_factory=ZoneRules)

    def __post_init__(self) -> None:
        if not (self.interval > 0 and self.longest_gap > 0):
            raise ValueError("interval and longest_gap are more than 0 seconds")
        if self.interval < self.longest_gap:
            raise ValueError("an interval is at least as long as longest_gap")
        for kind, names in (("line", [one.name for one in self.lines]), ("zone", [one.name for one in self.zones])):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"two {kind}s are called {name}")

    def begun(self, since: float) -> Totals:
        """The totals of an interval that begins."""
        grid = (self.grid.rows, self.grid.columns) if self.grid else (0, 0)
        return nothing_yet(since, lines=len(self.lines), zones=len(self.zones), grid=grid)


@dataclass(frozen=True, slots=True)
class Footfall:
    """What is remembered from frame to frame; it stays small however long it runs."""

    covered: float = 0.0  # seconds of looking so far, gaps left out
    totals: Totals | None = None  # of the interval that goes on
    ends: float = 0.0  # when it ends, seconds
    tracker: Tracker = field(default_factory=Tracker)
    lines: LineCounter = field(default_factory=LineCounter)
    zones: ZoneCounter = field(default_factory=ZoneCounter)
    heat: HeatMap = field(default_factory=HeatMap)

    @property
    def at(self) -> float | None:
        """When the latest frame was taken, seconds."""
        return self.tracker.at


@dataclass(frozen=True, slots=True)
class Observed:
    """What one frame told."""

    tracks: Tracks
    crossings: tuple[Crossing, ...]
    visits: tuple[ZoneEvent, ...]
    ended: Totals | None  # of the interval that ended before this frame


def observe(
    state: Footfall, *, boxes: Floats, scores: Floats, at: float, rules: FootfallRules
) -> tuple[Footfall, Observed]:
    """Take the detections of one frame into account.

    What happened since the frame before counts for the interval of this frame; only the seconds observed are divided
    where one interval ends and the next begins. Intervals without any frame are left out.

    Args:
        state: before the frame.
        boxes: (n, 4) x1, y1, x2, y2 of people in pixels of the frame.
        scores: (n,) of the detector, 0..1.
        at: when the frame was taken, in seconds of a clock that never goes back; later than the frame before.
        rules: what is counted, and how.

    Returns:
        The state after it, and what it told.

    Raises:
        OutOfOrderError: `at` is not later than the frame before.
        ValueError: boxes and scores do not fit each other, or are not finite.
    """
    before = state.at
    tracker, tracks = follow(state.tracker, boxes=boxes, scores=scores, at=at, rules=rules.tracker)
    span = 0.0 if before is None or at - before > rules.longest_gap else at - before
    ended, totals, ends = _turned(state, at, span, rules)
    covered = state.covered + span

    seen = sightings(tracks, at=at, covered=covered, reference=rules.reference)
    lines, crossings = count_lines(state.lines, seen, rules.lines, rules.crossing)
    zones, step = count_zones(state.zones, seen, rules.zones, rules.visit)
    heat, warmth = spread_heat(state.heat, seen, rules.grid, rules.tracker.lost_seconds)
    believed = state.tracker.people.ids[state.tracker.people.confirmed]
    new = tracks.ids[tracks.confirmed & ~np.isin(tracks.ids, believed)]
    totals = _counted(totals, crossings, step, warmth, rules)
    totals = replace(totals, people=totals.people + len(new))
    after = Footfall(covered, totals, ends, tracker, lines, zones, heat)
    return after, Observed(tracks, tuple(crossings), step.events, ended)


def elapse(state: Footfall, at: float) -> tuple[Footfall, Totals | None]:
    """End the interval when its time is over although no frame comes: a camera that hangs must not hold it back.

    Returns:
        The state after it, and the totals of the interval that ended, if it did.
    """
    if state.totals is None or at < state.ends:
        return state, None
    return replace(state, totals=None), replace(state.totals, until=state.ends)


def finish(state: Footfall) -> Totals | None:
    """The totals of the interval that goes on, up to the latest frame; for the end of a video or of the agent."""
    if state.totals is None or state.at is None:
        return None
    return replace(state.totals, until=state.at)


def _counted(totals: Totals, crossings: list[Crossing], step: ZoneStep, warmth: Floats, rules: FootfallRules) -> Totals:
    line_at = {line.name: row for row, line in enumerate(rules.lines)}
    zone_at = {zone.name: row for row, zone in enumerate(rules.zones)}
    crossed = totals.crossings.copy()
    for crossing in crossings:
        crossed[line_at[crossing.line], DIRECTIONS.index(crossing.direction)] += 1
    told = {kind: np.zeros(len(rules.zones), dtype=np.int64) for kind in ("entered", "loitering", "stopped", "left")}
    for event in step.events:
        told[event.kind][zone_at[event.zone]] += 1
    return replace(
        totals,
        crossings=crossed,
        visits=totals.visits + told["entered"],
        dwell=totals.dwell + step.dwell,
        peak=np.maximum(totals.peak, step.present),
        loitering=totals.loitering + told["loitering"],
        stopped=totals.stopped + told["stopped"],
        heat=totals.heat + warmth,
    )


def _turned(state: Footfall, at: float, span: float, rules: FootfallRules) -> tuple[Totals | None, Totals, float]:
    """The interval that ended before this frame; the one the frame belongs to, and its end. Both know the span."""
    if state.totals is not None and at < state.ends:
        totals = replace(state.totals, until=at, observed=state.totals.observed + span)
        return None, totals, state.ends
    number = math.floor(at / rules.interval)
    begins, ends = number * rules.interval, (number + 1) * rules.interval
    if ends <= at:  # rounding
        begins, ends = ends, (number + 2) * rules.interval
    since = at if state.at is None else min(at, begins)
    totals = replace(rules.begun(since), until=at, observed=min(span, at - since))
    if state.totals is None:
        return None, totals, ends
    before = state.totals.observed + max(0.0, span - (at - state.ends))
    return replace(state.totals, until=state.ends, observed=before), totals, ends
