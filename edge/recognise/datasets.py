"""Labelled photographs to measure on: COCO, YOLO and Pascal VOC folders, read into one form."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from edge.contract.errors import ImageError
from edge.recognise.images import read_image

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

AUDITED = "annotations_audited.json"  # a truth gone through by hand; preferred to the raw one beside it
RAW = "annotations.json"
COCO = (AUDITED, RAW, "_annotations.coco.json")  # as preferred
CLASSES = "classes.txt"  # names of YOLO classes, one a line, as labelling tools write them
UNTOLD = "sku-not-told"  # a unit whose SKU nobody could tell: it counts for detection, not for recognition
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One photograph and its truth."""

    path: Path
    boxes: NDArray[np.float32]  # (n, 4) x1, y1, x2, y2 in pixels
    skus: tuple[str | None, ...]  # (n,) None: a product, its SKU not told
    crowd: NDArray[np.bool_]  # (n,) places where nobody could say what is there: no hit, no miss

    @property
    def facings(self) -> int:
        """Units that are to be found."""
        return int((~self.crowd).sum())


@dataclass(frozen=True, slots=True)
class Dataset:
    """Photographs with one truth."""

    truth: str  # what the truth was read from
    photos: tuple[LabelledPhoto, ...]


def read_dataset(folder: Path, *, truth: Path | None = None) -> Dataset:
    """Read a labelled folder: COCO (`annotations*.json`), YOLO (`labels/*.txt`) or VOC (`*.xml` beside the pictures).

    Args:
        folder: of the dataset.
        truth: a COCO file to use instead of the folder's own; a bare name is looked for in the folder.

    Raises:
        ImageError: nothing labelled in it, or a label that makes no sense, named with its file and the mend.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder}: no such folder", "give a folder of labelled photographs")
    if truth is not None:
        return _read_coco(folder, truth if truth.is_file() else folder / truth)
    for name in COCO:
        if (folder / name).is_file():
            return _read_coco(folder, folder / name)
    if (folder / "labels").is_dir():
        return _read_yolo(folder)
    if any(folder.rglob("*.xml")):
        return _read_voc(folder)
    raise ImageError(
        f"{folder}: no labels found", "it needs annotations.json (COCO), labels/*.txt (YOLO) or *.xml (VOC)"
    )


def is_labelled(folder: Path) -> bool:
    """Whether a folder holds labels that `read_dataset` reads."""
    return any((folder / name).is_file() for name in COCO) or (folder / "labels").is_dir() or any(folder.rglob("*.xml"))


def _read_coco(folder: Path, path: Path) -> Dataset:
    mend = "give a COCO file with images, annotations (bbox x, y, width, height) and categories"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names = {category["id"]: str(category["name"]) for category in content["categories"]}
        marks: dict[Any, list[tuple[list[float], str, bool]]] = {}
        for mark in content["annotations"]:
            row = ([float(v) for v in mark["bbox"]], names[mark["category_id"]], bool(mark.get("iscrowd", 0)))
            marks.setdefault(mark["image_id"], []).append(row)
        entries = [(entry["id"], str(entry["file_name"])) for entry in content["images"]]
    except OSError as failure:
        raise ImageError(f"{path}: {failure.strerror or failure}", mend) from None
    except (ValueError, KeyError, TypeError) as failure:
        raise ImageError(f"{path}: is no COCO truth: {type(failure).__name__} {failure}", mend) from None
    photos = []
    for number, name in entries:
        rows = marks.get(number, [])
        corners = [(x, y, x + w, y + h) for (x, y, w, h), _, _ in rows]
        photos.append(
            _photo(_find(folder, name), corners, [sku for _, sku, _ in rows], [crowd for _, _, crowd in rows])
        )
    return Dataset(path.name, tuple(photos))


def _read_yolo(folder: Path) -> Dataset:
    """`images/` and `labels/` side by side; names from `data.yaml` or `classes.txt`, else the class numbers."""
    names = _yolo_names(folder)
    photos = []
    for label in sorted((folder / "labels").rglob("*.txt")):
        if label.name == CLASSES:
            continue
        picture = _beside(folder / "images" / label.relative_to(folder / "labels"))
        tall, wide = read_image(picture).shape[:2]
        corners, skus = [], []
        for line, text in enumerate(label.read_text(encoding="utf-8").splitlines(), 1):
            if not text.strip():
                continue
            try:
                kind, x, y, w, h = text.split()
                cx, cy, dx, dy = float(x) * wide, float(y) * tall, float(w) * wide / 2, float(h) * tall / 2
                skus.append(names.get(int(kind), kind))
            except ValueError:
                raise ImageError(f"{label}: line {line}: {text!r}", "a line is: class x y width height, 0..1") from None
            corners.append((cx - dx, cy - dy, cx + dx, cy + dy))
        photos.append(_photo(picture, corners, skus, [False] * len(skus)))
    return Dataset("labels/*.txt", tuple(photos))


def _yolo_names(folder: Path) -> dict[int, str]:
    for path in (folder / "data.yaml", folder.parent / "data.yaml"):
        if path.is_file():
            try:
                named = yaml.safe_load(path.read_text(encoding="utf-8"))["names"]
                pairs = named.items() if isinstance(named, dict) else enumerate(named)
                return {int(number): str(name) for number, name in pairs}
            except (yaml.YAMLError, KeyError, TypeError, ValueError):
                raise ImageError(f"{path}: no list of names in it", "it needs the key names") from None
    for path in (folder / CLASSES, folder / "labels" / CLASSES):
        if path.is_file():
            return dict(enumerate(path.read_text(encoding="utf-8").splitlines()))
    return {}


def _read_voc(folder: Path) -> Dataset:
    photos = []
    for label in sorted(folder.rglob("*.xml")):
        try:
            root = ET.fromstring(label.read_bytes())  # noqa: S314 - the user's own labels; entities of expat are bounded
            objects = [(_text(mark, "name"), mark.find("bndbox")) for mark in root.iter("object")]
            corners = [
                (_pixel(box, "xmin"), _pixel(box, "ymin"), _pixel(box, "xmax"), _pixel(box, "ymax"))
                for _, box in objects
            ]
            name = _text(root, "filename")
        except (ET.ParseError, ValueError) as failure:
            raise ImageError(f"{label}: is no VOC label: {failure}", "it needs filename and object/bndbox") from None
        picture = label.parent / name
        if not picture.is_file():
            picture = _find(folder, name)
        photos.append(_photo(picture, corners, [sku for sku, _ in objects], [False] * len(objects)))
    return Dataset("*.xml", tuple(photos))


def _text(node: ET.Element, tag: str) -> str:
    found = node.findtext(tag)
    if not found:
        raise ValueError(f"no {tag}")
    return found.strip()


def _pixel(box: ET.Element | None, tag: str) -> float:
    if box is None:
        raise ValueError("an object without bndbox")
    return float(_text(box, tag))


def _photo(
    path: Path, corners: Sequence[tuple[float, float, float, float]], skus: Sequence[str], crowd: Sequence[bool]
) -> LabelledPhoto:
    boxes = np.array(corners, np.float32).reshape(-1, 4)
    wrong = ~(np.isfinite(boxes).all(1) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
    if wrong.any():
        raise ImageError(f"{path.name}: box {int(wrong.argmax()) + 1} has no area", "mend or remove the label")
    told = tuple(None if sku == UNTOLD else sku for sku in skus)
    return LabelledPhoto(path, boxes, told, np.array(crowd, np.bool_))


def _find(folder: Path, name: str) -> Path:
    for path in (folder / "images" / name, folder / "JPEGImages" / name, folder / name):
        if path.is_file():
            return path
    raise ImageError(f"{folder}: {name} is labelled but not there", "put it into images/ of the folder")


def _beside(stem: Path) -> Path:
    for ending in PICTURES:
        if stem.with_suffix(ending).is_file():
            return stem.with_suffix(ending)
    raise ImageError(f"{stem.with_suffix('')}: is labelled but there is no picture", f"one of {' '.join(PICTURES)}")
