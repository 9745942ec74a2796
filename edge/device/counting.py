"""Between the configuration, the counting of people and the events of the contract. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.contract import payloads
from edge.traffic.footfall import FootfallRules
from edge.traffic.heat import HeatGrid
from edge.traffic.lines import CountingLine
from edge.traffic.tracker import TrackerRules
from edge.traffic.zones import Zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from edge.contract.config import CountingSection, TrafficCameraSection
    from edge.traffic.totals import Totals

FRONT = "(front)"
"""The zone in front of the fixture; no zone of the configuration can be called so."""

DIGITS = 3
"""Of seconds: a frame takes longer than a thousandth."""


def footfall_rules(section: CountingSection, *, width: int, height: int, interval: float) -> FootfallRules:
    """What is counted, in pixels of frames of one size.

    Args:
        section: with shares of width and height.
        width: of the frames, pixels.
        height: of the frames, pixels.
        interval: seconds of one count.
    """

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * width, point[1] * height

    zones = [
        Zone(zone.id, tuple(place(corner) for corner in zone.corners), loiter_seconds=zone.loiter)
        for zone in section.zones
    ]
    if section.front is not None:
        corners = tuple(place(corner) for corner in section.front.corners)
        zones.append(Zone(FRONT, corners, stop_seconds=section.front.stop, stop_speed=section.front.slow))
    return FootfallRules(
        lines=tuple(
            CountingLine(line.id, place(line.start), place(line.end), dead_band=line.dead_band, min_path=line.min_path)
            for line in section.lines
        ),
        zones=tuple(zones),
        grid=HeatGrid(section.heat.rows, section.heat.columns, width, height) if section.heat else None,
        reference=section.reference,
        interval=interval,
        tracker=TrackerRules(frame=(width, height)),
    )


def traffic_counted(
    totals: Totals, camera: TrafficCameraSection, *, time_of: Callable[[float], datetime]
) -> payloads.TrafficCounted:
    """The event of one interval. Counts under the camera's `min_count`, but not none, are withheld and named.

    Args:
        totals: counted by the rules that `footfall_rules` made of this camera.
        camera: whose count it is.
        time_of: the wall time of a second of the clock that frames were counted by.
    """
    withheld: list[str] = []

    def enough(name: str, *counts: int) -> bool:
        if any(0 < count < camera.min_count for count in counts):
            withheld.append(name)
            return False
        return True

    occupancy = totals.occupancy
    lines = [
        payloads.LineCount(line=line.id, into=into, out=out)
        for line, (into, out) in zip(camera.lines, totals.crossings.tolist(), strict=True)
        if enough(f"lines.{line.id}", into, out)
    ]
    zones = [
        payloads.ZoneCount(
            zone=zone.id,
            visits=int(totals.visits[row]),
            dwell_seconds=round(float(totals.dwell[row]), DIGITS),
            occupancy_mean=round(float(occupancy[row]), DIGITS),
            occupancy_peak=int(totals.peak[row]),
            loitering=int(totals.loitering[row]),
        )
        for row, zone in enumerate(camera.zones)
        if enough(f"zones.{zone.id}", int(totals.visits[row]), int(totals.peak[row]))
    ]
    passers = stoppers = None
    if camera.front is not None:
        count, stopped = int(totals.visits[-1]), int(totals.stopped[-1])
        passers = count if enough("passers", count) else None
        stoppers = stopped if enough("stoppers", stopped) else None
    heat = None
    # Somebody who was there before the interval began is not among its people, yet is in its heat.
    if camera.heat is not None and enough("heat", max(totals.people, int(totals.heat.any()))):
        heat = payloads.HeatGrid(
            rows=camera.heat.rows,
            columns=camera.heat.columns,
            seconds=np.round(totals.heat, DIGITS).ravel().tolist(),
        )
    return payloads.TrafficCounted(
        camera=camera.id,
        fixture=camera.fixture,
        since=time_of(totals.since),
        until=time_of(totals.until),
        seconds_observed=round(totals.observed, DIGITS),
        lines=lines,
        zones=zones,
        passers=passers,
        stoppers=stoppers,
        heat=heat,
        withheld=withheld,
    )
