"""Measure the shipped detector and enter the figures in the manifest: `python -m models.train.figures`."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from edge.contract.errors import FacingsError
from edge.recognise.datasets import LabelledPhoto, read_dataset
from edge.recognise.detector import ProductDetector
from edge.recognise.evaluation import coco_average_precision
from edge.recognise.images import read_image
from edge.recognise.manifest import Figure
from edge.recognise.measures import Seen, count_error
from edge.recognise.speed import variants
from models.train.release import enter

LOWEST_SCORE = 0.02  # for precision curves


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of photographs to measure on."""

    what: str
    folder: str
    truth: str
    width: float = 1.0  # the photographs are stretched by these before they are shown to the detector
    height: float = 1.0
    counted: bool = True


TRIALS = (
    Trial("cooler/valid, audited truth", "cooler/valid", "annotations_audited.json"),
    Trial("cooler/valid, raw truth", "cooler/valid", "annotations.json", counted=False),
    Trial("cooler/valid, audited truth, stretched to 3:4", "cooler/valid", "annotations_audited.json", height=4 / 3),
    Trial("cooler/valid, audited truth, stretched to 4:3", "cooler/valid", "annotations_audited.json", width=4 / 3),
    Trial("dense_shelf_dev, never trained on", "dense_shelf_dev", "annotations.json"),
)


def measure(detector: ProductDetector, photos: tuple[LabelledPhoto, ...], trial: Trial) -> Iterator[tuple[str, float]]:
    """AP50, AP and, where counted, the mean counting error at the shipped threshold, by name."""
    scale = np.array([trial.width, trial.height] * 2, dtype=np.float32)
    seen = []
    for photo in photos:
        image = _stretched(read_image(photo.path), trial)
        found = detector.detect(image, min_score=LOWEST_SCORE)
        truth = LabelledPhoto(photo.path, photo.boxes * scale, photo.skus, photo.crowd)
        seen.append(Seen(truth, found, found.scores >= detector.shipped_score, None))
    annotations = [
        {"image_id": number, "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": int(crowd)}
        for number, one in enumerate(seen, start=1)
        for (x1, y1, x2, y2), crowd in zip(one.truth.boxes.tolist(), one.truth.crowd.tolist(), strict=True)
    ]
    truths = {"images": [{"id": number} for number in range(1, len(seen) + 1)], "annotations": annotations}
    precision = coco_average_precision(truths, {number: one.found for number, one in enumerate(seen, start=1)})
    yield "AP50", precision.ap50
    yield "AP", precision.ap
    error = count_error(seen).value
    if trial.counted and error is not None:
        yield "counting error at the shipped threshold", error


def _stretched(image: NDArray[np.uint8], trial: Trial) -> NDArray[np.uint8]:
    size = (round(image.shape[1] * trial.width), round(image.shape[0] * trial.height))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def main(
    *,
    data: Annotated[Path, typer.Option(help="Folder of the data sets.")] = Path("../shared/data"),
    folder: Annotated[Path, typer.Option("--models", "--folder", help="Folder of the manifest.")] = Path("models"),
    write: Annotated[bool, typer.Option(help="Enter the figures in the manifest.")] = False,
) -> None:
    """Print the shipped detector's figures as JSON lines, those of each precision.

    Example: python -m models.train.figures --data ../shared/data --write
    """
    command = "python -m models.train.figures --data ../shared/data"
    try:
        for model in variants("product-detector", folder=folder).values():
            detector = ProductDetector(model)
            figures = []
            for trial in TRIALS:
                photos = read_dataset(data / trial.folder, truth=Path(trial.truth)).photos
                for name, value in measure(detector, photos, trial):
                    figures.append(Figure(what=f"{name}: {trial.what}", value=round(value, 4), command=command))
                    row = {"what": figures[-1].what, "value": figures[-1].value, "precision": model.entry.precision}
                    print(json.dumps(row), flush=True)
            if write:
                # What was measured on held-back photographs when an int8 file was made stays with it.
                kept = model.entry.figures if model.entry.precision == "int8" else ()
                kept = tuple(one for one in kept if one.what not in {figure.what for figure in figures})
                enter(folder, model.entry.model_copy(update={"figures": (*kept, *figures)}))
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
