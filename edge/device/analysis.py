"""One frame, read: detector -> shelves and positions -> recogniser -> facings, gaps, KPIs and deviations."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.planogram_index import check_days, read_planograms
from edge.device.plan import Plan, Plans
from edge.recognise.catalogue import Catalogue
from edge.recognise.detector import Detections, ProductDetector
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.people import PeopleDetector
from edge.recognise.recogniser import SkuRecogniser
from edge.shelf.facing import Facing
from edge.shelf.reading import EVERYTHING, Outlook, read_shelf
from edge.shelf.region import inside_region
from edge.shelf.rows import find_shelves, nearest_places

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.contract.config import FixtureSection
    from edge.shelf.deviations import Deviation
    from edge.shelf.facing import Gap
    from edge.shelf.kpis import ShelfKpis
    from edge.shelf.reading import Reading
    from edge.shelf.rows import Shelves


DOUBT = 0.85
"""What is detected with this share of the shipped threshold is no facing, but its place is not known to be empty."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was read from one frame. Boxes are pixels of the frame."""

    width: int
    height: int
    reading: Reading
    timings_ms: Mapping[str, float]
    others: tuple[Facing, ...] = ()  # found, but no facings: where a lower score was asked for; in no KPI
    faint: Detections | None = None  # too faint for a facing, for the vote over captures: where they were asked for
    outlook: Outlook = EVERYTHING

    @property
    def facings(self) -> tuple[Facing, ...]:
        """Front-row units, by shelf and position."""
        return self.reading.facings

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Empty places."""
        return self.reading.gaps

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """What differs from the plan."""
        return self.reading.deviations

    @property
    def kpis(self) -> ShelfKpis:
        """The KPIs of this frame."""
        return self.reading.kpis

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
        plans: of the fixture.
        day: the business day whose plan holds until a frame of another day comes.
    """

    def __init__(
        self, detector: ProductDetector, recogniser: SkuRecogniser | None, plans: Plans | None = None, *, day: date
    ) -> None:
        self.detector = detector
        self.recogniser = recogniser
        self._plans = plans or Plans(Plan())
        self._day = day
        self.plan = self._plans.on(day)

    def turn_to(self, day: date) -> Plan:
        """Let the plan of a business day hold; from the next frame on it is compared with that one."""
        if day != self._day:
            self.plan, self._day = self._plans.on(day), day
        return self.plan

    def analyse(
        self,
        image: NDArray[np.uint8],
        *,
        min_score: float | None = None,
        faint: float | None = None,
        ever_seen: Collection[str] | None = None,
        day: date | None = None,
    ) -> Analysis:
        """Read one frame.

        Args:
            image: (height, width, 3) BGR.
            min_score: lowest detection score; None for the shipped threshold. With one below it, what is found besides
                the facings is told too: what is less sure, which may not decide what stands in the front row, and what
                stands behind or on another unit; each at the place of the nearest facing.
            faint: without `min_score`, the lowest detection score of what is told as `faint`, unnamed and unplaced.
            ever_seen: planned SKUs seen before; one that never was is void rather than missing. None: all.
            day: the picture's business day, for its planogram and for pack designs that are dated; None: the plan that
                holds stays in force, and every design counts.

        Raises:
            ModelError: a model gave values that make no sense.
        """
        timings: dict[str, float] = {}
        if day is not None:
            self.turn_to(day)
        with _timed(timings, "detect"):
            shipped = self.detector.shipped_score
            lowest = min_score if min_score is not None else min(shipped if faint is None else faint, shipped)
            found = self.detector.detect(image, min_score=min(lowest, DOUBT * shipped))
            found = self._within_region(image, found)
            # Best first: what is sure, then what is not and was asked for, then what only leaves a doubt.
            split, end = (int((found.scores >= score).sum()) for score in (max(shipped, lowest), lowest))
            sure, unsure = (Detections(found.boxes[part], found.scores[part]) for part in np.s_[:split, split:end])
            doubtful = found.boxes[split : int((found.scores >= DOUBT * shipped).sum())].astype(np.float64)
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
            region = np.array(self.plan.region) * (width, height) if self.plan.region else None
            outlook = Outlook((width, height), region, doubtful=tuple((a, b, c, d) for a, b, c, d in doubtful.tolist()))
            reading = self.read(facings, outlook, ever_seen=ever_seen)
        asked = unsure if faint is not None and min_score is None else None
        return Analysis(width, height, reading, timings, others, asked, outlook)

    def read(self, facings: Sequence[Facing], outlook: Outlook, *, ever_seen: Collection[str] | None = None) -> Reading:
        """What front-row facings, boxes in pixels, say in the light of the plan."""
        return read_shelf(
            facings,
            slots=self.plan.slots,
            owner_of=self.plan.owner_of or {},
            own=self.plan.own,
            must_stock=self.plan.must_stock,
            ever_seen=frozenset(self.plan.planned if ever_seen is None else ever_seen),
            outlook=outlook,
        )

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


class LoadedModels:
    """The models of a folder, each loaded once: fixtures share them, since their frames are read one after the other.

    Args:
        folder: of the manifest.
        threads: of one inference.
    """

    def __init__(self, folder: Path = MODELS, threads: int = 2) -> None:
        self.folder = folder
        self.threads = threads

    @cached_property
    def detector(self) -> ProductDetector:
        """The product detector."""
        return ProductDetector(find_model("product-detector", folder=self.folder), threads=self.threads)

    @cached_property
    def embedder(self) -> SkuEmbedder:
        """The SKU embedder."""
        return SkuEmbedder(find_model("sku-embedder", folder=self.folder), threads=self.threads)

    @cached_property
    def people(self) -> PeopleDetector:
        """The people detector, for those who stand before a fixture."""
        return PeopleDetector(find_model("people-detector", folder=self.folder), threads=self.threads)


def load_analyser(
    fixture: FixtureSection | None,
    *,
    catalogue: Path | None = None,
    planogram: Path | None = None,
    models: Path = MODELS,
    threads: int = 2,
    loaded: LoadedModels | None = None,
) -> Analyser:
    """Load models and plans, of a configured fixture or of what a command names. At first today's plan holds.

    Args:
        fixture: as configured; None for what the next two name.
        catalogue: the folder that names what is found.
        planogram: what is planned.
        models: the folder of models.
        threads: of one inference.
        loaded: models to share, in place of the two before.

    Raises:
        FacingsError: a model, catalogue or planogram that cannot be used; two planograms for one fixture and day.
    """
    model = channel = None
    if fixture is not None:
        catalogue, planogram = fixture.catalogue, fixture.planogram
        model, channel = fixture.cooler_model, fixture.channel
    loaded = loaded or LoadedModels(models, threads)
    recogniser = None
    known = None
    if catalogue is not None:
        known = Catalogue.load(catalogue, loaded.embedder.identity)
        recogniser = SkuRecogniser(loaded.embedder, known)
    planograms = () if planogram is None else read_planograms(planogram)
    check_days(planograms, model, channel)
    lasting = Plan(
        catalogue=f"{known.name} {known.version}" if known else None,
        owner_of={sku.id: sku.owner for sku in known.skus.values()} if known else {},
        own=frozenset(fixture.own) if fixture else frozenset(),
        must_stock=fixture.must_stock or None if fixture else None,
        region=fixture.region if fixture else (),
    )
    plans = Plans(lasting, planograms, model, channel, own_known=fixture is not None)
    return Analyser(loaded.detector, recogniser, plans, day=datetime.now().astimezone().date())


@contextmanager
def _timed(timings: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    timings[step] = round((time.perf_counter() - began) * 1000, 2)
