"""`--models DIR`: the commands look with the models of that folder, and a folder without models is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli.app import app, main
from edge.recognise.manifest import MODELS, load_manifest

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
FRAME = DEMO / "frames" / "2026-03-14T08-00-00.jpg"
CATALOGUE = ROOT / "configs" / "catalogues" / "demo"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the shipped models whose detector shows nothing but what it is all but certain of."""
    folder = tmp_path_factory.mktemp("models")
    entries = []
    for entry in load_manifest().models:
        shutil.copy(MODELS / entry.file, folder)
        if entry.kind == "product-detector":
            entry = entry.model_copy(update={"thresholds": {**entry.thresholds, "score": 0.999}})  # noqa: PLW2901
        entries.append(entry.model_dump(mode="json", exclude_none=True))
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "models": entries}))
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """One rendered frame with its truth as a COCO folder."""
    frame = json.loads((DEMO / "truth.json").read_text())["frames"][0]
    marks = [
        {"image_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1], "category_id": 1}
        for x1, y1, x2, y2 in (facing["box"] for facing in frame["facings"])
    ]
    truth = {
        "images": [{"id": 1, "file_name": "a.jpg"}],
        "annotations": marks,
        "categories": [{"id": 1, "name": "product"}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(truth))
    shutil.copy(FRAME, tmp_path / "a.jpg")
    return tmp_path


def test_evaluation_measures_the_folders_models(labelled: Path, strict: Path) -> None:
    def found(*more: str) -> int:
        done = CliRunner().invoke(app, ["evaluate", str(labelled), "--json", *more], catch_exceptions=False)
        return int(json.loads(done.stdout)["outcomes"]["found"])

    assert found("--models", str(strict)) == 0 < found()


def test_pictures_are_looked_at_with_the_folders_models(strict: Path) -> None:
    done = CliRunner().invoke(app, ["analyse", str(FRAME), "--json", "--models", str(strict)], catch_exceptions=False)
    assert json.loads(done.stdout)["facings"] == []


@pytest.mark.parametrize(
    "command",
    [
        ["analyse", str(FRAME)],
        ["evaluate", "{labelled}", "--catalogue", str(CATALOGUE)],
        ["catalogue", "check", "--catalogue", str(CATALOGUE)],
        ["catalogue", "identify", "--catalogue", str(CATALOGUE), str(FRAME)],
        ["catalogue", "enrol", "--catalogue", "{new}", "--sku", "a", str(FRAME)],
        ["catalogue", "enrol-folder", "{tree}", "--catalogue", "{new}"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_folder_without_models_is_named(
    command: list[str], labelled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (labelled / "tree" / "a").mkdir(parents=True)
    shutil.copy(FRAME, labelled / "tree" / "a")
    places = {"labelled": labelled, "new": labelled / "new", "tree": labelled / "tree"}
    words = [word.format(**places) for word in command]
    monkeypatch.setattr("sys.argv", ["edge", *words, "--models", str(labelled / "no-models")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "no-models/manifest.json" in capsys.readouterr().err
    assert not (labelled / "new").exists()
