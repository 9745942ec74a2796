"""How loosely the boxes of a truth are drawn, photograph by photograph: `python -m models.train.looseness`.

Average precision at strict overlaps asks a detector to draw boxes as the truth does. Where the truth itself changes its
mind (in one photograph boxes reach over their neighbours, in the next they end inside the pack) nobody can follow it.
This measures how far each photograph's boxes are wider than what the detector draws, and what AP would be if the
detector were told, first only which of two styles a photograph has, then the photograph's own looseness.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from edge.contract.errors import FacingsError
from edge.recognise.datasets import LabelledPhoto, read_dataset
from edge.recognise.detector import Detections, ProductDetector
from edge.recognise.evaluation import coco_average_precision, coco_truth, match_boxes
from edge.recognise.images import read_image
from edge.recognise.manifest import MODELS, find_model
from models.train.figures import LOWEST_SCORE


def offsets(photo: LabelledPhoto, found: Detections) -> NDArray[np.float64]:
    """Edges of truth boxes less those of the boxes that found them, (k, 4), as shares of the found width and height."""
    pairs = match_boxes(photo.boxes, found.boxes)
    told = ~photo.crowd[pairs.truth]
    truth, drawn = photo.boxes[pairs.truth][told].astype(np.float64), found.boxes[pairs.boxes][told].astype(np.float64)
    shares: NDArray[np.float64] = (truth - drawn) / _sizes(drawn)
    return shares


def moved(found: Detections, by: NDArray[np.float64]) -> Detections:
    """The boxes with their edges moved by these shares of width and height, (4,)."""
    boxes = found.boxes.astype(np.float64)
    return Detections((boxes + by * _sizes(boxes)).astype(np.float32), found.scores)


def _sizes(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4): width, height, width, height."""
    return np.tile(boxes[:, 2:] - boxes[:, :2], 2)


def main(
    data: Annotated[Path, typer.Argument(help="a labelled folder")],
    *,
    models: Annotated[Path, typer.Option(help="folder of models")] = MODELS,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Print each photograph's looseness and what it costs in AP, as JSON lines.

    Example: python -m models.train.looseness ../shared/data/cooler/valid
    """
    detector = ProductDetector(find_model("product-detector", folder=models), threads=threads)
    photos = read_dataset(data).photos
    found = {place: detector.detect(read_image(one.path), min_score=LOWEST_SCORE) for place, one in enumerate(photos)}
    # Medians: a box that found the wrong unit must not move its whole photograph.
    own = np.array(
        [np.median(np.vstack([offsets(photo, found[at]), np.zeros((1, 4))]), 0) for at, photo in enumerate(photos)]
    )
    wider = own[:, 2] - own[:, 0]
    for photo, share in zip(photos, wider, strict=True):
        sys.stdout.write(json.dumps({"photo": photo.path.name, "truth_wider_by": round(float(share), 3)}) + "\n")
    loose = wider > 0
    style = np.where(loose[:, None], np.median(own[loose], 0), np.median(own[~loose], 0))
    for told, by in (("nothing", np.zeros_like(own)), ("which of two styles", style), ("each photograph's own", own)):
        score = coco_average_precision(coco_truth(photos), {at: moved(one, by[at]) for at, one in found.items()})
        sys.stdout.write(json.dumps({"told": told, "ap50": round(score.ap50, 3), "ap": round(score.ap, 3)}) + "\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
