from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.errors import ModelError
from edge.recognise.manifest import MODELS, Model, ModelEntry, Quantisation, TrainingData, load_manifest
from models.train.release import begin, data_name, enter, read_training_data


def test_a_new_version_replaces_its_entry_and_leaves_the_others(tmp_path: Path) -> None:
    shipped = load_manifest().models[0]
    other = shipped.model_copy(update={"name": "another"})
    for entry in (shipped, other, shipped.model_copy(update={"version": "9"})):
        enter(tmp_path, entry)
    entered = {entry.name: entry for entry in load_manifest(tmp_path).models}
    assert entered == {"another": other, shipped.name: shipped.model_copy(update={"version": "9"})}


def test_a_broken_manifest_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError):
        enter(tmp_path, load_manifest().models[0])
    assert (tmp_path / "manifest.json").read_text(encoding="utf-8") == "{"


def int8_of(entry: ModelEntry) -> ModelEntry:
    made = Quantisation(made_from=entry.sha256, measure="AP50", float32=0.9, int8=0.9, time_ratio=0.5)
    return entry.model_copy(update={"precision": "int8", "sha256": "a" * 64, "quantisation": made})


def test_an_int8_entry_stands_beside_its_float32_one(tmp_path: Path) -> None:
    plain = load_manifest().models[0].model_copy(update={"precision": "float32", "quantisation": None})
    for entry in (int8_of(plain), plain, int8_of(plain)):
        enter(tmp_path, entry)
    assert load_manifest(tmp_path).models == (plain, int8_of(plain))


def test_an_int8_entry_goes_with_the_weights_it_was_made_from(tmp_path: Path) -> None:
    plain = load_manifest().models[0].model_copy(update={"precision": "float32", "quantisation": None})
    newer = plain.model_copy(update={"sha256": "b" * 64})
    for entry in (plain, int8_of(plain), newer):
        enter(tmp_path, entry)
    assert load_manifest(tmp_path).models == (newer,)


def test_a_folder_of_ones_own_holds_the_shipped_models_but_for_the_kind_that_is_to_come(tmp_path: Path) -> None:
    begin(tmp_path / "mine", without="product-detector")
    copied = load_manifest(tmp_path / "mine").models
    assert copied == tuple(entry for entry in load_manifest().models if entry.kind != "product-detector")
    assert {entry.kind for entry in copied} == {"people-detector", "sku-embedder"}
    for entry in copied:
        assert Model(entry, tmp_path / "mine" / entry.file).read() == (MODELS / entry.file).read_bytes()
    assert not (tmp_path / "mine" / "product-detector.onnx").exists()


def test_every_entry_of_a_folder_of_ones_own_has_its_card(tmp_path: Path) -> None:
    begin(tmp_path / "mine", without="product-detector")
    assert all((tmp_path / "mine" / entry.card).is_file() for entry in load_manifest().models)


def test_a_folder_that_has_a_manifest_stays_as_it_is(tmp_path: Path) -> None:
    enter(tmp_path, load_manifest().models[0])
    begin(tmp_path, without="sku-embedder")
    assert load_manifest(tmp_path).models == load_manifest().models[:1]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="file"):
        begin(tmp_path / "file", without="sku-embedder")


def test_a_source_of_pictures_is_told_with_its_licence_and_its_makers() -> None:
    told = read_training_data("our shop, 40 photographs; own; the field team")
    assert told == TrainingData(name="our shop, 40 photographs", licence="own", attribution="the field team")


@pytest.mark.parametrize("text", ["our shop", "our shop; own", "our shop; ; the field team", "a; b; c; d"])
def test_a_source_of_pictures_without_licence_or_makers_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="NAME; LICENCE; WHO MADE IT"):
        read_training_data(text)


@pytest.mark.parametrize(("folder", "name"), [("../data/cooler/train", "cooler/train"), ("photos", "photos")])
def test_figures_name_the_folder_they_were_taken_on(folder: str, name: str) -> None:
    assert data_name(Path(folder)) == name
