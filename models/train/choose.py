"""Choose the shipped threshold on the held-back photographs: `python -m models.train.choose`."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.boxes import pairwise_iou
from edge.recognise.detector import OVERLAP, SCORE, Detections
from edge.recognise.evaluation import match_boxes
from edge.recognise.manifest import find_model
from edge.shelf.rows import find_shelves
from models.train.measure import detect, precision_of
from models.train.network import DetectorNetwork
from models.train.photos import Photo, read_photos
from models.train.run import load_checkpoint

SIDE = 640
SCORES = tuple(np.round(np.arange(0.15, 0.75, 0.01), 2).tolist())
OVERLAPS = (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
AS_GOOD = 0.002  # of counting error and F1 together: less cannot be told apart on some twenty photographs
SMOOTHED = 5  # neighbouring thresholds that are averaged: a lucky one among few photographs is not chosen


@dataclass(frozen=True, slots=True)
class Counted:
    """What one threshold gives on a set of photographs."""

    error: float  # mean over photographs of |shown - there| / there
    f1: float  # over all facings, IoU 0.5


def count(photos: Sequence[Photo], found: Mapping[int, Detections], *, score: float) -> Counted:
    """Count facings at a threshold as a device does: of what is found, the front row.

    Detections for more than half in an unknown region are left out.

    Args:
        photos: with truth; those without a facing are left out.
        found: by number of the photograph, from 1.
        score: lowest score that counts.
    """
    errors, hits, shown, there = [], 0, 0, 0
    for number, photo in enumerate(photos, start=1):
        if len(photo.boxes) == 0:
            continue
        sure = found[number].scores >= score
        boxes, scores = found[number].boxes[sure], found[number].scores[sure]
        boxes = boxes[find_shelves(boxes.astype(np.float64), scores.astype(np.float64)).front_row]
        matched = match_boxes(photo.boxes, boxes)
        lone = np.ones(len(boxes), dtype=np.bool_)
        lone[matched.boxes] = False
        unknown = lone & (pairwise_iou(boxes, photo.ignored).max(axis=1, initial=0.0) > 0.3)
        counted = len(boxes) - int(unknown.sum())
        errors.append(abs(counted - len(photo.boxes)) / len(photo.boxes))
        hits, shown, there = hits + len(matched.boxes), shown + counted, there + len(photo.boxes)
    return Counted(float(np.mean(errors)), 2 * hits / max(1, shown + there))


def choose(photos: Sequence[Photo], network: DetectorNetwork) -> tuple[dict[str, float], Counted]:
    """The score and the overlap of doubles that give the best counts and the best F1 together.

    Overlaps seldom differ in what is counted; of those that count as well as the best, the one of the best precision.

    Returns:
        the thresholds by their names in the manifest, and what they give.
    """
    tried: list[tuple[float, float, dict[str, float], Counted]] = []
    for max_iou in OVERLAPS:
        found = detect(network, photos, side=SIDE, max_iou=max_iou)
        counts = [count(photos, found, score=score) for score in SCORES]
        cost = np.array([c.error + 1 - c.f1 for c in counts])
        edge = SMOOTHED // 2
        smooth = np.convolve(np.pad(cost, edge, mode="edge"), np.full(SMOOTHED, 1 / SMOOTHED), mode="valid")
        place = int(smooth.argmin())
        precision = precision_of(photos, found)
        tried.append(
            (
                float(smooth[place]),
                precision.ap50 + precision.ap,
                {SCORE: SCORES[place], OVERLAP: max_iou},
                counts[place],
            )
        )
    least = min(one[0] for one in tried)
    best = max((one for one in tried if one[0] <= least + AS_GOOD), key=lambda one: one[1])
    return best[2], best[3]


def main(
    *,
    data: Annotated[Path, typer.Option(help="The folder that was trained on.")],
    run: Annotated[Path, typer.Option(help="Folder of the training run.")] = Path("runs/detector"),
    corrections: Annotated[Path | None, typer.Option(help="Corrections of the truth.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    as_shipped: Annotated[
        bool, typer.Option("--as-shipped", help="Take the shipped detector's: few photographs choose worse than many.")
    ] = False,
) -> None:
    """Write `chosen.json` beside the checkpoint, from the photographs that the run held back.

    Example: python -m models.train.choose --data ../shared/data/cooler/train
    """
    torch.set_num_threads(threads)
    try:
        if as_shipped:
            _write(run, find_model("product-detector", precision="float32").entry.thresholds)
            return
        state = load_checkpoint(run / "best.pt")
        held = set(state["held"])
        photos = [photo for photo in read_photos(data, corrections=corrections) if photo.name in held]
        if not photos:
            raise ModelError(
                f"{run}/best.pt: held back no photograph of {data}",
                "give the folder trained on, or --as-shipped",
            )
        network = DetectorNetwork()
        network.load_state_dict(state["average"])
        thresholds, counted = choose(photos, network)
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    _write(run, thresholds, photos=len(photos), count_error=counted.error, f1=counted.f1)


def _write(run: Path, thresholds: Mapping[str, float], **told: float) -> None:
    (run / "chosen.json").write_text(json.dumps(thresholds) + "\n", encoding="utf-8")
    print(json.dumps({**thresholds, **told}))


if __name__ == "__main__":
    typer.run(main)
