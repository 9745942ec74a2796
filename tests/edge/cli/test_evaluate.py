"""`edge evaluate` on a drawn dataset: which figures come out, and what is said when there is nothing to measure."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cli.app import main
from tests.edge.recognise.report.reading import read

ROOT = Path(__file__).resolve().parents[3]
CATALOGUE = "configs/catalogues/cooler-vn"
DEMO = "configs/catalogues/demo"


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


@pytest.fixture
def mislabelled(tmp_path: Path) -> Path:
    """A rendered frame and its truth, but for four labels: each makes one kind of mistake out of what is found."""
    frame = json.loads((ROOT / "configs/demo/truth.json").read_text())["frames"][0]
    labels = [(facing["box"], facing["sku"]) for facing in frame["facings"]]
    # Two kinds of mistake want facings that are named surely: the third green tea and the first orange can.
    green_tea, orange, lime = (
        [place for place, (_, sku) in enumerate(labels) if word in sku][number]
        for word, number in (("green-tea", 2), ("orange-can", 0), ("lime", 0))
    )
    labels[green_tea] = (labels[green_tea][0], "lurralos-cola-can-330")
    labels[orange] = (labels[orange][0], "foreign")
    labels[lime] = ([5.0, 5.0, 45.0, 90.0], "lurralos-lime-can-330")  # a facing without its label, a label on the wall
    names = sorted({sku for _, sku in labels})
    marks = [
        {"image_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "category_id": names.index(sku)}
        for (x1, y1, x2, y2), sku in labels
    ]
    truth = {
        "images": [{"id": 1, "file_name": "shelf.jpg"}],
        "annotations": marks,
        "categories": [{"id": number, "name": name} for number, name in enumerate(names)],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(truth))
    (tmp_path / "shelf.jpg").write_bytes((ROOT / "configs/demo" / frame["image"]).read_bytes())
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


def test_what_the_scores_are_worth_stands_in_the_json(
    mislabelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, mislabelled, "--catalogue", DEMO, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    cells = [cell["recognised"] + cell["unsure"] + cell["unknown"] for cell in figures["confusion"]]
    assert sum(cells) == sum(one["count"] for one in figures["reliability"]) == figures["judged"] > 30
    assert "halrille-green-tea-bottle-500" in {
        cell["said"] for cell in figures["confusion"] if cell["truth"] == "lurralos-cola-can-330"
    }
    assert figures["coverage_precision"][-1]["coverage"] == 1.0
    assert 0 < figures["ece"] < 1


def test_a_person_reads_which_skus_are_confused_and_how_far_scores_are_off(
    mislabelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, mislabelled, "--catalogue", DEMO) == 0
    table = capsys.readouterr().out
    assert "expected calibration error" in table
    assert "  lurralos-cola-can-330 taken for halrille-green-tea-bottle-500: 1\n" in table


def test_the_report_has_a_picture_of_every_mistake_that_the_figures_count(
    mislabelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = mislabelled / "report"
    assert edge(monkeypatch, mislabelled, "--catalogue", DEMO, "--json", "--report", folder) == 0
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    mistakes = {kind: outcomes[kind] for kind in ("wrong", "unlisted", "false", "missed")}
    assert min(mistakes.values()) >= 1
    images = read((folder / "index.html").read_text(encoding="utf-8")).all("img")
    assert len(images) == sum(mistakes.values())
    assert {image["src"] for image in images} == {f"pictures/{path.name}" for path in folder.glob("pictures/*")}


def test_a_folder_that_is_no_report_is_refused_before_anything_is_measured(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shelf / "images" / "0.png").write_bytes(b"no picture: measuring it would be another error")
    assert edge(monkeypatch, shelf, "--report", shelf) == 1
    told = capsys.readouterr()
    assert (told.out, len(told.err.splitlines())) == ("", 1)
    assert "holds no former report" in told.err


def test_a_single_pixel_labels_beside_the_picture_and_crowds_are_measured_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = [[0, 0, 1, 1], [-300, -200, 50, 100], [1e6, 1e6, 30, 30], [-1e7, -1e7, 3e7, 3e7]]
    marks = [{"image_id": 1, "bbox": box, "category_id": 1, "iscrowd": 0} for box in boxes]
    marks.append({"image_id": 2, "bbox": [-5, -5, 20, 20], "category_id": 1, "iscrowd": 1})
    images = [{"id": number, "file_name": f"{number}.png"} for number in (1, 2, 3)]
    truth = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "pepsi-blue"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(truth))
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((1, 1, 3), 80, np.uint8))
    assert edge(monkeypatch, tmp_path, "--catalogue", CATALOGUE, "--json", "--report", tmp_path / "report") == 0
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert outcomes["facings"] == outcomes["found"] + outcomes["missed"] == 4
    assert len(list((tmp_path / "report" / "pictures").iterdir())) >= outcomes["missed"] >= 3


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
