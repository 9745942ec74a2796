"""One frame, read: detector -> shelves and positions -> recogniser -> facings, gaps, KPIs and deviations."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.planogram import read_planogram
from edge.recognise.catalogue import Catalogue
from edge.recognise.detector import Detections, ProductDetector
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.recogniser import SkuRecogniser
from edge.shelf.alignment import align_planogram
from edge.shelf.deviations import find_deviations
from edge.shelf.evidence import gather_evidence
from edge.shelf.facing import Facing, Slot
from edge.shelf.gaps import find_gaps
from edge.shelf.kpis import compute_kpis
from edge.shelf.region import inside_region
from edge.shelf.rows import find_shelves, nearest_places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.contract.config import FixtureSection
    from edge.contract.planogram import Planogram
    from edge.shelf.deviations import Deviation
    from edge.shelf.evidence import Evidence
    from edge.shelf.facing import Gap
    from edge.shelf.kpis import ShelfKpis
    from edge.shelf.rows import Shelves


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a fixture before looking at it."""

    catalogue: str | None = None  # name and version
    planogram: str | None = None
    owner_of: Mapping[str, str] | None = None  # SKU -> owner
    own: frozenset[str] = frozenset()
    slots: tuple[Slot, ...] = ()
    must_stock: tuple[str, ...] | None = None
    region: tuple[tuple[float, float], ...] = ()  # corners as shares of width and height; empty: the whole frame

    @property
    def planned(self) -> dict[str, int]:
        """Planned facings by SKU."""
        facings: dict[str, int] = {}
        for slot in self.slots:
            facings[slot.sku] = facings.get(slot.sku, 0) + slot.facings
        return facings


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was read from one frame. Boxes are pixels of the frame."""

    width: int
    height: int
    facings: tuple[Facing, ...]  # by shelf and position
    gaps: tuple[Gap, ...]
    deviations: tuple[Deviation, ...]
    kpis: ShelfKpis
    evidence: Evidence | None  # of planned SKUs; None without a plan
    timings_ms: Mapping[str, float]
    others: tuple[Facing, ...] = ()  # found, but no facings: where a lower score was asked for; in no KPI

    @property
    def unit_boxes(self) -> NDArray[np.float32]:
        """(n, 4) boxes of the facings as shares of the frame's width and height."""
        size = np.array([self.width, self.height] * 2, np.float32)
        boxes = np.array([facing.box for facing in self.facings], np.float32).reshape(-1, 4)
        shares: NDArray[np.float32] = np.clip(boxes / size, 0, 1)
        return shares


