"""Entering a model in the manifest: the one of its name and precision is replaced, the others stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge.recognise.manifest import MANIFEST, Manifest, load_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from edge.recognise.manifest import ModelEntry


def enter(folder: Path, entry: ModelEntry) -> None:
    """Write `entry` into `folder/manifest.json`, which is made when there is none.

    An int8 entry whose float32 file is replaced goes with it: it belongs to the old one.

    Raises:
        ModelError: the manifest that is there is invalid.
    """
    path = folder / MANIFEST
    others = load_manifest(folder).models if path.exists() else ()
    kept = [other for other in others if other.name != entry.name or _stays_beside(other, entry)]
    models = sorted([*kept, entry], key=lambda m: (m.name, m.precision))
    partial = path.with_suffix(".part")
    content = Manifest(models=tuple(models)).model_dump(mode="json", exclude_none=True)
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _stays_beside(other: ModelEntry, entry: ModelEntry) -> bool:
    """Whether an entry of the same name is another precision of the same weights."""
    return other.precision != entry.precision and other.family == entry.family
