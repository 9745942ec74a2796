"""What an INT8 file is calibrated with and measured on: photographs of the set the float32 file was trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from edge.contract.errors import ModelError
from edge.recognise.boxes import lay_on_canvas
from edge.recognise.catalogue import MAX_REFERENCES
from edge.recognise.crops import CropShape
from edge.recognise.detector import ProductDetector
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.identity import Identity, Index
from edge.recognise.prototypes import summarise
from models.train import embedder_data
from models.train.choose import count
from models.train.embedder import SPLIT
from models.train.measure import LOWEST_SCORE, precision_of
from models.train.photos import read_photos
from models.train.release import data_name
from models.train.run import load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognise.manifest import Model
    from models.train.photos import Photo

MOST_REFERENCES = 40  # facings of one SKU that its references are made from: more change nothing and take time
MOST_ASKED = 2000  # held-back facings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a float32 file and its INT8 form reach on the same held-back photographs."""

    measure: str
    float32: float  # 0..1
    int8: float  # 0..1
    further: dict[str, float]  # of the INT8 form, by what they are


class Trial(Protocol):
    """How one kind of model is calibrated and measured."""

    @property
    def last_too(self) -> bool:
        """Whether the last convolutions become INT8 as well."""
        ...

    def pictures(self, model: Model, *, count: int) -> Iterator[NDArray[np.uint8]]:
        """Feeds to calibrate with, of pictures that were trained on."""
        ...

    def compare(self, plain: Model, small: Model) -> Outcome:
        """Measure both on pictures that were held back."""
        ...


@dataclass(frozen=True, slots=True)
class DetectorTrial:
    """Whole photographs."""

    trained: list[Photo]
    held: list[Photo]
    threads: int = 2
    name: str = "cooler/train"  # of the photographs
    last_too: bool = False  # scores and edges come right out of them

    @classmethod
    def of(cls, data: Path, run: Path, *, corrections: Path | None, threads: int) -> DetectorTrial:
        """Split the photographs of `data` as the run did.

        Raises:
            ModelError: there is no such run, or it held nothing of `data` back.
        """
        _require(run / "best.pt")
        held = set(load_checkpoint(run / "best.pt")["held"])
        photos = read_photos(data, corrections=corrections)
        kept = [photo for photo in photos if photo.name in held]
        if not kept:
            raise ModelError(f"{run}: held back no photograph of {data}", "give the folder it was trained on")
        return cls([photo for photo in photos if photo.name not in held], kept, threads, data_name(data))

    def pictures(self, model: Model, *, count: int) -> Iterator[NDArray[np.uint8]]:
        """Canvases (1, h, w, 3), spread over the photographs."""
        side, multiple = model.entry.input.width, model.entry.input.multiple or 1
        for photo in _spread(self.trained, count):
            yield lay_on_canvas(photo.image, side=side, multiple=multiple)[0][None]

    def compare(self, plain: Model, small: Model) -> Outcome:
        """AP50, and the counting error at the shipped threshold."""
        ap50, errors = [], []
        for model in (plain, small):
            detector = ProductDetector(model, threads=self.threads)
            found = {n: detector.detect(photo.image, min_score=LOWEST_SCORE) for n, photo in enumerate(self.held, 1)}
            ap50.append(precision_of(self.held, found).ap50)
            errors.append(count(self.held, found, score=detector.shipped_score).error)
        measure = f"AP50, {len(self.held)} held-back photographs of {self.name}"
        further = {"counting error, the same photographs": errors[1], "counting error of float32": errors[0]}
        return Outcome(measure, ap50[0], ap50[1], further)


