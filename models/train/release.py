"""Entering a model in the manifest: the one of its name is replaced, the others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.recognise.manifest import MANIFEST, Manifest, ModelEntry, load_manifest

if TYPE_CHECKING:
    from pathlib import Path


def enter(folder: Path, entry: ModelEntry) -> None:
    """Write `entry` into `folder/manifest.json`, which is made when there is none.

    Raises:
        ModelError: the manifest that is there is invalid.
    """
    path = folder / MANIFEST
    others = load_manifest(folder).models if path.exists() else ()
    models = sorted([*(m for m in others if m.name != entry.name), entry], key=lambda m: m.name)
    partial = path.with_suffix(".part")
    partial.write_text(Manifest(models=tuple(models)).model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
