"""`edge analyse` on rendered frames: what is printed, what is written, and what an error says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edge.capture.film import Film
from edge.cli.app import app
from edge.recognise.images import read_image
from tests.edge.recognise.files import COLOUR, HELD, encoded, exif, png, with_exif

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


def test_a_line_says_why_a_picture_is_not_fit_to_be_used() -> None:
    names = ("2026-03-14T08-00-00.jpg", "2026-03-14T18-40-00.jpg")
    fit, dark = analyse(*(DEMO / "frames" / name for name in names))
    assert (fit["quality"]["reason"], dark["quality"]["reason"]) == (None, "dark")


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


def test_a_drawing_takes_the_place_of_no_picture_and_of_no_other_drawing(tmp_path: Path) -> None:
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
        shutil.copy(FRAME, tmp_path / folder / "cooler.jpg")
    before = (tmp_path / "left" / "cooler.jpg").read_bytes()
    analyse(tmp_path / "left", tmp_path / "right", "--draw", tmp_path / "left")
    assert (tmp_path / "left" / "cooler.jpg").read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "left").iterdir()) == ["cooler-2.jpg", "cooler-3.jpg", "cooler.jpg"]


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(FRAME.read_bytes()[:2000])
    done = CliRunner().invoke(app, ["analyse", str(torn), str(FRAME), "--json"])
    assert done.exit_code == 1
    assert "torn.jpg" in done.stderr
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("orientation", HELD)
def test_a_photograph_is_read_upright_and_its_boxes_told_as_stored(tmp_path: Path, orientation: int) -> None:
    """A rendered frame, stored as a camera held so would have stored it: the same facings, elsewhere in the file."""
    image = read_image(FRAME)
    cv2.imwrite(str(tmp_path / "level.png"), image)
    stored = np.asarray(HELD[orientation](image), np.uint8)
    (tmp_path / "held.png").write_bytes(with_exif(encoded(".png", stored), exif(orientation)))
    level, held = analyse(tmp_path / "level.png", tmp_path / "held.png", "--catalogue", CATALOGUE)
    assert (held["width"], held["height"]) == stored.shape[1::-1]
    assert len(held["facings"]) == len(level["facings"]) > FACINGS / 2
    numbers = np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])
    kept = HELD[orientation](numbers.astype(np.int32))
    for facing, seen in zip(level["facings"], held["facings"], strict=True):
        assert {key: seen[key] for key in seen if key != "box"} == {key: facing[key] for key in facing if key != "box"}
        # The pixels inside both boxes are the same ones, but for a border where corners are rounded.
        inside, told = (
            set(np.asarray(pixels)[round(y1) : round(y2), round(x1) : round(x2)].ravel().tolist())
            for pixels, (x1, y1, x2, y2) in ((numbers, facing["box"]), (kept, seen["box"]))
        )
        assert len(inside & told) > 0.9 * max(len(inside), len(told)) > 0


def test_people_are_told_where_asked_for_in_pixels_as_stored(tmp_path: Path, shared_data: Path) -> None:
    """One person stands in that frame, whole; the same frame stored by a camera held upright."""
    with Film(shared_data / "people" / "one-by-one-person-detection.mp4") as film:
        image = next(frame.image for frame in film.frames() if frame.number == 300)
    (tmp_path / "level.png").write_bytes(encoded(".png", image))
    (tmp_path / "held.png").write_bytes(with_exif(encoded(".png", HELD[6](image)), exif(6)))
    level, held = analyse(tmp_path / "level.png", tmp_path / "held.png", "--people")
    (person,), (same,) = level["people"], held["people"]
    x1, y1, x2, y2 = person["box"]
    assert person["score"] > 0.6
    assert y2 - y1 > 300
    assert same["score"] == person["score"]
    assert same["box"] == pytest.approx([y1, 768 - x2, y2, 768 - x1], abs=0.02)
    (plain,) = analyse(tmp_path / "level.png")
    assert "people" not in plain


def test_the_good_pictures_of_a_folder_are_read_whatever_lies_among_them(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((64, 48, 3), 90, np.uint8))
    (tmp_path / "b.jpg").write_bytes(FRAME.read_bytes()[:-2])
    (tmp_path / "c.png").write_text("a text")
    (tmp_path / "d.png").write_bytes(png(np.zeros((4, 4, 3), np.uint8), COLOUR, size=(60_000, 60_000)))
    (tmp_path / "e.png").symlink_to(tmp_path / "e.png")
    (tmp_path / "f.png").mkdir()
    (tmp_path / "g.jpg").touch()
    os.mkfifo(tmp_path / "h.jpg")
    cv2.imwrite(str(tmp_path / "z.png"), np.full((1, 5000, 3), 90, np.uint8))
    done = CliRunner().invoke(app, ["analyse", str(tmp_path), "--json"])
    assert done.exit_code == 1
    assert [Path(json.loads(line)["image"]).name for line in done.stdout.splitlines()] == ["a.png", "z.png"]
    *told, summary = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in told] == [["error", str(tmp_path / name)] for name in sorted(BAD)]
    assert summary == "7 of 9 failed"


BAD = ("b.jpg", "c.png", "d.png", "e.png", "f.png", "g.jpg", "h.jpg")


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_a_picture_with_no_room_for_a_product_has_no_facing(tmp_path: Path, size: tuple[int, int]) -> None:
    cv2.imwrite(str(tmp_path / "thin.png"), np.full((*size, 3), 90, np.uint8))
    (row,) = analyse(tmp_path / "thin.png", "--catalogue", CATALOGUE, "--draw", tmp_path / "out")
    assert (row["height"], row["width"], row["facings"], row["gaps"]) == (*size, [], [])
    assert read_image(tmp_path / "out" / "thin.jpg").shape[0] > size[0]


def test_a_hostile_name_is_told_as_one_line_and_exactly_as_json(tmp_path: Path) -> None:
    name = os.fsdecode(b"two\nlines\x1b[2J\xff.png")
    cv2.imwrite(str(tmp_path / "plain.png"), np.full((64, 48, 3), 90, np.uint8))
    (tmp_path / "plain.png").rename(tmp_path / name)
    (row,) = analyse(tmp_path / name)
    assert Path(row["image"]).name == name
    done = CliRunner().invoke(app, ["analyse", str(tmp_path / name)], catch_exceptions=False)
    assert done.stdout == f"{tmp_path}/two lines\\x1b[2J\\udcff.png: 0 facings, 0 gaps\n"


@pytest.mark.parametrize("name", [b"clip.avi", b"clip\xff.avi"], ids=["UTF-8", "other bytes"])
def test_a_video_is_read_whatever_its_name(tmp_path: Path, name: bytes) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    path = (tmp_path / "clip.avi").rename(tmp_path / os.fsdecode(name))
    (row,) = analyse(path)
    assert (row["image"], row["width"], row["height"]) == (f"{path}#0", 64, 48)


def test_a_planogram_without_a_catalogue_is_bad_usage() -> None:
    done = CliRunner().invoke(app, ["analyse", str(FRAME), "--planogram", str(DEMO / "planogram.csv")])
    assert done.exit_code == 2
    assert "--catalogue" in done.stderr


@pytest.mark.parametrize("command", ["run", "analyse", "traffic", "evaluate", "catalogue", "planogram", "config"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    groups = {"catalogue": "enrol", "planogram": "check", "config": "check"}
    if command in groups:
        done = CliRunner().invoke(app, [command, groups[command], "--help"])
    assert "Example: edge " in done.stdout