@dataclass(frozen=True, slots=True)
class EmbedderTrial:
    """Labelled facings."""

    trained: list[embedder_data.FacingCrop]
    held: list[embedder_data.FacingCrop]
    threads: int = 2
    name: str = "cooler/train"  # of the photographs
    last_too: bool = True  # many values are pooled and summed after it: its errors even out

    @classmethod
    def of(cls, data: Path, run: Path, *, threads: int) -> EmbedderTrial:
        """Split the facings of `data` as the run did; foreign products are no SKU to be right about.

        Raises:
            ModelError: there is no such run, or it held nothing of `data` back.
        """
        _require(run / SPLIT)
        held = set(json.loads((run / SPLIT).read_text(encoding="utf-8"))["held_back"])
        crops = [crop for crop in embedder_data.read_facings(data) if crop.sku != embedder_data.FOREIGN]
        kept = [crop for crop in crops if crop.photo in held]
        if not kept:
            raise ModelError(f"{run}: held back no photograph of {data}", "give the folder it was trained on")
        return cls([crop for crop in crops if crop.photo not in held], kept, threads, data_name(data))

    def pictures(self, model: Model, *, count: int) -> Iterator[NDArray[np.uint8]]:
        """Crops (8, height, width, 3), spread over the facings."""
        crops = _cut(_spread(self.trained, 8 * count), model)
        for start in range(0, len(crops), 8):
            yield crops[start : start + 8]

    def compare(self, plain: Model, small: Model) -> Outcome:
        """Top-1 in a catalogue that the float32 file made: what a device that changes over would have."""
        first, second = (SkuEmbedder(model, threads=self.threads) for model in (plain, small))
        known, asked = self._references(), _spread(self.held, MOST_ASKED)
        index = _index(known, first.embed_crops(_cut(known, plain)))
        crops = _cut(asked, plain)
        by_plain, by_small = first.embed_crops(crops), second.embed_crops(crops)
        said = [index.identify(embeddings, first.doubt) for embeddings in (by_plain, by_small)]
        agreement = (by_plain * by_small).sum(1)
        names = ("right SKU among `recognised`", "`recognised` among all")
        further = {
            **{f"{name}, float32": value for name, value in zip(names, _surely(said[0], asked), strict=True)},
            **{f"{name}, int8": value for name, value in zip(names, _surely(said[1], asked), strict=True)},
            "cosine of the two embeddings of one facing, median": float(np.median(agreement)),
            "cosine of the two embeddings of one facing, least of 100": float(np.percentile(agreement, 1)),
        }
        measure = f"SKU top-1, {len(asked)} held-back facings of {self.name}, catalogue made by float32"
        return Outcome(measure, _top1(said[0], asked), _top1(said[1], asked), further)

    def _references(self) -> list[embedder_data.FacingCrop]:
        by_sku: dict[str, list[embedder_data.FacingCrop]] = {}
        for crop in self.trained:
            by_sku.setdefault(crop.sku, []).append(crop)
        return [crop for sku in sorted(by_sku) for crop in _spread(by_sku[sku], MOST_REFERENCES)]


def _index(crops: Sequence[embedder_data.FacingCrop], embeddings: NDArray[np.float32]) -> Index:
    """References of the SKUs of facings that stand side by side by SKU."""
    names = np.array([crop.sku for crop in crops], dtype=np.str_)
    skus = tuple(dict.fromkeys(names.tolist()))
    groups = [summarise(embeddings[names == sku], MAX_REFERENCES) for sku in skus]
    first = np.cumsum([0, *(len(group) for group in groups[:-1])]).astype(np.int64)
    return Index(skus, np.concatenate(groups), first)


def _cut(crops: Sequence[embedder_data.FacingCrop], model: Model) -> NDArray[np.uint8]:
    size = model.entry.input
    shape = CropShape(size.width, size.height, model.threshold("crop_margin"))
    return np.stack([crop.plain(shape) for crop in crops])


def _top1(said: Sequence[Identity], asked: Sequence[embedder_data.FacingCrop]) -> float:
    return float(np.mean([one.sku == crop.sku for one, crop in zip(said, asked, strict=True)]))


def _surely(said: Sequence[Identity], asked: Sequence[embedder_data.FacingCrop]) -> tuple[float, float]:
    """Right SKUs among those marked `recognised`, and the share of these."""
    sure = [one.sku == crop.sku for one, crop in zip(said, asked, strict=True) if one.status == "recognised"]
    return (float(np.mean(sure)) if sure else 1.0), len(sure) / len(said)


def _spread(items: Sequence[T], most: int) -> list[T]:
    """At most so many, evenly spread over all."""
    if len(items) <= most:
        return list(items)
    return [items[int(place)] for place in np.linspace(0, len(items) - 1, most)]


def _require(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: no such file", "name the folder of the run that the float32 file came from")
