"""`edge bench`: what it tells; how long anything takes is not tested."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from edge.cli.app import main
from edge.recognise.manifest import MODELS, load_manifest

if TYPE_CHECKING:
    from pathlib import Path


def edge(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(
        "sys.argv", ["edge", "bench", "--rounds", "1", "--threads", "1", "--enrol", "3", *map(str, arguments)]
    )
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def test_every_model_and_both_together_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    rows = {(row["what"], row["precision"]): row for row in report["models"]}
    plain = {what: rows[what, "float32"] for what in ("detector", "recogniser", "both")}
    assert all(row["ratio"] == 1.0 and row["median_ms"] > 0 for row in plain.values())
    assert plain["both"]["gmacs"] == pytest.approx(plain["detector"]["gmacs"] + plain["recogniser"]["gmacs"])
    assert sum(row["default"] for row in report["models"] if row["what"] == "detector") == 1
    assert len(rows) >= len({model.name for model in load_manifest().models})
    assert (report["threads"], report["rounds"]) == (1, 1)
    assert report["memory_mb"] > 10
    large = report["catalogue"]
    assert (large["large_skus"], large["small_skus"], large["references"]) == (10_000, 200, 4)
    assert min(large["small_ms"], large["large_ms"], large["large_search_ms"], large["ratio"]) > 0
    assert large["large_ms_a_facing"] == pytest.approx(large["large_ms"] / large["facings"])
    assert large["enrolled"] == 3
    assert 3 * large["enrol_ms_a_sku"] > large["save_ms"] > 0


def test_a_person_reads_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge(monkeypatch) == 0
    out = capsys.readouterr().out
    assert "used by the agent" in out
    assert "35 facings among 10,000 SKUs of 4 references" in out
    assert "enrolling 3 SKUs from 4 pictures each" in out
    assert [line.split()[0] for line in out.splitlines()[3:]].count("detector") >= 1


def test_enrolling_can_be_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge(monkeypatch, "--enrol", "0") == 0
    out = capsys.readouterr().out
    assert "among 10,000 SKUs" in out
    assert "enrolling" not in out


def test_a_folder_without_models_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge(monkeypatch, "--models", tmp_path) == 1
    error = capsys.readouterr().err
    assert "manifest.json" in error
    assert error.count("\n") == 1


def test_an_altered_model_is_not_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (MODELS / "manifest.json", *MODELS.glob("*.onnx")):
        shutil.copy(path, tmp_path)
    with (tmp_path / "product-detector.onnx").open("ab") as file:
        file.write(b"!")
    assert edge(monkeypatch, "--models", tmp_path) == 1
    assert "sha256" in capsys.readouterr().err
