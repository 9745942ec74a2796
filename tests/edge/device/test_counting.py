"""From the configuration of a counting camera to rules in pixels, and from totals to the event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge.contract.config import TrafficCameraSection
from edge.contract.payloads import TrafficCounted
from edge.device.counting import footfall_rules, traffic_counted
from edge.traffic.totals import Totals, nothing_yet

CAMERA = TrafficCameraSection.model_validate(
    {
        "id": "cam-2",
        "source": {"kind": "usb"},
        "fixture": "cooler-1",
        "lines": [{"id": "entrance", "start": [0.25, 0.5], "end": [0.75, 0.5], "dead_band": 0.2}],
        "zones": [{"id": "aisle", "corners": [[0, 0], [1, 0], [1, 1]], "loiter": "30s"}],
        "front": {"corners": [[0, 0.5], [1, 0.5], [0, 1]], "stop": "4s", "slow": 0.1},
        "heat": {"rows": 1, "columns": 2},
        "reference": "centre",
    }
)
MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)


def wall(seconds: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=seconds)


def some(camera: TrafficCameraSection = CAMERA) -> Totals:
    rules = footfall_rules(camera, width=640, height=480, interval=900)
    assert rules.grid is not None
    empty = nothing_yet(
        900.0, lines=len(rules.lines), zones=len(rules.zones), grid=(rules.grid.rows, rules.grid.columns)
    )
    return replace(
        empty,
        until=1800.0,
        observed=600.0,
        people=20,
        crossings=np.array([[12, 11]]),
        visits=np.array([4, 9]),
        dwell=np.array([60.0, 90.0]),
        peak=np.array([2, 3]),
        loitering=np.array([1, 0]),
        stopped=np.array([0, 5]),
        heat=np.array([[7.25, 30.0]]),
    )


def counted(totals: Totals, min_count: int = 0) -> TrafficCounted:
    camera = CAMERA.model_copy(update={"min_count": min_count})
    return traffic_counted(totals, camera, time_of=wall)


def test_shares_of_the_frame_become_pixels() -> None:
    rules = footfall_rules(CAMERA, width=640, height=480, interval=900)
    [line], [aisle, front] = rules.lines, rules.zones
    assert (line.start, line.end, line.dead_band) == ((160, 240), (480, 240), 0.2)
    assert (aisle.name, aisle.corners, aisle.loiter_seconds) == ("aisle", ((0, 0), (640, 0), (640, 480)), 30)
    assert (front.corners, front.stop_seconds, front.stop_speed) == (((0, 240), (640, 240), (0, 480)), 4, 0.1)
    assert (rules.reference, rules.interval, rules.tracker.frame) == ("centre", 900, (640, 480))
    assert rules.grid is not None
    assert (rules.grid.rows, rules.grid.columns, rules.grid.width, rules.grid.height) == (1, 2, 640, 480)


def test_the_event_tells_the_interval() -> None:
    event = counted(some())
    assert (event.camera, event.fixture) == ("cam-2", "cooler-1")
    assert (event.since, event.until, event.seconds_observed) == (wall(900), wall(1800), 600)
    assert [one.model_dump() for one in event.lines] == [{"line": "entrance", "into": 12, "out": 11}]
    assert [one.model_dump() for one in event.zones] == [
        {
            "zone": "aisle",
            "visits": 4,
            "dwell_seconds": 60.0,
            "occupancy_mean": 0.1,
            "occupancy_peak": 2,
            "loitering": 1,
        }
    ]
    assert (event.passers, event.stoppers) == (9, 5)
    assert event.heat is not None
    assert event.heat.seconds == [7.25, 30.0]
    assert event.withheld == []
    assert TrafficCounted.model_validate_json(event.model_dump_json()) == event


def test_counts_under_the_minimum_are_withheld_and_named() -> None:
    event = counted(some(), min_count=5)
    assert event.zones == []  # four visits
    assert event.withheld == ["zones.aisle"]
    assert (len(event.lines), event.passers, event.stoppers) == (1, 9, 5)
    event = counted(some(), min_count=21)
    assert (event.lines, event.zones, event.passers, event.stoppers, event.heat) == ([], [], None, None, None)
    assert event.withheld == ["lines.entrance", "zones.aisle", "passers", "stoppers", "heat"]


def test_nobody_is_no_secret() -> None:
    rules = footfall_rules(CAMERA, width=640, height=480, interval=900)
    event = counted(replace(rules.begun(0.0), until=900.0), min_count=5)
    assert event.withheld == []
    assert (event.lines[0].into, event.zones[0].visits, event.passers, event.stoppers) == (0, 0, 0, 0)


def test_who_was_there_before_the_interval_is_withheld_too() -> None:
    rules = footfall_rules(CAMERA, width=640, height=480, interval=900)
    lingers = replace(
        rules.begun(0.0),
        until=900.0,
        observed=900.0,
        dwell=np.array([900.0, 0.0]),
        peak=np.array([1, 0]),
        heat=np.array([[900.0, 0.0]]),
    )
    event = counted(lingers, min_count=5)
    assert event.withheld == ["zones.aisle", "heat"]
    assert event.heat is None


def test_without_a_front_passers_are_unknown_and_not_none() -> None:
    camera = CAMERA.model_copy(update={"front": None})
    event = traffic_counted(replace(some(), visits=np.array([4])), camera, time_of=wall)
    assert (event.passers, event.stoppers) == (None, None)
    assert event.zones[0].visits == 4


def test_totals_of_another_camera_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        counted(replace(some(), crossings=np.array([[1, 1], [2, 2]])))
