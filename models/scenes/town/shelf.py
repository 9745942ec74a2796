"""The shelf of every fixture of the town: the demo's rendered cooler, with what is sold out taken away."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from edge.contract import payloads
from edge.contract.catalogue import CatalogueFile
from edge.contract.files import load_yaml
from edge.contract.planogram import read_planogram
from edge.device.observation import deviations_of, kpis_of
from edge.shelf.alignment import align_planogram
from edge.shelf.deviations import find_deviations
from edge.shelf.facing import Facing, Gap, Slot
from edge.shelf.kpis import compute_kpis

if TYPE_CHECKING:
    import numpy as np

    from edge.shelf.facing import Box

CONFIGS = Path(__file__).resolve().parents[3] / "configs"
DEMO = CONFIGS / "demo"
CATALOGUE = CONFIGS / "catalogues" / "demo"
FULL, LATER = "frames/2026-03-14T09-00-00.jpg", "frames/2026-03-14T16-00-00.jpg"
"""A frame of which nothing is missing, and one that shows gaps and a foreign product."""

ALIEN = "trevar-red-can-250"
"""Another company's product, which stands on the later frame."""

SWAPPED = ("lurralos-orange-can-330", "lurralos-strawberry-can-330")
"""Planned on shelves 3 and 4."""

_TEA, _CANS = 2, 3
"""Shelves."""

VERSIONS = payloads.Versions(agent="0.1.0", detector="rendered-truth", catalogue="demo 1", planogram="demo")
QUALITY = payloads.Quality(brightness=0.5, sharpness=120.0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on a shelf at a moment."""

    out: frozenset[str] = frozenset()  # SKUs that are sold out
    short: frozenset[str] = frozenset()  # SKUs that lack their last facing
    foreign: int = 0  # facings of another company's in place of the last ones of shelf 3
    unsure: int = 0  # facings that cannot be told, from the left of shelf 2
    swapped: bool = False  # whether a facing of each of two SKUs stands on the other's shelf


@dataclass(frozen=True, slots=True)
class Seen:
    """What a capture of it shows."""

    observation: payloads.ShelfObserved
    facings: tuple[Facing, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A facing or a gap as the renderer drew it; boxes in pixels."""

    box: Box
    shelf: int
    position: int
    sku: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A rendered frame and its truth."""

    width: int
    height: int
    facings: tuple[Unit, ...]
    gaps: tuple[Unit, ...]


@cache
def frame(name: str) -> Frame:
    """A frame by its name."""
    told = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    (found,) = (one for one in told["frames"] if one["image"] == name)
    return Frame(found["width"], found["height"], _units(found["facings"]), _units(found["gaps"]))


@cache
def owner() -> str:
    """Whose products are own."""
    return str(json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))["owner"])


@cache
def planned() -> dict[str, int]:
    """Planned facings by SKU."""
    return read_planogram(DEMO / "planogram.csv").facings_by_sku


@cache
def seen(standing: Standing) -> Seen:
    """What a capture shows, counted by the device's own functions."""
    facings, gaps = _arranged(standing)
    listed = load_yaml(CATALOGUE / "catalogue.yaml", CatalogueFile)
    owner_of = {sku.id: sku.owner for sku in listed.skus}
    plan = read_planogram(DEMO / "planogram.csv")
    slots = [Slot(one.shelf, one.position, one.sku, one.facings) for one in plan.slots]
    alignment = align_planogram(slots, facings, gaps)
    own = frozenset({owner()})
    kpis = compute_kpis(facings, gaps, owner_of=owner_of, own=own, alignment=alignment, must_stock=list(planned())[::2])
    deviations = find_deviations(alignment, owner_of=owner_of, own=own, ever_seen=frozenset(planned()))
    width, height = frame(FULL).width, frame(FULL).height
    observation = payloads.ShelfObserved(
        capture="c",
        capture_set="c",
        camera="cam-1",
        fixture="cooler-1",
        trigger="scheduled",
        quality=QUALITY,
        versions=VERSIONS,
        facings=[_record(one, width, height) for one in alignment.facings],
        gaps=[
            payloads.GapRecord(box=_shares(one.box, width, height), shelf=one.shelf, sku=one.sku)
            for one in alignment.gaps
        ],
        kpis=kpis_of(kpis, width),
        deviations=deviations_of(deviations),
        planned=planned(),
        simulated=True,
    )
    return Seen(observation, tuple(facings), tuple(gaps))


@cache
def photograph(standing: Standing) -> tuple[str, bytes]:
    """Its picture, drawn over the rendered frame: SHA-256 and JPEG."""
    picture, later = (cv2.imread(str(DEMO / name)) for name in (FULL, LATER))
    assert picture is not None
    assert later is not None
    shown = seen(standing)
    empty = _crop(later, frame(LATER).gaps[0].box)
    one, other = (_last_of(sku) for sku in SWAPPED)
    strangers = {(a.sku, b.box): _crop(picture, a.box).copy() for a, b in ((one, other), (other, one))}
    for gap in shown.gaps:
        _paste(picture, empty, gap.box)
    alien = next(one for one in frame(LATER).facings if one.sku == ALIEN)
    for facing in shown.facings:
        if facing.sku == ALIEN:
            _paste(picture, _crop(later, alien.box), facing.box)
        elif facing.sku and (facing.sku, facing.box) in strangers:
            _paste(picture, strangers[facing.sku, facing.box], facing.box)
    done, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 74])
    assert done
    content = jpeg.tobytes()
    return hashlib.sha256(content).hexdigest(), content