class Analyser:
    """The models and the plan of one fixture. Not for several threads at once.

    Args:
        detector: finds products.
        recogniser: names them; None leaves every SKU open.
        plan: of the fixture.
    """

    def __init__(self, detector: ProductDetector, recogniser: SkuRecogniser | None, plan: Plan | None = None) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self.plan = plan or Plan()

    def analyse(
        self,
        image: NDArray[np.uint8],
        *,
        min_score: float | None = None,
        ever_seen: Collection[str] | None = None,
        day: date | None = None,
    ) -> Analysis:
        """Read one frame.

        Args:
            image: (height, width, 3) BGR.
            min_score: lowest detection score; None for the shipped threshold. With one below it, what is found besides
                the facings is told too: what is less sure, which may not decide what stands in the front row, and what
                stands behind or on another unit; each at the place of the nearest facing.
            ever_seen: planned SKUs seen before; one that never was is void rather than missing. None: all.
            day: the picture's business day, for pack designs that are dated; None: every design counts.

        Raises:
            ModelError: a model gave values that make no sense.
        """
        timings: dict[str, float] = {}
        with _timed(timings, "detect"):
            found = self._within_region(image, self.detector.detect(image, min_score=min_score))
            # Best first: what is sure, then what is not.
            split = int((found.scores >= self.detector.shipped_score).sum())
            sure, unsure = (Detections(found.boxes[part], found.scores[part]) for part in np.s_[:split, split:])
        with _timed(timings, "shelves"):
            boxes = sure.boxes.astype(np.float64)
            shelves = find_shelves(boxes, sure.scores.astype(np.float64))
            order = shelves.front_row
        with _timed(timings, "recognise"):
            facings = self._facings(image, sure, shelves.shelf, shelves.position, order, day=day)
            all_asked = min_score is not None and min_score < self.detector.shipped_score
            others = self._others(image, sure, unsure, shelves, day=day) if all_asked else ()
        with _timed(timings, "shelf"):
            height, width = image.shape[:2]
            gaps = tuple(find_gaps(facings))
            alignment = align_planogram(self.plan.slots, facings, gaps) if self.plan.slots else None
            if alignment is not None:
                facings, gaps = alignment.facings, alignment.gaps
            kpis = compute_kpis(
                facings,
                gaps,
                owner_of=self.plan.owner_of or {},
                own=self.plan.own,
                alignment=alignment,
                must_stock=self.plan.must_stock,
            )
            known = set(self.plan.planned) if ever_seen is None else set(ever_seen)
            deviations = (
                ()
                if alignment is None
                else find_deviations(alignment, ever_seen=known, owner_of=self.plan.owner_of or {}, own=self.plan.own)
            )
            evidence = None if alignment is None else gather_evidence(alignment)
        return Analysis(width, height, tuple(facings), tuple(gaps), tuple(deviations), kpis, evidence, timings, others)

    def _within_region(self, image: NDArray[np.uint8], found: Detections) -> Detections:
        if not self.plan.region:
            return found
        height, width = image.shape[:2]
        inside = inside_region(found.boxes.astype(np.float64), np.array(self.plan.region) * (width, height))
        return Detections(found.boxes[inside], found.scores[inside])

    def _others(
        self, image: NDArray[np.uint8], sure: Detections, unsure: Detections, shelves: Shelves, *, day: date | None
    ) -> tuple[Facing, ...]:
        """What was found besides the facings."""
        behind = ~shelves.front
        found = Detections(
            np.concatenate([sure.boxes[behind], unsure.boxes]), np.concatenate([sure.scores[behind], unsure.scores])
        )
        boxes = found.boxes.astype(np.float64)
        if len(sure.boxes) and len(boxes):
            shelf, position = nearest_places(sure.boxes.astype(np.float64), shelves, boxes)
        else:
            alone = find_shelves(boxes, found.scores.astype(np.float64))
            shelf, position = alone.shelf, alone.position
        return self._facings(image, found, shelf, position, np.arange(len(boxes)), day=day)

    def _facings(
        self,
        image: NDArray[np.uint8],
        found: Detections,
        shelf: NDArray[np.intp],
        position: NDArray[np.intp],
        order: NDArray[np.intp],
        *,
        day: date | None,
    ) -> tuple[Facing, ...]:
        """Units in the order given, named where a recogniser is there."""
        names = None
        if self.recogniser and len(order):
            alone = self.recogniser.recognise(image, found.boxes[order], day=day)
            names = self.recogniser.lift(alone, shelf[order].tolist(), position[order].tolist())
        facings = []
        for place, index in enumerate(order):
            name = names[place] if names else None
            x1, y1, x2, y2 = (float(value) for value in found.boxes[index])
            facings.append(
                Facing(
                    box=(x1, y1, x2, y2),
                    score=float(found.scores[index]),
                    shelf=int(shelf[index]),
                    position=int(position[index]),
                    sku=name.sku if name and name.status != "unknown" else None,
                    sku_score=name.score if name else None,
                    status=name.status if name else "unknown",
                )
            )
        return tuple(facings)


def load_analyser(
    fixture: FixtureSection | None,
    *,
    catalogue: Path | None = None,
    planogram: Path | None = None,
    models: Path = MODELS,
    threads: int = 2,
) -> Analyser:
    """Load models and plan, of a configured fixture or of what a command names.

    Raises:
        FacingsError: a model, catalogue or planogram that cannot be used.
    """
    if fixture is not None:
        catalogue, planogram = fixture.catalogue, fixture.planogram
    detector = ProductDetector(find_model("product-detector", folder=models), threads=threads)
    recogniser = None
    known = None
    if catalogue is not None:
        embedder = SkuEmbedder(find_model("sku-embedder", folder=models), threads=threads)
        known = Catalogue.load(catalogue, embedder.identity)
        recogniser = SkuRecogniser(embedder, known)
    planned = None if planogram is None else read_planogram(planogram)
    owners = {sku.id: sku.owner for sku in known.skus.values()} if known else {}
    plan = Plan(
        catalogue=f"{known.name} {known.version}" if known else None,
        planogram=planned.id if planned else None,
        owner_of=owners,
        own=frozenset(fixture.own) if fixture else _likely_own(owners, planned),
        slots=tuple(Slot(slot.shelf, slot.position, slot.sku, slot.facings, slot.width_mm) for slot in planned.slots)
        if planned
        else (),
        must_stock=fixture.must_stock or None if fixture else None,
        region=fixture.region if fixture else (),
    )
    return Analyser(detector, recogniser, plan)


def _likely_own(owners: Mapping[str, str], planned: Planogram | None) -> frozenset[str]:
    """Who is own where no contract says it: the owners of what is planned; without a plan everybody."""
    if planned is None:
        return frozenset(owners.values())
    return frozenset(owners[slot.sku] for slot in planned.slots if slot.sku in owners)


@contextmanager
def _timed(timings: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[step] = round((time.perf_counter() - began) * 1000, 2)
