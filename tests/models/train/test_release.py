from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import ModelError
from edge.recognise.manifest import ModelEntry, Quantisation, load_manifest
from models.train.release import enter

if TYPE_CHECKING:
    from pathlib import Path


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
