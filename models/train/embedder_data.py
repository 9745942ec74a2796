"""Crops to train the SKU embedder on: read once, kept in memory, drawn in balanced batches."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError
from edge.recognise.crops import CropShape, cut_facings
from edge.recognise.datasets import RAW, UNTOLD, is_labelled, read_dataset
from models.train.embedder_augment import distorted_cut, weathered
from models.train.photos import name_in, photo_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

FOREIGN = "foreign"  # the cooler set's word for a product that is none of its SKUs
_CORRECTIONS = Path(__file__).parent / "corrections"
_CONTEXT = 0.35  # of the box on each side: room for jitter, rotation and margin
_FOREIGN_SHARE = 3.0  # times its natural chance: what no SKU must claim is rare in any labelled set, and varied
_MOST, _MOST_HERE = 16, 2  # facings of one drawn product, and in one picture: more of them look the same
_SMALL = 14  # pixels of the shorter side: below, nobody could tell a pack
_UNNAMED = "cut-out"  # a composed wall's word for a unit whose product nobody told
_INVENTED = "flat-"  # with this begin the names of packs that walls are composed of
_ALIKE = 0.70  # correlation of equalised thumbnails above which two photographs show the same cooler (looked at)


Corners = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels
Told = tuple[str, list[tuple[Corners, str]]]  # a photograph's name and its facings whose SKU can be told


@dataclass(frozen=True, slots=True)
class FacingCrop:
    """One labelled facing with the picture around it."""

    context: NDArray[np.uint8]  # (h, w, 3) BGR
    box: Corners  # in the context
    sku: str
    photo: str
    source: str

    def plain(self, shape: CropShape) -> NDArray[np.uint8]:
        """The crop as the device cuts it, (height, width, 3)."""
        crop: NDArray[np.uint8] = cut_facings(self.context, np.array([self.box], np.float32), shape)[0]
        return crop


def read_corrections(truth: bytes) -> dict[int, str | None]:
    """SKUs put right by looking, by annotation id; None where it cannot be told.

    A file of corrections belongs to the one truth whose sha256 it names; other truths have none.
    """
    wanted = hashlib.sha256(truth).hexdigest()
    for path in sorted(_CORRECTIONS.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["annotations_sha256"] == wanted:
            return {int(number): sku for number, sku in content["skus"].items()}
    return {}


def read_facings(folder: Path) -> list[FacingCrop]:
    """Every boxed facing of a labelled folder whose SKU can be told; of `annotations.json`, with corrections applied.

    Args:
        folder: COCO (`images/`, `annotations.json`), YOLO or VOC.

    Raises:
        ImageError: a label that makes no sense, or a photograph that cannot be read.
    """
    told = _told_by_raw(folder) if (folder / RAW).is_file() else _told_by_labels(folder)
    crops = []
    for name, facings in told:
        photo = _read(photo_path(folder, name))
        tall, wide = photo.shape[:2]
        for (x1, y1, x2, y2), sku in facings:
            dx, dy = _CONTEXT * (x2 - x1), _CONTEXT * (y2 - y1)
            left, top = int(max(0, x1 - dx)), int(max(0, y1 - dy))
            right, bottom = int(min(wide, x2 + dx + 1)), int(min(tall, y2 + dy + 1))
            box = (x1 - left, y1 - top, x2 - left, y2 - top)
            crops.append(FacingCrop(photo[top:bottom, left:right].copy(), box, sku, name, folder.name))
    return crops


def _told_by_raw(folder: Path) -> list[Told]:
    written = (folder / RAW).read_bytes()
    truth, corrections = json.loads(written), read_corrections(written)
    names = {category["id"]: category["name"] for category in truth["categories"]}
    facings: dict[int, list[tuple[Corners, str]]] = {}
    drawn: Counter[object] = Counter()
    for mark in truth["annotations"]:
        sku = corrections.get(mark.get("id"), names[mark["category_id"]])
        if "product" in mark or (sku or "").startswith(_INVENTED):  # drawn: there are as many as one likes
            sku = f"{_INVENTED}{mark.get('product', sku)}"
            here = (sku, mark["image_id"])
            if drawn[sku] >= _MOST or drawn[here] >= _MOST_HERE or min(mark["bbox"][2:]) < _SMALL:
                continue
            drawn.update((sku, here))
        if sku not in (None, UNTOLD, _UNNAMED) and not mark.get("iscrowd"):
            x, y, w, h = mark["bbox"]
            facings.setdefault(mark["image_id"], []).append(((x, y, x + w, y + h), sku))
    return [(entry["file_name"], facings.get(entry["id"], [])) for entry in truth["images"]]


def _told_by_labels(folder: Path) -> list[Told]:
    told = []
    for labelled in read_dataset(folder).photos:
        rows = zip(labelled.boxes.tolist(), labelled.skus, labelled.crowd.tolist(), strict=True)
        facings = [((x1, y1, x2, y2), sku) for (x1, y1, x2, y2), sku, crowd in rows if sku is not None and not crowd]
        told.append((name_in(folder, labelled.path), facings))
    return told


def read_product_folders(folder: Path) -> list[FacingCrop]:
    """A tree whose leaf folders are named by product; one product a photograph, held or standing near the middle.

    Raises:
        ImageError: a photograph that cannot be read.
    """
    crops = []
    for path in sorted(folder.rglob("*.jpg")):
        photo = _read(path)
        tall, wide = photo.shape[:2]
        # No box is given: the pack fills about the first part of the picture in the set this reads. Whoever enrols from
        # such a photograph gives it as it is.
        boxes = ((0.25 * wide, 0.1 * tall, 0.75 * wide, 0.95 * tall), (0.0, 0.0, float(wide), float(tall)))
        sku = f"{folder.name}/{path.parent.name}"
        crops += [FacingCrop(photo, box, sku, path.name, folder.name) for box in boxes]
    return crops


def read_any(folder: Path) -> list[FacingCrop]:
    """A labelled folder or a tree of product folders, whichever it is."""
    return read_facings(folder) if is_labelled(folder) else read_product_folders(folder)


def photo_groups(folder: Path, photos: Sequence[str]) -> dict[str, int]:
    """Group photographs of the same cooler, by likeness of their equalised 16x16 thumbnails (single linkage)."""
    thumbnails = []
    for name in photos:
        grey = cv2.cvtColor(_read(photo_path(folder, name)), cv2.COLOR_BGR2GRAY)
        small = cv2.equalizeHist(cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA)).astype(np.float32).ravel()
        thumbnails.append((small - small.mean()) / (np.linalg.norm(small - small.mean()) + 1e-6))
    alike = np.array(thumbnails) @ np.array(thumbnails).T > _ALIKE
    groups = np.arange(len(photos))
    for first, second in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        groups[groups == groups[second]] = groups[first]
    return dict(zip(photos, groups.tolist(), strict=True))


def hold_back(folder: Path, crops: Sequence[FacingCrop], *, share: float, seed: int) -> set[str]:
    """Names of photographs to keep from training: whole groups, about `share` of all photographs."""
    photos = sorted({crop.photo for crop in crops})
    groups = photo_groups(folder, photos)
    order = np.random.default_rng(seed).permutation(sorted(set(groups.values())))
    kept: set[str] = set()
    for group in order:
        if len(kept) >= share * len(photos):
            break
        kept.update(photo for photo in photos if groups[photo] == group)
    return kept


@dataclass(frozen=True, slots=True)
class Mixture:
    """The training set: crops, their labels (the label after the last SKU means none), and how often each is drawn."""

    crops: list[FacingCrop]
    labels: NDArray[np.int64]
    chances: NDArray[np.float64]
    skus: list[str]

    @classmethod
    def of(cls, crops: Sequence[FacingCrop], *, main: str, main_share: float = 0.7) -> Mixture:
        """Weigh SKUs by the square root of their number, and products of no SKU more.

        The source `main` gets `main_share` of the draws, the others share the rest evenly.
        """
        names = [crop.sku for crop in crops]
        skus = sorted(set(names) - {FOREIGN})
        number = {sku: index for index, sku in enumerate(skus)} | {FOREIGN: len(skus)}
        labels = np.array([number[name] for name in names])
        chances = 1 / np.sqrt(np.bincount(labels, minlength=len(skus) + 1)[labels])
        chances[labels == len(skus)] *= _FOREIGN_SHARE
        sources = np.array([crop.source for crop in crops])
        others = sorted(set(sources.tolist()) - {main})
        for source in (main, *others):
            part = sources == source
            if part.any():
                chances[part] *= (main_share if source == main else (1 - main_share) / len(others)) / chances[
                    part
                ].sum()
        return cls(list(crops), labels, chances / chances.sum(), skus)

    def batches(
        self, *, size: int, count: int, shape: CropShape, rng: np.random.Generator
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """Augmented batches: ((size, height, width, 3) uint8 BGR, (size,) labels)."""
        for _ in range(count):
            drawn = rng.choice(len(self.crops), size, p=self.chances)
            cuts = [
                distorted_cut(crop.context, crop.box, width=shape.width, height=shape.height, rng=rng)
                for crop in (self.crops[index] for index in drawn)
            ]
            done = [weathered(cut, rng, other=cuts[index - 1]) for index, cut in enumerate(cuts)]
            yield np.stack(done), self.labels[drawn]


def _read(path: Path) -> NDArray[np.uint8]:
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None:
        raise ImageError(f"{path}: no readable picture", "restore the file or take it out of the data")
    return np.asarray(photo, np.uint8)
