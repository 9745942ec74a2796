"""`edge evaluate` on a drawn dataset: which figures come out, and what is said when there is nothing to measure."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli.app import main

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = "configs/catalogues/cooler-vn"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Two drawn shelves of five packs; the audited truth has one pack more than the raw one."""
    rng = np.random.default_rng(0)
    images, marks = [], []
    (tmp_path / "images").mkdir()
    for number in range(2):
        photo = np.full((240, 320, 3), 60, np.uint8)
        for place in range(5):
            left = 20 + 58 * place
            cv2.rectangle(photo, (left, 60), (left + 50, 190), tuple(rng.integers(60, 255, 3).tolist()), -1)
            cv2.circle(photo, (left + 25, 120), 15, (250, 250, 250), -1)
            marks.append({"image_id": number, "bbox": [left, 60, 50, 130], "category_id": 1 + place % 2})
        cv2.imwrite(str(tmp_path / "images" / f"{number}.png"), photo)
        images.append({"id": number, "file_name": f"{number}.png"})
    names = [{"id": 1, "name": "pepsi-blue"}, {"id": 2, "name": "foreign"}]
    for file, kept in (("annotations.json", marks[:-1]), ("annotations_audited.json", marks)):
        (tmp_path / file).write_text(json.dumps({"images": images, "annotations": kept, "categories": names}))
    return tmp_path


def edge(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["edge", "evaluate", *map(str, arguments)])
    monkeypatch.chdir(ROOT)
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def test_all_figures_with_their_intervals(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, shelf, "--catalogue", CATALOGUE, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    figures = json.loads(line)
    assert (figures["truth"], figures["photos"], figures["facings"]) == ("annotations_audited.json", 2, 10)
    assert (figures["raw"]["truth"], figures["raw"]["facings"]) == ("annotations.json", 9)
    for name in ("ap50", "ap", "facings_error"):
        assert figures[name]["low"] <= figures[name]["value"] <= figures[name]["high"]
    for name in ("sku_top1", "recognised_precision", "recognised_coverage", "unlisted_not_recognised"):
        assert set(figures[name]) == {"value", "low", "high"}
    assert figures["classes"]["pepsi-blue"]["boxes"] == 6
    assert not figures["classes"]["pepsi-blue"]["in_map50"]


def test_without_a_catalogue_detection_alone_is_measured(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, shelf) == 0
    table = capsys.readouterr().out
    assert "detection, AP50" in table
    assert "SKU" not in table


def test_a_folder_without_labels_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, tmp_path) == 1
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert "no labels found" in said.err


def test_a_missing_argument_is_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    assert edge(monkeypatch) == 2
