"""The configuration of cameras that count people, and the file that `edge traffic` reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.config import AgentConfig, CountingSection
from edge.contract.errors import ConfigError
from edge.contract.files import parse_yaml
from tests.edge.contract.test_config import GOOD

COUNTING = """\
lines:
  - id: entrance
    start: [0.1, 0.6]
    end: [0.9, 0.6]
    dead_band: 0.2
zones:
  - id: aisle
    corners: [[0, 0.5], [1, 0.5], [1, 1]]
    loiter: 2m
front:
  corners: [[0.2, 0.5], [0.8, 0.5], [0.8, 1], [0.2, 1]]
heat: {rows: 4}
frames: 5
"""

CAMERA = """\
traffic:
  - id: cam-2
    source: {kind: usb}
    fixture: cooler-1
    interval: 5m
    min_count: 3
""" + "".join(f"    {line}\n" for line in COUNTING.splitlines())


def test_a_file_of_lines_and_zones_is_all_that_counting_a_video_takes() -> None:
    section = parse_yaml(COUNTING, CountingSection, name="people.yaml")
    [line], [zone] = section.lines, section.zones
    assert (line.id, line.start, line.end, line.dead_band, line.min_path) == (
        "entrance",
        (0.1, 0.6),
        (0.9, 0.6),
        0.2,
        0.35,
    )
    assert (zone.id, zone.loiter, len(zone.corners)) == ("aisle", 120.0, 3)
    assert section.front is not None
    assert (section.front.stop, section.front.slow) == (3.0, 0.2)
    assert section.heat is not None
    assert (section.heat.rows, section.heat.columns, section.frames, section.reference) == (4, 16, 5.0, "feet")


def test_a_camera_that_counts_stands_beside_those_that_look_at_fixtures() -> None:
    [camera] = parse_yaml(GOOD + CAMERA, AgentConfig, name="agent.yaml").traffic
    assert (camera.id, camera.fixture, camera.interval, camera.min_count) == ("cam-2", "cooler-1", 300.0, 3)
    assert camera.lines[0].id == "entrance"


def test_an_agent_counts_nobody_unless_it_is_told_to() -> None:
    assert parse_yaml(GOOD, AgentConfig, name="agent.yaml").traffic == ()


def test_the_video_of_a_counting_camera_is_taken_from_the_folder_of_the_file() -> None:
    text = GOOD + CAMERA.replace("{kind: usb}", "{kind: video, path: door.mp4}")
    source = parse_yaml(text, AgentConfig, name="agent.yaml").relative_to(Path("/etc/facings")).traffic[0].source
    assert source.kind == "video"
    assert source.path == Path("/etc/facings/door.mp4")


@pytest.mark.parametrize(
    ("found", "written", "said"),
    [
        ("id: cam-2", "id: cam-1", "two cameras are called cam-1"),
        ("fixture: cooler-1\n    interval", "fixture: rack-9\n    interval", "counts for fixture rack-9"),
        ("    fixture: cooler-1\n    interval", "    interval", "has a front but no fixture"),
        ("end: [0.9, 0.6]", "end: [0.1, 0.6]", "line entrance starts where it ends"),
        ("end: [0.9, 0.6]", "end: [9, 0.6]", "end"),
        ("[[0, 0.5], [1, 0.5], [1, 1]]", "[[0, 0.5], [1, 0.5], [1, 0.5]]", "zone aisle has at least three corners"),
        ("interval: 5m", "interval: 5s", "interval"),
        ("heat: {rows: 4}", "heat: {rows: 65}", "rows"),
    ],
)
def test_what_makes_no_sense_is_refused(found: str, written: str, said: str) -> None:
    text = GOOD + CAMERA
    assert found in text
    with pytest.raises(ConfigError, match=said):
        parse_yaml(text.replace(found, written), AgentConfig, name="agent.yaml")


@pytest.mark.parametrize("kind", ["line", "zone"])
def test_two_of_one_name_are_refused(kind: str) -> None:
    section = parse_yaml(COUNTING, CountingSection, name="people.yaml")
    twice = section.model_dump(mode="json")
    twice[f"{kind}s"] *= 2
    with pytest.raises(ValueError, match=f"two {kind}s are called"):
        CountingSection.model_validate(twice)
