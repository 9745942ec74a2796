"""Choosing thresholds: from what a run held back, or as they are shipped where that is too little."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

import typer  # noqa: E402 - after the check for torch

from edge.recognise.manifest import find_model  # noqa: E402
from models.train import choose  # noqa: E402
from tests.models.train.test_photos import yolo  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


def test_thresholds_are_those_of_the_shipped_detector_where_one_asks_for_them(tmp_path: Path) -> None:
    choose.main(data=tmp_path, run=tmp_path, as_shipped=True)
    shipped = find_model("product-detector").entry.thresholds
    assert json.loads((tmp_path / "chosen.json").read_text()) == shipped


def test_a_run_that_held_nothing_back_says_what_can_be_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"average": {}, "held": []}, tmp_path / "best.pt")
    with pytest.raises(typer.Exit):
        choose.main(data=yolo(tmp_path), run=tmp_path)
    assert "--as-shipped" in capsys.readouterr().err
    assert not (tmp_path / "chosen.json").exists()
