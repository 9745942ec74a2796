"""Entering a model in the manifest: the one of its name and precision is replaced, the others stay."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from edge.contract.errors import ModelError
from edge.recognise.manifest import MANIFEST, MODELS, Manifest, TrainingData, load_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge.recognise.manifest import Kind, ModelEntry


def begin(folder: Path, *, without: Kind, shipped: Path = MODELS) -> None:
    """Make a folder of models of one's own: a copy of the shipped one but for the kind that will be entered.

    A folder that has a manifest stays as it is.

    Raises:
        ModelError: the folder cannot be written, or the shipped one cannot be read.
    """
    if (folder / MANIFEST).exists():
        return
    entries = load_manifest(shipped).models
    kept = [entry for entry in entries if entry.kind != without]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in {*(entry.file for entry in kept), *(entry.card for entry in entries)}:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(shipped / name, folder / name)
        _write(folder, kept)
    except OSError as error:
        raise ModelError(f"{folder}: {error.strerror or error}", "give a folder to write to") from error


def enter(folder: Path, entry: ModelEntry) -> None:
    """Write `entry` into `folder/manifest.json`, which is made when there is none.

    An int8 entry whose float32 file is replaced goes with it: it belongs to the old one.

    Raises:
        ModelError: the manifest that is there is invalid.
    """
    others = load_manifest(folder).models if (folder / MANIFEST).exists() else ()
    kept = [other for other in others if other.name != entry.name or _stays_beside(other, entry)]
    _write(folder, [*kept, entry])


def read_training_data(text: str) -> TrainingData:
    """A source of training pictures as it is told on the command line: `NAME; LICENCE; WHO MADE IT`.

    Raises:
        ModelError: one of the three is missing.
    """
    parts = [part.strip() for part in text.split(";")]
    if len(parts) != 3 or not all(parts):
        raise ModelError(f"--trained-on {text!r}: is no source of pictures", "write 'NAME; LICENCE; WHO MADE IT'")
    return TrainingData(name=parts[0], licence=parts[1], attribution=parts[2])


def data_name(data: Path) -> str:
    """What figures call a folder of data: its name, and that of the folder it lies in."""
    return "/".join(data.parts[-2:])


def _write(folder: Path, entries: Sequence[ModelEntry]) -> None:
    path = folder / MANIFEST
    models = tuple(sorted(entries, key=lambda m: (m.name, m.precision)))
    partial = path.with_suffix(".part")
    content = Manifest(models=models).model_dump(mode="json", exclude_none=True)
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _stays_beside(other: ModelEntry, entry: ModelEntry) -> bool:
    """Whether an entry of the same name is another precision of the same weights."""
    return other.precision != entry.precision and other.family == entry.family
