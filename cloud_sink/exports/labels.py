"""What people said of facings as a labelled set of photographs (COCO): to evaluate with, and to train on.

Only what a person judged is told as truth. All else that the device saw on such a photograph is marked `iscrowd`:
nobody said what is there, so that it is neither hit nor miss.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import imagesize

from cloud_sink.exports.walk import Wanted, judged_observations
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from cloud_sink.evidence.room import EvidenceRoom
    from cloud_sink.store.corrected import Correction
    from cloud_sink.store.database import Database
    from edge.contract.payloads import ShelfObserved

UNTOLD = "sku-not-told"
"""The category of a unit whose SKU nobody told; `edge evaluate` counts it for detection alone."""

NAME = "annotations.json"
PICTURES = "images"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was written."""

    photographs: int
    judged: int  # facings of which a person said what they are
    without_photograph: int  # captures with judgements of which none was kept


@dataclass(frozen=True, slots=True)
class Unit:
    """A facing as a label: its box in shares of the frame, and what it is."""

    box: Sequence[float]
    sku: str | None
    judged: bool


def write_labels(engine: Database, room: EvidenceRoom, wanted: Wanted, folder: Path) -> Labelled:
    """Write the photographs that people corrected or judged, and their labels, as a folder that `edge evaluate` reads.

    Args:
        engine: the database.
        room: where photographs are.
        wanted: whose, and of which days.
        folder: a new or empty one.

    Raises:
        StoreError: the folder is not empty or cannot be written.
    """
    _prepare(folder)
    photographs: list[tuple[str, tuple[int, int], list[Unit]]] = []
    missing = 0
    for seen, said in judged_observations(engine, wanted):
        content = room.show(wanted.tenant, seen.evidence) if seen.evidence is not None else None
        if content is None:
            missing += 1
            continue
        name = f"{seen.evidence}.jpg"
        _write(folder / PICTURES / name, content)
        photographs.append((name, imagesize.get(io.BytesIO(content)), units_of(seen, said)))
    _write(folder / NAME, json.dumps(coco(photographs), ensure_ascii=False, indent=1).encode())
    judged = sum(unit.judged for _, _, units in photographs for unit in units)
    return Labelled(len(photographs), judged, missing)


def units_of(seen: ShelfObserved, corrections: Collection[Correction]) -> list[Unit]:
    """The facings of a photograph, those that people took away left out.

    Args:
        seen: the observation as the device told it.
        corrections: of it, in the order in which they were made.
    """
    said = {one.facing: one for one in corrections}
    records = dict(enumerate(seen.counted_facings)) | {
        one.facing: one.record for one in corrections if one.record is not None
    }
    units = []
    for number, record in sorted(records.items()):
        change = said.get(number)
        if change is None:
            units.append(Unit(record.box, record.sku, judged=False))
        elif change.standing != "removed":
            units.append(Unit(record.box, change.sku, judged=True))
    return units


def coco(photographs: Sequence[tuple[str, tuple[int, int], Sequence[Unit]]]) -> dict[str, Any]:
    """The labels of photographs: their file names, their width and height in pixels, and their units."""
    names = sorted({unit.sku or UNTOLD for _, _, units in photographs for unit in units})
    numbers = {name: number for number, name in enumerate(names, start=1)}
    images: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    for image, (name, (width, height), units) in enumerate(photographs, start=1):
        images.append({"id": image, "file_name": f"{PICTURES}/{name}", "width": width, "height": height})
        for unit in units:
            x1, y1, x2, y2 = unit.box
            box = [
                round(x1 * width, 1),
                round(y1 * height, 1),
                round((x2 - x1) * width, 1),
                round((y2 - y1) * height, 1),
            ]
            marks.append(
                {
                    "id": len(marks) + 1,
                    "image_id": image,
                    "category_id": numbers[unit.sku or UNTOLD],
                    "bbox": box,
                    "area": round(box[2] * box[3], 1),
                    "iscrowd": int(not unit.judged),
                }
            )
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    return {"images": images, "annotations": marks, "categories": categories}


def _prepare(folder: Path) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            raise StoreError(f"{folder}: is not empty", "name a new folder")
        (folder / PICTURES).mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}", "name a folder that can be written") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", "make room, or name another folder") from None
