from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from edge.contract.errors import ModelError
from edge.recognise.manifest import MODELS, find_model, load_manifest

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"a model"


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "name": "product-detector",
        "kind": "product-detector",
        "version": "1.0.0",
        "file": "product-detector.onnx",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "input": {
            "height": 640,
            "width": 640,
            "multiple": 32,
            "layout": "NHWC",
            "colours": "BGR",
            "dtype": "uint8",
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
        },
        "licence": "Apache-2.0",
        "card": "cards/product-detector.md",
        "training_data": [{"name": "cooler/train", "licence": "CC-BY-4.0", "attribution": "its maker"}],
        "thresholds": {"score": 0.4},
        "figures": [{"what": "AP50", "value": 0.97, "command": "edge evaluate"}],
    } | changes


def write(folder: Path, *entries: dict[str, Any], content: bytes = CONTENT) -> Path:
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "models": entries}), encoding="utf-8")
    (folder / "product-detector.onnx").write_bytes(content)
    return folder


def test_a_file_with_the_hash_of_the_manifest_is_read(tmp_path: Path) -> None:
    assert find_model("product-detector", folder=write(tmp_path, entry())).read() == CONTENT


def test_an_altered_file_is_refused_in_one_line_that_names_it_and_the_mend(tmp_path: Path) -> None:
    model = find_model("product-detector", folder=write(tmp_path, entry(), content=CONTENT + b"!"))
    with pytest.raises(ModelError, match="sha256") as caught:
        model.read()
    assert "product-detector.onnx" in caught.value.what
    assert "install the package again" in caught.value.mend
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    model = find_model("product-detector", folder=write(tmp_path, entry()))
    model.path.unlink()
    with pytest.raises(ModelError, match="No such file"):
        model.read()


def test_a_missing_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"manifest\.json"):
        load_manifest(tmp_path)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"sha256": "abc"}, "models.0.sha256"),
        ({"file": "../elsewhere.onnx"}, "models.0.file"),
        ({"kind": "oracle"}, "models.0.kind"),
        ({"colour": "red"}, "models.0.colour"),
        ({"thresholds": {"score": "high"}}, "models.0.thresholds.score"),
    ],
)
def test_an_invalid_entry_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ModelError, match=named.replace(".", r"\.")):
        load_manifest(write(tmp_path, entry(**changes)))


def test_a_kind_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no sku-embedder"):
        find_model("sku-embedder", folder=write(tmp_path, entry()))


def test_models_of_one_kind_are_told_apart_by_name(tmp_path: Path) -> None:
    folder = write(tmp_path, entry(), entry(name="small-detector", version="2"))
    assert find_model("product-detector", folder=folder, name="small-detector").entry.version == "2"


def test_a_threshold_that_is_not_shipped_is_refused(tmp_path: Path) -> None:
    model = find_model("product-detector", folder=write(tmp_path, entry()))
    assert model.threshold("score") == 0.4
    with pytest.raises(ModelError, match="max_iou"):
        model.threshold("max_iou")


def test_every_shipped_file_is_the_one_its_entry_names_and_has_a_card() -> None:
    manifest = load_manifest()
    assert manifest.models
    for shipped in manifest.models:
        assert hashlib.sha256((MODELS / shipped.file).read_bytes()).hexdigest() == shipped.sha256
        assert (MODELS / shipped.card).is_file()
        assert shipped.figures
        assert shipped.training_data


def test_the_shipped_files_stay_under_40_megabytes() -> None:
    assert sum((MODELS / shipped.file).stat().st_size for shipped in load_manifest().models) < 40_000_000


def small_entry(**changes: Any) -> dict[str, Any]:
    """The int8 file of `entry()`, a third of a point worse and four times as fast."""
    made = {"made_from": entry()["sha256"], "measure": "AP50", "float32": 0.97, "int8": 0.967, "time_ratio": 0.25}
    return entry(precision="int8", sha256="a" * 64, quantisation=made | changes)


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, "int8"),
        ({"int8": 0.98}, "int8"),
        ({"int8": 0.9649}, "float32"),  # loses more than half a point
        ({"time_ratio": 1.1}, "float32"),  # gains nothing
        ({"made_from": "b" * 64}, "float32"),  # of other weights
    ],
)
def test_int8_is_taken_where_it_pays(tmp_path: Path, changes: dict[str, Any], chosen: str) -> None:
    folder = write(tmp_path, entry(), small_entry(**changes))
    assert find_model("product-detector", folder=folder).entry.precision == chosen


def test_a_precision_asked_for_is_given_or_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, entry(), small_entry())
    assert find_model("product-detector", folder=folder, precision="float32").entry.precision == "float32"
    with pytest.raises(ModelError, match="no product-detector of precision int8"):
        find_model("product-detector", folder=write(tmp_path, entry()), precision="int8")


def test_both_precisions_are_one_family_and_tell_themselves_apart_by_version(tmp_path: Path) -> None:
    plain, small = load_manifest(write(tmp_path, entry(), small_entry())).models
    assert small.family == plain.family == plain.sha256
    assert (plain.full_version, small.full_version) == ("1.0.0", "1.0.0+int8")


@pytest.mark.parametrize("wrong", [{"precision": "int8"}, {"quantisation": small_entry()["quantisation"]}])
def test_an_int8_entry_must_say_what_it_was_made_from(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="quantisation"):
        load_manifest(write(tmp_path, entry(**wrong)))
