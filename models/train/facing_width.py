"""`python -m models.train.facing_width`: how many pixels wide a facing must be for its name to be told; JSON lines."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from edge.device.analysis import LoadedModels
from edge.recognise.boxes import pairwise_iou
from edge.recognise.catalogue import Catalogue
from edge.recognise.datasets import UNTOLD, read_dataset
from edge.recognise.recogniser import SkuRecogniser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.recognise.datasets import LabelledPhoto
    from edge.recognise.detector import ProductDetector

SCALES = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2)
WIDTHS = (3, 5, 7, 9, 11, 13, 16, 20, 25, 32, 60)
FOUND = 0.5  # overlap with a detection


def facings(
    photo: LabelledPhoto, detector: ProductDetector, recogniser: SkuRecogniser
) -> Iterator[tuple[float, bool, bool | None]]:
    """Each facing of a photograph made smaller: its width, whether it is found, and whether it is recognised right.

    The recogniser gets the boxes of the truth; None where the truth names no SKU.
    """
    image = np.asarray(cv2.imread(str(photo.path)), np.uint8)
    kept = np.flatnonzero(~photo.crowd)
    for scale in SCALES:
        small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        boxes = (photo.boxes[kept] * scale).astype(np.float32)
        if not len(boxes):
            continue
        seen = detector.detect(small).boxes
        overlap = pairwise_iou(boxes, seen).max(axis=1) if len(seen) else np.zeros(len(boxes))
        for place, name in enumerate(recogniser.recognise(small, boxes)):
            sku = photo.skus[int(kept[place])]
            right = None if sku in {None, UNTOLD} else name.status == "recognised" and name.sku == sku
            yield float(boxes[place, 2] - boxes[place, 0]), bool(overlap[place] > FOUND), right


def main(
    photographs: Annotated[Path, typer.Argument(help="A labelled folder of photographs.")],
    catalogue: Annotated[Path, typer.Option(help="The catalogue of their SKUs.")],
) -> None:
    """Print the share of facings that are found and recognised, by their width, as JSON lines.

    Example: python -m models.train.facing_width ../shared/data/cooler/valid --catalogue configs/catalogues/cooler-vn
    """
    models = LoadedModels()
    recogniser = SkuRecogniser(models.embedder, Catalogue.load(catalogue, models.embedder.identity))
    told = [one for photo in read_dataset(photographs).photos for one in facings(photo, models.detector, recogniser)]
    for low, high in pairwise(WIDTHS):
        here = [(found, right) for width, found, right in told if low <= width < high]
        names = [right for _, right in here if right is not None]
        row = {"pixels": [low, high], "facings": len(here)}
        if here and names:
            row |= {"found": round(float(np.mean([found for found, _ in here])), 3)}
            row |= {"recognised": round(float(np.mean(names)), 3)}
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    typer.run(main)