def _arranged(standing: Standing) -> tuple[list[Facing], list[Gap]]:
    units = frame(FULL).facings
    left = Counter(one.sku for one in units)
    replaced = set([one for one in units if one.shelf == _CANS][::-1][: standing.foreign])
    doubtful = set([one for one in units if one.shelf == _TEA][: standing.unsure])
    facings, gaps = [], []
    for one in units:
        left[one.sku] -= 1
        if one in replaced:
            facings.append(_facing(one, ALIEN))
        elif one.sku in standing.out or (one.sku in standing.short and left[one.sku] == 0):
            gaps.append(Gap(one.box, one.shelf))
        elif one in doubtful:
            facings.append(Facing(one.box, 0.61, one.shelf, one.position, one.sku, 0.44, "unsure"))
        else:
            facings.append(_facing(one, one.sku))
    if standing.swapped:
        one, other = (_last_of(sku) for sku in SWAPPED)
        there = {one.box: other.sku, other.box: one.sku}
        facings = [replace(facing, sku=there.get(facing.box, facing.sku)) for facing in facings]
    return facings, gaps


def _last_of(sku: str) -> Unit:
    """The last facing of a SKU where nothing is missing."""
    return next(one for one in reversed(frame(FULL).facings) if one.sku == sku)


def _facing(one: Unit, sku: str) -> Facing:
    return Facing(one.box, 0.96, one.shelf, one.position, sku, 0.91, "recognised")


def _units(told: list[dict[str, Any]]) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            box=tuple(one["box"]),
            shelf=one["shelf"],
            position=one.get("position", 0),
            sku=one["sku"] or "",
        )
        for one in told
    )


def _record(one: Facing, width: int, height: int) -> payloads.FacingRecord:
    return payloads.FacingRecord(
        box=_shares(one.box, width, height),
        shelf=one.shelf,
        position=one.position,
        sku=one.sku,
        status=one.status,
        score=one.score,
        sku_score=one.sku_score,
    )


def _shares(box: tuple[float, ...], width: int, height: int) -> list[float]:
    return [round(value / side, 4) for value, side in zip(box, (width, height, width, height), strict=True)]


def _crop(picture: np.ndarray, box: Box) -> np.ndarray:
    x1, y1, x2, y2 = (round(value) for value in box)
    return picture[y1:y2, x1:x2]


def _paste(picture: np.ndarray, patch: np.ndarray, box: Box) -> None:
    x1, y1, x2, y2 = (round(value) for value in box)
    picture[y1:y2, x1:x2] = cv2.resize(patch, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
