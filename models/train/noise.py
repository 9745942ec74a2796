"""How the shipped models err, measured on labelled pictures as rates that a simulation can draw from.

    python -m models.train.noise photos ../shared/data/cooler/valid --catalogue configs/catalogues/cooler-vn
    python -m models.train.noise demo

write `models/train/noise/photos.json` and `models/train/noise/demo.json`, counts and quantiles only: what was missed
and what was seen where nothing is, which SKU was said for which and how surely, how boxes shift, and, from the demo's
day, how often a unit that stands still is judged alike in two captures. Run anew whenever a model changes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from edge.contract.config import VoteSection
from edge.device.analysis import load_analyser
from edge.recognise.datasets import read_dataset
from edge.recognise.evaluation import match_boxes
from edge.recognise.images import read_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from edge.device.analysis import Analyser, Analysis
    from edge.shelf.facing import Facing

ROOT = Path(__file__).resolve().parents[2]
NOISE = Path(__file__).resolve().parent / "noise"
QUANTILES = 21
"""Of scores: every twentieth, both ends included."""

FEWEST = 10
"""A SKU seen less often has no row worth drawing from."""

FAINT = VoteSection().faint

Status = Literal["recognised", "unsure", "unknown"]
STATUSES: tuple[Status, ...] = ("recognised", "unsure", "unknown")
Counts = tuple[int, int, int]
"""As in STATUSES."""


class Noise(BaseModel):
    """Measured rates. A SKU's row holds, for each SKU that was the best guess, how often and with which status."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_by: str
    detector: str
    embedder: str
    pictures: int
    facings: int
    missed: int
    missed_faintly: int  # of these, seen with a score that holds a facing on in the vote
    gaps: int  # empty places told by the truth
    gaps_faintly: int  # of these, where something as faint was seen
    false: Counts
    shift: float  # standard deviation of a found box's edges, in widths and heights of the unit
    skus: dict[str, dict[str, Counts]]
    unlisted: Counts  # products that no catalogue holds
    scores: dict[str, list[float]]  # quantiles by `status right` and `status wrong`
    persistence: float | None = None  # 0: captures err apart, 1: a unit is judged alike in every capture


