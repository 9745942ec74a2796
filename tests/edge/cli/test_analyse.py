"""`edge analyse` on rendered frames: what is printed, what is written, and what an error says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.cli.app import app

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
FRAME = DEMO / "frames" / "2026-03-14T08-00-00.jpg"
CATALOGUE = ROOT / "configs" / "catalogues" / "demo"
FACINGS = len(json.loads((DEMO / "truth.json").read_text())["frames"][0]["facings"])


def analyse(*words: str | Path) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["analyse", *map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_has_all_that_the_design_names() -> None:
    (row,) = analyse(FRAME, "--catalogue", CATALOGUE, "--planogram", DEMO / "planogram.csv")
    assert {"image", "width", "height", "quality", "facings", "gaps", "kpis", "timings_ms"} <= set(row)
    assert (row["width"], row["height"]) == (720, 960)
    assert len(row["facings"]) == pytest.approx(FACINGS, abs=4)
    for facing in row["facings"]:
        assert {"box", "score", "sku", "sku_score", "status", "shelf", "position"} == set(facing)
        x1, y1, x2, y2 = facing["box"]
        assert 0 <= x1 < x2 <= 720
        assert 0 <= y1 < y2 <= 960
    assert row["kpis"]["facings"] == len(row["facings"])


def test_positions_count_from_the_left_and_shelves_from_the_bottom() -> None:
    (row,) = analyse(FRAME)
    middles: dict[int, list[float]] = {}
    bottoms: dict[int, list[float]] = {}
    for facing in row["facings"]:
        middles.setdefault(facing["shelf"], []).append(facing["box"][0] + facing["box"][2])
        bottoms.setdefault(facing["shelf"], []).append(facing["box"][3])
    assert sorted(middles) == [1, 2, 3, 4]
    assert all(row == sorted(row) for row in middles.values())
    assert [float(np.median(bottoms[shelf])) for shelf in (4, 3, 2, 1)] == sorted(
        float(np.median(values)) for values in bottoms.values()
    )


def test_without_a_catalogue_no_sku_is_named() -> None:
    (row,) = analyse(FRAME)
    assert {(facing["sku"], facing["sku_score"]) for facing in row["facings"]} == {(None, None)}
    assert "kpis" not in row


def test_a_lower_score_prints_more_and_the_shipped_one_is_the_count() -> None:
    (few,), (many,), (shipped,) = (
        analyse(FRAME, "--min-score", "0.9"),
        analyse(FRAME, "--min-score", "0.05"),
        analyse(FRAME),
    )
    assert len(few["facings"]) < len(shipped["facings"]) <= len(many["facings"])


def test_a_folder_stands_for_its_pictures_and_the_drawing_is_written(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        cv2.imwrite(str(tmp_path / name), np.full((64, 48, 3), 90, np.uint8))
    rows = analyse(tmp_path, "--draw", tmp_path / "out")
    assert [Path(row["image"]).name for row in rows] == ["a.png", "b.png"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.jpg", "b.jpg"}


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(FRAME.read_bytes()[:2000])
    done = CliRunner().invoke(app, ["analyse", str(torn), str(FRAME), "--json"])
    assert done.exit_code == 1
    assert "torn.jpg" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_a_planogram_without_a_catalogue_is_bad_usage() -> None:
    done = CliRunner().invoke(app, ["analyse", str(FRAME), "--planogram", str(DEMO / "planogram.csv")])
    assert done.exit_code == 2
    assert "--catalogue" in done.stderr


@pytest.mark.parametrize("command", ["run", "analyse", "evaluate", "catalogue", "planogram", "config"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    groups = {"catalogue": "enrol", "planogram": "check", "config": "check"}
    if command in groups:
        done = CliRunner().invoke(app, [command, groups[command], "--help"])
    assert "Example: edge " in done.stdout
