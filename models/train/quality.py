"""`python -m models.train.quality`: hit and false-alarm rates of the quality gate, per reason, as JSON lines.

Rendered watches: a camera learns its view from some moments of a day and is shown the others, clean and spoilt.
Photographs, where a folder of them is given: each is judged by itself; whatever is rejected is a false alarm.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from edge.capture.folder import list_pictures
from edge.capture.quality.front import vanished_share
from edge.capture.quality.gate import Past, judge, judge_alone
from edge.capture.quality.measure import measure
from edge.contract.config import QualityRules
from edge.recognise.images import read_upright
from models.scenes.faults import MOMENTS, Pose, corners_moved, frame, watch
from models.scenes.faulty import clean_cases, spoilt_cases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edge.capture.quality.gate import Judgement
    from edge.recognise.detector import ProductDetector
    from models.scenes.faults import Watch
    from models.scenes.faulty import Case

APART = 1200.0  # seconds between the captures of a day
WATCHES = 8
SPOILING = {"dark", "blown", "blurred", "fogged", "blocked"}  # what leaves the goods where they are
SPLITS = ((1, 3), (4, 5), (3, 4), (2, 4))
"""Moments that a camera has not seen before it judges them: a shelf nearly empty, one just refilled, and others."""

RULES = QualityRules()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one frame of which the truth is known."""

    fault: str
    strength: str
    reason: str | None
    off: float | None = None  # of a re-aligned frame: the largest error of the fixture's corners, pixels of 640
    kept: float | None = None  # share of the facings of the clean frame that the detector still finds


def learnt(one: Watch, moments: Sequence[int]) -> Past:
    """What a camera knows after these moments of its day, each accepted."""
    past = Past()
    sharpness: list[float] = []
    for number, moment in enumerate(moments):
        judgement = judge(frame(one, moment)[0], RULES, past=past, at=number * APART)
        sharpness.append(judgement.measured.sharpness)
        past = Past(float(np.median(sharpness)), judgement.view(past.view), judgement.print, _opening(one))
    return past


def _opening(one: Watch) -> NDArray[np.float32]:
    """(1, 4) where the goods stand: the fixture's opening, as shares of the frame."""
    corners = corners_moved(one, Pose())[:, 0] / (one.camera.width, one.camera.height)
    box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    return np.asarray(np.clip(box[None], 0, 1), np.float32)


def verdicts(
    one: Watch,
    *,
    unseen: tuple[int, ...],
    spoilt: bool = True,
    posed: bool = True,
    detector: ProductDetector | None = None,
) -> Iterator[Verdict]:
    """Judge the moments that a watch's camera has not seen yet, clean and spoilt.

    Args:
        one: the camera.
        unseen: moments left out of what it learns from; faults are shown at the first of them.
        spoilt: whether faults are shown too, and not only what is clean.
        posed: whether the camera is knocked about too, which takes a drawing for each pose.
        detector: says what is still found on spoilt frames; None does not ask.
    """
    seen = [moment for moment in range(len(MOMENTS)) if moment not in unseen]
    past = learnt(one, seen)
    last = frame(one, seen[-1])[0]
    cases = [*clean_cases(one, (seen[-1], *unseen))]
    if spoilt:
        cases += spoilt_cases(one, unseen[0], last, posed=posed)
    clean = None if detector is None else detector.detect(frame(one, unseen[0], exposure_seed=4)[0]).boxes
    for case in cases:
        judgement = judge(case.picture, RULES, past=past, at=len(seen) * APART)
        kept = None
        if detector is not None and clean is not None and case.fault in SPOILING:
            kept = 1 - vanished_share(clean, detector.detect(case.picture).boxes, min_iou=0.5)
        yield Verdict(case.fault, case.strength, judgement.reason, _off(one, case, judgement), kept)


def _off(one: Watch, case: Case, judgement: Judgement) -> float | None:
    """How far the fixture's corners lie from their usual places after re-alignment, in pixels of 640."""
    if case.pose is None or case.fault != "shifted" or judgement.reason is not None:
        return None
    corners = corners_moved(one, case.pose)
    warp = np.eye(3) if judgement.warp is None else judgement.warp
    back = cv2.perspectiveTransform(corners[None, :, 1], np.linalg.inv(warp))[0]
    scale = 640 / max(one.camera.width, one.camera.height)
    return float(np.linalg.norm(back - corners[:, 0], axis=1).max()) * scale


def rows(found: Sequence[Verdict]) -> Iterator[dict[str, object]]:
    """Per fault and strength: frames, rejected for that reason, rejected for any; then the false alarms of each."""
    groups: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for verdict in found:
        groups[verdict.fault, verdict.strength].append(verdict)
    for (fault, strength), group in groups.items():
        reasons = Counter(verdict.reason or "used" for verdict in group)
        row: dict[str, object] = {"fault": fault, "strength": strength, "frames": len(group)}
        if fault not in {"clean", "shifted"}:
            row["hit"] = round(reasons[fault] / len(group), 3)
            row["rejected"] = round(1 - reasons["used"] / len(group), 3)
        offs = [verdict.off for verdict in group if verdict.off is not None]
        if offs:
            row["off_px_of_640"] = {"median": round(float(np.median(offs)), 2), "most": round(max(offs), 2)}
        kept = [verdict.kept for verdict in group if verdict.kept is not None]
        if kept:
            row["kept"] = {"median": round(float(np.median(kept)), 2), "least": round(min(kept), 2)}
        yield row | {"said": dict(reasons.most_common())}
    clean = [verdict for verdict in found if verdict.fault in {"clean", "shifted"}]
    alarms = Counter(verdict.reason for verdict in clean if verdict.reason is not None)
    for reason in ("dark", "blown", "frozen", "covered", "blurred", "fogged", "moved", "blocked"):
        yield {"false_alarms": reason, "of": len(clean), "count": alarms[reason]}


def judge_photographs(folder: Path) -> dict[str, object]:
    """Judge the photographs of a folder, each by itself."""
    paths = list_pictures(folder)
    said = Counter(judge_alone(measure(read_upright(path).image), RULES) or "used" for path in paths)
    return {"photographs": folder.parent.name + "/" + folder.name, "frames": len(paths), "said": dict(said)}


def _detector() -> ProductDetector:
    from edge.recognise.detector import ProductDetector  # noqa: PLC0415 - ONNX Runtime waits until it is asked for
    from edge.recognise.manifest import find_model  # noqa: PLC0415 - the same

    return ProductDetector(find_model("product-detector"), threads=1)


def main(
    watches: Annotated[int, typer.Option(min=1, help="Rendered cameras.")] = WATCHES,
    photographs: Annotated[list[Path] | None, typer.Option(help="Folder of photographs with nothing wrong.")] = None,
    *,
    kept: Annotated[bool, typer.Option("--kept", help="Tell what the product detector still finds, too.")] = False,
) -> None:
    """Print hit and false-alarm rates of the quality gate as JSON lines.

    Example: python -m models.train.quality --photographs ../shared/data/cooler/valid/images
    """
    detector = _detector() if kept else None
    found: list[Verdict] = []
    for number in range(watches):
        one = watch(number)
        for unseen in SPLITS:
            found += verdicts(one, unseen=unseen, spoilt=unseen == SPLITS[0], detector=detector)
        if sys.stderr.isatty():
            sys.stderr.write(f"\rwatch {number + 1}/{watches}")
    for row in rows(found):
        sys.stdout.write(json.dumps(row) + "\n")
    for folder in photographs or []:
        sys.stdout.write(json.dumps(judge_photographs(folder)) + "\n")


if __name__ == "__main__":
    typer.run(main)
