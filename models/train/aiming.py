"""`python -m models.train.aiming`: how often each finding about an aimed camera's view is right, as JSON lines.

Good views are rendered, and photographs where a labelled folder of them is given; each is shown once as it is and
once with every fault at every strength. What is found on a good view is a false alarm. Thresholds were chosen on the
rendered seed 501, photographs of `cooler/train` and the first 20 good ones of `cooler/valid`: report on others.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import numpy as np
import typer

from edge.aim.diagnosis import diagnose
from edge.aim.look import look
from edge.contract.config import CameraSection, FixtureSection, FolderSource
from edge.device.analysis import Analyser, LoadedModels
from edge.device.plan import Plan, Plans
from edge.recognise.catalogue import Catalogue
from edge.recognise.datasets import UNTOLD, read_dataset
from edge.recognise.recogniser import SkuRecogniser
from edge.shelf.facing import Slot
from edge.shelf.rows import find_shelves
from models.scenes.aimed import Case, Good, aimed, good_view, photographed_cases, pictured_cases, rendered_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edge.aim.findings import Finding
    from edge.aim.view import AimedView
    from edge.recognise.datasets import LabelledPhoto
    from models.scenes.faults import Watch

SEED, WATCHES = 1301, 16
DAY = date(2026, 1, 1)
COMPANIONS = {
    "people": {"people", "blocked"},
    "blocked": {"blocked", "people"},
    "blank": {"blank", "dark"},
    "no_products": {"no_products", "blank"},
    "cut_top": {"cut_top", "shelves_unseen"},
    "cut_bottom": {"cut_bottom", "shelves_unseen"},
}
"""What else names the same thing to the technician: a rendered shopper may be told as something in front, and a
cut between two shelves as shelves not seen."""

MOST_MARGIN = 0.015
LEAST_UNITS, LEAST_WIDTH = 8, 16.0
MOST_SHARED = 0.1
"""Of its SKUs that a planogram may share with a photograph to be another fixture's."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one frame of which the truth is known."""

    fault: str
    strength: str
    findings: tuple[Finding, ...]
    off: float | None = None  # of a turned one: degrees by which the tilt was wrong
    seconds: float = 0.0

    @property
    def failed(self) -> list[str]:
        """Codes that failed, the first to mend first."""
        return [finding.code for finding in self.findings if finding.passed is False]


class Onlooker:
    """Looks at cases as the aiming page does.

    Args:
        models: to look with.
        catalogue: of the photographs' SKUs; None names nothing.
    """

    def __init__(self, models: LoadedModels, catalogue: Path | None) -> None:
        self._models = models
        self._camera = CameraSection(id="camera", fixture="fixture", source=FolderSource(kind="folder", path="."))
        self._fixture = FixtureSection(id="fixture")
        self._recogniser = None
        if catalogue is not None:
            known = Catalogue.load(catalogue, models.embedder.identity)
            self._recogniser = SkuRecogniser(models.embedder, known)

    def look(self, case: Case, slots: Sequence[Slot], *, named: bool = False) -> tuple[AimedView, float]:
        """The view of a case, and the seconds it took."""
        above = max((slot.shelf for slot in slots), default=0)
        more = [Slot(above + number, 1, f"none-{number}", 1) for number in range(1, case.more_shelves + 1)]
        plan = Plan(slots=(*slots, *more))
        analyser = Analyser(self._models.detector, self._recogniser if named else None, Plans(plan), day=DAY)
        picture = np.ascontiguousarray(case.picture)
        began = time.perf_counter()
        view = look(
            picture, at=0.0, camera=self._camera, fixture=self._fixture, analyser=analyser, people=self._models.people
        )
        return view, time.perf_counter() - began

    def tell(self, cases: Iterator[Case], slots: Sequence[Slot], tilt: float | None) -> Iterator[Told]:
        """What is said of each.

        Args:
            cases: of one good view.
            slots: its planogram.
            tilt: that was found in the good view, degrees.
        """
        for case in cases:
            view, seconds = self.look(case, slots)
            off = None
            if case.turned is not None:
                off = 90.0 if view.tilt is None or tilt is None else abs(view.tilt - tilt - case.turned)
            yield Told(case.fault, case.strength, diagnose(view), off, seconds)


