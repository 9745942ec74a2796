"""What a large catalogue costs: enrolling a thousand SKUs, and naming a shelf's facings among ten thousand."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.catalogue import Sku
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.enrolment import Newcomer, enrol_many, show
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.speed import FACINGS, REFERENCES, SKUS, drawn_index, drawn_shelf, median_ratio, take_turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGE = 10_000  # SKUs of the large catalogue
PICTURES = 4  # that a SKU is enrolled from
_PACK = (240, 120)  # pixels: sharper than a facing on a shelf, so that each is embedded twice, as a pack shot is


@dataclass(frozen=True, slots=True)
class CatalogueTiming:
    """What enrolling and searching took, with the model that the agent takes."""

    facings: int
    small_skus: int
    large_skus: int
    references: int  # of each SKU
    small_ms: float  # a shelf's facings from pixels to SKUs of the small catalogue, median
    large_ms: float  # the same with the large one
    large_search_ms: float  # of it, comparing with the references and deciding
    ratio: float  # large to small, in the same rounds
    large_ms_a_facing: float
    enrolled: int  # SKUs
    pictures: int  # of each
    enrol_ms_a_sku: float  # from pixels to the catalogue on disk, doubts judged; 0 when none was enrolled
    save_ms: float  # of it in all, writing the catalogue


def measure_catalogue(
    *, folder: Path = MODELS, threads: int = 2, rounds: int = 30, enrolled: int = 1000
) -> CatalogueTiming:
    """Time a large catalogue beside a small one, taking turns, and the enrolment of many SKUs as one change.

    Args:
        folder: of the manifest.
        threads: CPU threads of the model.
        rounds: turns; a further one to warm up is not counted.
        enrolled: SKUs that are enrolled; 0 leaves it out.

    Raises:
        ModelError: the model is missing or unusable.
        CatalogueError: there is no room for the catalogue in the system's temporary folder.
    """
    embedder = SkuEmbedder(find_model("sku-embedder", folder=folder), threads=threads)
    image, boxes = drawn_shelf()
    facings = embedder.embed(image, boxes)
    small, large = (drawn_index(facings.shape[1], skus=skus) for skus in (SKUS, LARGE))
    spent = take_turns(
        {
            "small": lambda: small.identify(embedder.embed(image, boxes), embedder.doubt),
            "large": lambda: large.identify(embedder.embed(image, boxes), embedder.doubt),
            "search": lambda: large.identify(facings, embedder.doubt),
        },
        rounds=rounds,
    )
    enrol_seconds, save_seconds = _enrol_drawn(embedder, enrolled) if enrolled else (0.0, 0.0)
    return CatalogueTiming(
        facings=FACINGS,
        small_skus=SKUS,
        large_skus=LARGE,
        references=REFERENCES,
        small_ms=1000 * median(spent["small"]),
        large_ms=1000 * median(spent["large"]),
        large_search_ms=1000 * median(spent["search"]),
        ratio=median_ratio(spent["large"], spent["small"]),
        large_ms_a_facing=1000 * median(spent["large"]) / FACINGS,
        enrolled=enrolled,
        pictures=PICTURES,
        enrol_ms_a_sku=1000 * enrol_seconds / max(1, enrolled),
        save_ms=1000 * save_seconds,
    )


def drawn_packs(number: int) -> list[NDArray[np.uint8]]:
    """Pictures of one drawn pack, each in other light; another number is another pack."""
    rng = np.random.default_rng(number)
    height, width = _PACK
    pack = np.full((height, width, 3), rng.integers(40, 256, 3), np.uint8)
    for _ in range(4):
        corner = (int(rng.integers(width)), int(rng.integers(height)))
        cv2.circle(pack, corner, int(rng.integers(8, 50)), rng.integers(0, 256, 3).tolist(), -1)
    cv2.putText(pack, str(number), (8, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.0, rng.integers(0, 256, 3).tolist(), 3)
    lights = rng.uniform(0.7, 1.1, PICTURES)
    return [np.asarray(np.clip(pack * light, 0, 255), np.uint8) for light in lights]


def _enrol_drawn(embedder: SkuEmbedder, count: int) -> tuple[float, float]:
    """Seconds that enrolling so many drawn SKUs took in all, and of these the writing."""
    packs = [drawn_packs(number) for number in range(count)]
    with tempfile.TemporaryDirectory(prefix="facings-bench-") as scratch:
        began = time.perf_counter()
        newcomers = [
            Newcomer(
                Sku(id=f"sku-{number}", name=f"Drawn {number}", brand="Drawn", owner="Nobody"),
                show(embedder, [(str(place), picture) for place, picture in enumerate(pictures)]),
            )
            for number, pictures in enumerate(packs)
        ]
        catalogue, _ = enrol_many(Catalogue.empty("drawn", embedder.identity), newcomers, embedder)
        judged = time.perf_counter()
        catalogue.save(Path(scratch))
        written = time.perf_counter()
    return written - began, written - judged
