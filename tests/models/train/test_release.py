from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import ModelError
from edge.recognise.manifest import load_manifest
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