def rendered(onlooker: Onlooker, one: Watch) -> Iterator[Told]:
    """All that is shown of one rendered fixture."""
    good = good_view(one)
    slots = tuple(Slot(column.shelf, column.slot, f"{column.expected.seed}", 1) for column in one.scene.columns)
    view, seconds = onlooker.look(Case("good", "", good.picture), slots)
    yield Told("good", f"{one.seed}", diagnose(view), seconds=seconds)
    again = look_again(onlooker, view, good)
    yield Told("frozen", "the same frame", diagnose(again))
    yield from onlooker.tell(rendered_cases(one), slots, view.tilt)
    yield from onlooker.tell(pictured_cases(good, one.seed), slots, view.tilt)


def look_again(onlooker: Onlooker, view: AimedView, good: Good) -> AimedView:
    """The same frame of a hung camera a minute later."""
    return look(
        good.picture,
        at=60.0,
        camera=onlooker._camera,  # noqa: SLF001 - of one module
        fixture=onlooker._fixture,  # noqa: SLF001 - the same
        analyser=Analyser(onlooker._models.detector, None, day=DAY),  # noqa: SLF001 - the same
        people=None,
        before=view,
    )


def photographed(onlooker: Onlooker, photo: LabelledPhoto, others: Sequence[LabelledPhoto]) -> Iterator[Told]:
    """All that is shown of one photograph."""
    good = good_photo(photo)
    slots = slots_of(photo)
    view, seconds = onlooker.look(Case("good", photo.path.name, good.picture), slots, named=True)
    yield Told("good", photo.path.name, diagnose(view), seconds=seconds)
    seed = zlib.crc32(photo.path.name.encode())
    yield from onlooker.tell(photographed_cases(good, seed), slots, view.tilt)
    yield from onlooker.tell(pictured_cases(good, seed), slots, view.tilt)
    here = set(photo.skus)
    for other in others:
        planned = {slot.sku for slot in slots_of(other)}
        if len(planned) >= 4 and len(planned & here) <= MOST_SHARED * len(planned):
            view, seconds = onlooker.look(Case("wrong_fixture", "", good.picture), slots_of(other), named=True)
            yield Told("wrong_fixture", "another one's planogram", diagnose(view), seconds=seconds)
            break


def is_good(photo: LabelledPhoto) -> bool:
    """Whether all units lie within the picture, are many and wide enough: a photograph as of a well aimed camera."""
    boxes = photo.boxes[~photo.crowd]
    if len(boxes) < LEAST_UNITS or np.median(boxes[:, 2] - boxes[:, 0]) < LEAST_WIDTH:
        return False
    picture = cv2.imread(str(photo.path))
    if picture is None:
        return False
    size = np.array([picture.shape[1], picture.shape[0]])
    least, most = boxes[:, :2].min(axis=0) / size, boxes[:, 2:].max(axis=0) / size
    return bool((least >= MOST_MARGIN).all() and (most <= 1 - MOST_MARGIN).all())


def good_photo(photo: LabelledPhoto) -> Good:
    """A photograph, and where its goods stand."""
    boxes = photo.boxes[~photo.crowd].astype(np.float64)
    picture = np.asarray(cv2.imread(str(photo.path)), np.uint8)
    goods = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    shelves = find_shelves(boxes, np.ones(len(boxes)))
    top = float(np.median(boxes[shelves.shelf == shelves.count, 3]))
    return Good(picture, goods, top, float(np.median(boxes[:, 2] - boxes[:, 0])))


