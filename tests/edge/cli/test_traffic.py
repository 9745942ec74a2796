"""`edge traffic` on clips without anybody, and what it says of what it cannot use. Crowds: tests/integration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.capture.film import Film, FilmWriter
from edge.cli.app import app
from edge.contract.errors import ConfigError, ImageError

if TYPE_CHECKING:
    from typer.testing import Result

EXAMPLE = Path(__file__).resolve().parents[3] / "configs" / "traffic.yaml"
EVERYTHING = """
lines: [{id: door, start: [0.2, 0.6], end: [0.8, 0.6]}]
zones: [{id: aisle, corners: [[0, 0.5], [1, 0.5], [1, 1]]}]
front: {corners: [[0.3, 0.5], [0.7, 0.5], [0.5, 1]]}
heat: {rows: 3, columns: 4}
"""


@pytest.fixture
def empty_room(tmp_path: Path) -> Path:
    """One second of a room without anybody, 20 frames a second."""
    path = tmp_path / "room.avi"
    with FilmWriter(path, rate=20) as writer:
        for _ in range(20):
            writer.write(np.full((120, 160, 3), 140, np.uint8))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["traffic", *map(str, arguments)])


def totals(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def test_a_room_without_anybody_counts_nobody(empty_room: Path, tmp_path: Path) -> None:
    config = tmp_path / "traffic.yaml"
    config.write_text(EVERYTHING)
    row = totals(run(empty_room, "--config", config, "--json"))
    assert row["event"] == "totals"
    assert row["lines"] == [{"line": "door", "into": 0, "out": 0}]
    assert [zone["zone"] for zone in row["zones"]] == ["aisle"]
    assert (row["people"], row["passers"], row["stoppers"]) == (0, 0, 0)
    assert np.array(row["heat"]).shape == (3, 4)
    assert row["seconds_observed"] == pytest.approx(0.95, abs=0.1)


def test_the_example_of_a_configuration_is_read(empty_room: Path) -> None:
    row = totals(run(empty_room, "--json", "--config", EXAMPLE))
    assert [line["line"] for line in row["lines"]] == ["entrance"]


def test_without_a_configuration_a_line_down_the_middle_counts_and_zones_are_unknown(empty_room: Path) -> None:
    row = totals(run(empty_room, "--json"))
    assert row["lines"] == [{"line": "middle", "into": 0, "out": 0}]
    assert row["zones"] == []
    assert row["passers"] is row["stoppers"] is row["heat"] is None


def test_as_many_frames_are_looked_at_as_are_asked_for(empty_room: Path) -> None:
    assert totals(run(empty_room, "--json", "--frames", 5))["frames"] in (5, 6)
    assert totals(run(empty_room, "--json", "--frames", 100))["frames"] == 20


def test_a_person_reads_it_in_words(empty_room: Path) -> None:
    done = run(empty_room)
    assert done.exit_code == 0
    assert "line middle: 0 into, 0 out" in done.stdout
    assert "ms a frame" in done.stdout


def test_the_drawing_has_the_frames_that_were_looked_at(empty_room: Path, tmp_path: Path) -> None:
    drawing = tmp_path / "out" / "drawn.mp4"
    assert run(empty_room, "--frames", 10, "--draw", drawing).exit_code == 0
    with Film(drawing) as film:
        frames = list(film.frames())
        assert film.rate == pytest.approx(10)
    assert len(frames) in (10, 11)
    assert frames[0].image.shape == (120, 160, 3)
    assert np.ptp(frames[0].image[:, 78:84].astype(int)) > 60  # the line is there


def test_what_cannot_be_used_is_one_error_that_names_the_mend(empty_room: Path, tmp_path: Path) -> None:
    config = tmp_path / "traffic.yaml"
    config.write_text("lines: [{id: door, start: [0.2, 0.6], end: [1.8, 0.6]}]")
    wrong = run(empty_room, "--config", config).exception
    assert isinstance(wrong, ConfigError)
    assert "traffic.yaml" in str(wrong)
    missing = run(tmp_path / "none.mp4").exception
    assert isinstance(missing, ImageError)
    assert "no such file" in str(missing)
    assert run(empty_room, "--frames", 0).exit_code == 2