def load_noise(name: str) -> Noise:
    """The measured rates of that name."""
    return Noise.model_validate_json((NOISE / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Looked:
    """One labelled picture and what was read from it."""

    boxes: NDArray[np.float32]  # (n, 4) true units
    skus: tuple[str | None, ...]  # of these; None: not told
    facings: tuple[Facing, ...]
    beyond: NDArray[np.float32]  # (m, 4) places where nobody can say what is there
    faint: NDArray[np.float32]  # (k, 4) what is too faint for a facing, and may hold one on
    gaps: NDArray[np.float32]  # (g, 4) empty places


def measure_noise(pictures: Iterable[Looked], listed: set[str], *, made_by: str, analyser: Analyser) -> Noise:
    """Count how what was read differs from what stood there."""
    rows: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    unlisted, false, missed, facings, count = Counter[str](), Counter[str](), 0, 0, 0
    missed_faintly, gaps, gaps_faintly = 0, 0, 0
    scores: dict[str, list[float]] = defaultdict(list)
    shifts: list[NDArray[np.float64]] = []
    for look in pictures:
        count, facings = count + 1, facings + len(look.boxes)
        found = boxes_of(look.facings)
        pairs = match_boxes(look.boxes, found)
        lost = np.setdiff1d(np.arange(len(look.boxes)), pairs.truth)
        missed += len(lost)
        missed_faintly += len(match_boxes(look.boxes[lost], look.faint).truth)
        gaps += len(look.gaps)
        gaps_faintly += len(match_boxes(look.gaps, look.faint).truth)
        for unit, box in zip(pairs.truth.tolist(), pairs.boxes.tolist(), strict=True):
            facing, sku = look.facings[box], look.skus[unit]
            size = np.tile(look.boxes[unit, 2:] - look.boxes[unit, :2], 2)
            shifts.append(np.asarray((found[box] - look.boxes[unit]) / size, np.float64))
            if sku is None:
                continue
            if sku not in listed:
                unlisted[facing.status] += 1
            else:
                rows[sku][facing.sku or ""][facing.status] += 1
            right = "right" if facing.sku == sku else "wrong"
            scores[f"{facing.status} {right}"].append(facing.sku_score or 0.0)
        for box in sorted(set(range(len(found))) - set(pairs.boxes.tolist())):
            if not _inside(found[box], look.beyond):
                false[look.facings[box].status] += 1
    assert analyser.recogniser is not None
    return Noise(
        made_by=made_by,
        detector=analyser.detector.version,
        embedder=analyser.recogniser.embedder.identity.version,
        pictures=count,
        facings=facings,
        missed=missed,
        missed_faintly=missed_faintly,
        gaps=gaps,
        gaps_faintly=gaps_faintly,
        false=_counts(false),
        shift=round(float(np.std(shifts)), 4),
        skus={sku: {said: _counts(row[said]) for said in sorted(row)} for sku, row in sorted(rows.items())},
        unlisted=_counts(unlisted),
        scores={name: _quantiles(values) for name, values in sorted(scores.items())},
    )


def persistence_of(looks: Sequence[Looked]) -> float:
    """How much more often than by chance a unit is judged alike in two pictures in a row.

    Cohen's kappa (1960) of the two judgements (best SKU and status), chance being the SKU's own rates.
    """
    judged: list[dict[tuple[float, ...], tuple[str, str, str]]] = []
    for look in looks:
        pairs = match_boxes(look.boxes, boxes_of(look.facings))
        said = {}
        for unit, box in zip(pairs.truth.tolist(), pairs.boxes.tolist(), strict=True):
            facing, place = look.facings[box], tuple(np.round(look.boxes[unit] / 8).tolist())
            said[place] = (str(look.skus[unit]), str(facing.sku), facing.status)
        judged.append(said)
    rates: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for said in judged:
        for one in said.values():
            rates[one[0]][one] += 1
    alike, chance, count = 0, 0.0, 0
    for before, after in pairwise(judged):
        for place in before.keys() & after.keys():
            sku = before[place][0]
            if sku == after[place][0]:
                total = rates[sku].total()
                alike += before[place] == after[place]
                chance += sum((times / total) ** 2 for times in rates[sku].values())
                count += 1
    return round((alike - chance) / (count - chance), 3)


def boxes_of(facings: Sequence[Facing]) -> NDArray[np.float32]:
    """(n, 4) boxes."""
    return np.array([facing.box for facing in facings], np.float32).reshape(-1, 4)


def _faint(analysis: Analysis) -> NDArray[np.float32]:
    return boxes_of(()) if analysis.faint is None else analysis.faint.boxes


def _inside(box: NDArray[np.float32], places: NDArray[np.float32]) -> bool:
    middle = (box[:2] + box[2:]) / 2
    return bool(((places[:, :2] <= middle) & (middle <= places[:, 2:])).all(axis=1).any())


def _counts(row: Counter[str]) -> Counts:
    return row["recognised"], row["unsure"], row["unknown"]


def _quantiles(values: Sequence[float]) -> list[float]:
    quantiles: list[float] = np.round(np.quantile(values, np.linspace(0, 1, QUANTILES)), 4).tolist()
    return quantiles


def _photos(folder: Path, analyser: Analyser) -> Iterator[Looked]:
    for photo in read_dataset(folder).photos:
        analysis = analyser.analyse(read_image(photo.path), faint=FAINT)
        units = ~photo.crowd
        skus = tuple(sku for sku, counted in zip(photo.skus, units, strict=True) if counted)
        yield Looked(
            photo.boxes[units], skus, analysis.facings, photo.boxes[photo.crowd], _faint(analysis), boxes_of(())
        )


def _demo(analyser: Analyser) -> Iterator[Looked]:
    """The demo's clear frames, in their order."""
    folder = ROOT / "configs" / "demo"
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for frame in truth["frames"]:
        if frame["state"] != "clear":
            continue
        day = date.fromisoformat(frame["time"][:10])
        analysis = analyser.analyse(read_image(folder / frame["image"]), day=day, faint=FAINT)
        whole = [facing for facing in frame["facings"] if facing["occluded"] < 0.5]
        hidden = [facing["box"] for facing in frame["facings"] if facing not in whole]
        boxes, beyond, gaps = (
            np.array(rows, np.float32).reshape(-1, 4)
            for rows in ([facing["box"] for facing in whole], hidden, [gap["box"] for gap in frame["gaps"]])
        )
        skus = tuple(facing["sku"] or facing["name"] for facing in whole)
        yield Looked(boxes, skus, analysis.facings, beyond, _faint(analysis), gaps)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and write one file of rates."""
    parser = argparse.ArgumentParser(prog="python -m models.train.noise", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    photos = kinds.add_parser("photos", help="on labelled photographs")
    photos.add_argument("dataset", type=Path)
    photos.add_argument("--catalogue", type=Path, required=True)
    kinds.add_parser("demo", help="on the demo's rendered day, which also tells how errors persist")
    asked = parser.parse_args(words)
    catalogue = asked.catalogue if asked.kind == "photos" else ROOT / "configs" / "catalogues" / "demo"
    analyser = load_analyser(None, catalogue=catalogue, threads=1)
    assert analyser.recogniser is not None
    listed = set(analyser.recogniser.catalogue.skus)
    looks = list(_photos(asked.dataset, analyser) if asked.kind == "photos" else _demo(analyser))
    command = "python -m models.train.noise " + " ".join(words if words is not None else sys.argv[1:])
    noise = measure_noise(looks, listed, made_by=command, analyser=analyser)
    if asked.kind == "demo":
        noise = noise.model_copy(update={"persistence": persistence_of(looks)})
    NOISE.mkdir(exist_ok=True)
    (NOISE / f"{asked.kind}.json").write_text(json.dumps(noise.model_dump(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
