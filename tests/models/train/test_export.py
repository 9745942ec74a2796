"""Exporting a detector of one's own: into a folder of its own, complete, the shipped one untouched."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from edge.recognise.detector import ProductDetector  # noqa: E402 - after the check for torch
from edge.recognise.manifest import MODELS, find_model, load_manifest  # noqa: E402
from models.train import export  # noqa: E402
from models.train.network import DetectorNetwork  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path


def of_shipped() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MODELS.glob("*.*")}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that did not exist, with an untrained detector and what came with it."""
    run = tmp_path_factory.mktemp("run")
    torch.manual_seed(0)
    torch.save({"average": DetectorNetwork().state_dict()}, run / "best.pt")
    (run / "chosen.json").write_text(json.dumps({"score": 0.4, "max_iou": 0.5}), encoding="utf-8")
    before = of_shipped()
    export.main(
        checkpoint=run / "best.pt",
        thresholds=run / "chosen.json",
        folder=run / "mine",
        version="1.1.0-shop",
        trained_on=["our shop; own; the field team"],
    )
    assert of_shipped() == before
    return run / "mine"


def test_the_exported_detector_is_used_from_its_folder(exported: Path) -> None:
    detector = ProductDetector(find_model("product-detector", folder=exported), threads=1)
    assert (detector.version, detector.shipped_score) == ("1.1.0-shop", 0.4)
    assert len(detector.detect(np.zeros((64, 64, 3), np.uint8), min_score=0.0).scores) > 0


def test_what_it_was_trained_on_besides_stands_in_the_manifest(exported: Path) -> None:
    *usual, own = find_model("product-detector", folder=exported).entry.training_data
    assert tuple(usual) == export.DATA
    assert (own.name, own.licence, own.attribution) == ("our shop", "own", "the field team")


def test_the_shipped_embedder_came_with_it(exported: Path) -> None:
    plain = find_model("sku-embedder", folder=exported, precision="float32")
    assert plain.entry.sha256 == find_model("sku-embedder", precision="float32").entry.sha256
    assert len(plain.read()) > 0
    assert [entry.precision for entry in load_manifest(exported).models if entry.kind == "product-detector"] == [
        "float32"
    ]
