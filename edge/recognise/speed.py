"""How fast recognition is on this device: a drawn shelf, and each kind of model beside its other precision."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

from edge.recognise.cells import INPUT
from edge.recognise.detector import ProductDetector
from edge.recognise.embedder import CROPS, SkuEmbedder
from edge.recognise.identity import Index
from edge.recognise.macs import count_macs
from edge.recognise.manifest import MODELS, find_model, load_manifest
from edge.recognise.session import trace_operations

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.recognise.manifest import Kind, Model, Precision

SIDE = 640
SHELVES, ACROSS = 5, 7
FACINGS = SHELVES * ACROSS
SKUS, REFERENCES = 200, 4  # of the catalogue that is searched
DETECTOR, RECOGNISER, BOTH = "detector", "recogniser", "both"
KINDS: dict[str, Kind] = {DETECTOR: "product-detector", RECOGNISER: "sku-embedder"}

Task = TypeVar("Task", bound="Hashable")


@dataclass(frozen=True, slots=True)
class Timing:
    """What one model, or both together, took."""

    what: str  # "detector", "recogniser", "both"
    precision: Precision
    version: str
    default: bool  # the agent takes this one
    median_ms: float
    ratio: float  # to float32 in the same rounds; 1 for float32 itself
    gmacs: float
    megabytes: float  # of the files


def measure_speed(*, folder: Path = MODELS, threads: int = 2, rounds: int = 30) -> list[Timing]:
    """Time detector, recogniser and both on a drawn shelf of 640 x 640 pixels with 35 facings, every precision.

    The variants take turns, so that whatever else the device does slows all of them alike: the ratios hold on a busy
    machine, the milliseconds on an idle one.

    Args:
        folder: of the manifest.
        threads: CPU threads.
        rounds: turns; a further one to warm up is not counted.

    Raises:
        ModelError: a model is missing or unusable.
    """
    image, boxes = drawn_shelf()
    models = {
        (what, precision): model
        for what, kind in KINDS.items()
        for precision, model in variants(kind, folder=folder).items()
    }
    tasks: dict[tuple[str, Precision], Callable[[], object]] = {
        (what, precision): detection(model, image, threads=threads)
        if what == DETECTOR
        else recognition(model, image, boxes, threads=threads)
        for (what, precision), model in models.items()
    }
    spent = take_turns(tasks, rounds=rounds)
    counts = {DETECTOR: 1, RECOGNISER: FACINGS}
    timings = [
        Timing(
            what,
            precision,
            model.entry.full_version,
            find_model(KINDS[what], folder=folder).entry.precision == precision,
            1000 * median(spent[what, precision]),
            median_ratio(spent[what, precision], spent[what, "float32"]),
            gmacs_of(models[what, "float32"], pictures=counts[what]),
            model.path.stat().st_size / 1e6,
        )
        for (what, precision), model in models.items()
    ]
    return [*timings, *_together(timings, spent)]


def _together(timings: list[Timing], spent: Mapping[tuple[str, Precision], list[float]]) -> list[Timing]:
    """A frame from pixels to SKUs: detector and recogniser of one precision."""
    rows = []
    base = [sum(pair) for pair in zip(spent[DETECTOR, "float32"], spent[RECOGNISER, "float32"], strict=True)]
    for first in (timing for timing in timings if timing.what == DETECTOR):
        second = next((t for t in timings if t.what == RECOGNISER and t.precision == first.precision), None)
        if second is None:
            continue
        parts = (spent[DETECTOR, first.precision], spent[RECOGNISER, first.precision])
        took = [sum(pair) for pair in zip(*parts, strict=True)]
        rows.append(
            Timing(
                BOTH,
                first.precision,
                f"{first.version} {second.version}",
                first.default and second.default,
                1000 * median(took),
                median_ratio(took, base),
                first.gmacs + second.gmacs,
                first.megabytes + second.megabytes,
            )
        )
    return rows


def take_turns(tasks: Mapping[Task, Callable[[], object]], *, rounds: int) -> dict[Task, list[float]]:
    """Seconds each task took in each of `rounds` rounds, after one round to warm up."""
    spent: dict[Task, list[float]] = {task: [] for task in tasks}
    for number in range(rounds + 1):
        for task, run in tasks.items():
            began = time.perf_counter()
            run()
            if number:
                spent[task].append(time.perf_counter() - began)
    return spent


def median_ratio(took: Sequence[float], base: Sequence[float]) -> float:
    """The median of what each round took to what the other took in the same round."""
    return median(one / other for one, other in zip(took, base, strict=True))


def drawn_shelf() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture (640, 640, 3) of 35 drawn packs and their boxes (35, 4): time does not depend on what is seen."""
    image = np.full((SIDE, SIDE, 3), 70, dtype=np.uint8)
    rng = np.random.default_rng(0)
    boxes = []
    for shelf in range(SHELVES):
        for place in range(ACROSS):
            x, y = 10 + place * 90, 8 + shelf * 126
            cv2.rectangle(image, (x, y), (x + 78, y + 112), rng.integers(60, 256, 3).tolist(), -1)
            cv2.circle(image, (x + 39, y + 50), 25, rng.integers(60, 256, 3).tolist(), -1)
            boxes.append((x, y, x + 78, y + 112))
    return image, np.array(boxes, dtype=np.float32)


def variants(kind: Kind, *, folder: Path = MODELS) -> dict[Precision, Model]:
    """The precisions of the first model of a kind, float32 first.

    Raises:
        ModelError: there is none of float32.
    """
    plain = find_model(kind, folder=folder, precision="float32")
    rest = [
        entry.precision
        for entry in load_manifest(folder).models
        if entry.name == plain.entry.name and entry.family == plain.entry.family and entry.precision != "float32"
    ]
    return {
        "float32": plain,
        **{p: find_model(kind, folder=folder, name=plain.entry.name, precision=p) for p in rest},
    }


def gmacs_of(model: Model, *, pictures: int = 1) -> float:
    """Billions of multiplications with accumulation for so many pictures of the input's full size."""
    entry = model.entry
    name = INPUT if entry.kind == "product-detector" else CROPS
    feed = np.zeros((1, entry.input.height, entry.input.width, 3), dtype=np.uint8)
    return pictures * count_macs(trace_operations(model, {name: feed})) / 1e9


def detection(model: Model, image: NDArray[np.uint8], *, threads: int) -> Callable[[], object]:
    """Finding the products of a picture, from its pixels to boxes."""
    detector = ProductDetector(model, threads=threads)
    return lambda: detector.detect(image)


def recognition(
    model: Model, image: NDArray[np.uint8], boxes: NDArray[np.float32], *, threads: int
) -> Callable[[], object]:
    """Naming the facings of a picture, from its pixels to SKUs, in a catalogue of 200 SKUs of 4 references each."""
    embedder = SkuEmbedder(model, threads=threads)
    index = drawn_index(embedder.embed(image, boxes[:1]).shape[1], skus=SKUS)
    return lambda: index.identify(embedder.embed(image, boxes), embedder.doubt)


def drawn_index(width: int, *, skus: int) -> Index:
    """An index of so many SKUs of 4 references each, of `width` values: time does not depend on what they are."""
    references = np.random.default_rng(0).standard_normal((skus * REFERENCES, width), dtype=np.float32)
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    names = tuple(f"sku-{number}" for number in range(skus))
    return Index(names, references, np.arange(0, len(references), REFERENCES, dtype=np.int64))