def slots_of(photo: LabelledPhoto) -> tuple[Slot, ...]:
    """A planogram of which a photograph is the fulfilment."""
    kept = ~photo.crowd
    boxes = photo.boxes[kept].astype(np.float64)
    shelves = find_shelves(boxes, np.ones(len(boxes)))
    skus = [sku for sku, keep in zip(photo.skus, kept, strict=True) if keep]
    named = ((int(i), skus[int(i)]) for i in shelves.front_row)
    return tuple(
        Slot(int(shelves.shelf[i]), int(shelves.position[i]), sku, 1) for i, sku in named if sku and sku != UNTOLD
    )


def rows(told: Sequence[Told]) -> Iterator[dict[str, Any]]:
    """Per fault and strength how often it was found, and told first; then the false alarms of each finding."""
    groups: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in told:
        if one.fault != "good":
            groups[one.fault, one.strength].append(one)
    for (fault, strength), group in sorted(groups.items()):
        names = COMPANIONS.get(fault, {fault})
        found = [bool(names & set(one.failed)) for one in group]
        first = [bool(one.failed) and one.failed[0] in names for one in group]
        row: dict[str, Any] = {"fault": fault, "strength": strength, "frames": len(group)}
        row |= {"found": round(float(np.mean(found)), 3), "first": round(float(np.mean(first)), 3)}
        row["passed_all"] = round(float(np.mean([not one.failed for one in group])), 3)
        offs = [one.off for one in group if one.off is not None]
        if offs:
            row["degrees_off"] = {"median": round(float(np.median(offs)), 2), "most": round(max(offs), 1)}
        yield row | {"said_first": dict(Counter(one.failed[0] if one.failed else "" for one in group).most_common(4))}
    good = [one for one in told if one.fault == "good"]
    alarms = Counter(code for one in good for code in one.failed)
    for finding in good[0].findings:
        said = sum(one.passed is not None for each in good for one in each.findings if one.code == finding.code)
        yield {"false_alarms": finding.code, "of": said, "count": alarms[finding.code]}
    clean = sum(not one.failed for one in good)
    yield {"good_views": len(good), "passed_all": clean, "names": {o.strength: o.failed for o in good if o.failed}}
    yield {"seconds_a_look": {str(q): round(float(np.quantile([o.seconds for o in told], q)), 3) for q in (0.5, 0.95)}}


def main(
    watches: Annotated[int, typer.Option(min=0, help="Rendered fixtures.")] = WATCHES,
    seed: Annotated[int, typer.Option(help="Of the rendered fixtures.")] = SEED,
    photographs: Annotated[Path | None, typer.Option(help="A labelled folder of photographs.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Photographs to take of it.")] = 40,
    skip: Annotated[int, typer.Option(min=0, help="Photographs to leave out before them.")] = 0,
    *,
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue of their SKUs.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Of one inference.")] = 2,
) -> None:
    """Print how often each finding is right, as JSON lines: rendered fixtures first, then photographs.

    Example: python -m models.train.aiming --photographs ../shared/data/cooler/valid --skip 20 \
    --catalogue configs/catalogues/cooler-vn
    """
    onlooker = Onlooker(LoadedModels(threads=threads), catalogue)
    sets: dict[str, list[Told]] = {}
    for number in range(watches):
        sets.setdefault("rendered", []).extend(rendered(onlooker, aimed(seed, number)))
        _say(f"rendered {number + 1}/{watches}")
    photos = [] if photographs is None else [photo for photo in read_dataset(photographs).photos if is_good(photo)]
    photos = photos[skip : skip + most]
    for number, photo in enumerate(photos, start=1):
        others = photos[number:] + photos[: number - 1]
        sets.setdefault("photographs", []).extend(photographed(onlooker, photo, others))
        _say(f"photographs {number}/{len(photos)}")
    for name, told in sets.items():
        for row in rows(told):
            sys.stdout.write(json.dumps({"set": name} | row, ensure_ascii=False) + "\n")


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}")


if __name__ == "__main__":
    typer.run(main)
