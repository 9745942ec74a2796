"""What reading large frames in tiles is worth: `python -m models.train.tiling FOLDER`."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated

import cv2
import numpy as np
import typer

from edge.contract.errors import FacingsError
from edge.recognise.datasets import LabelledPhoto, read_dataset
from edge.recognise.detector import ProductDetector
from edge.recognise.images import read_image
from edge.recognise.manifest import MODELS, Model, find_model
from edge.recognise.measures import Seen, average_precision, count_error
from edge.recognise.tiles import USUAL, Tiling

LOWEST_SCORE = 0.02  # for precision curves


def looked_at(
    model: Model, photos: tuple[LabelledPhoto, ...], tiling: Tiling | None, *, enlarge: float, threads: int
) -> Iterator[tuple[Seen, float]]:
    """What the detector finds in each photograph, enlarged by a factor, and the seconds it took."""
    detector = ProductDetector(model, threads=threads, tiling=tiling)
    for photo in photos:
        image = read_image(photo.path)
        if enlarge != 1:
            size = (round(image.shape[1] * enlarge), round(image.shape[0] * enlarge))
            image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        began = time.perf_counter()
        found = detector.detect(image, min_score=LOWEST_SCORE)
        seconds = time.perf_counter() - began
        truth = LabelledPhoto(photo.path, photo.boxes * np.float32(enlarge), photo.skus, photo.crowd)
        yield Seen(truth, found, found.scores >= detector.shipped_score, None), seconds


def main(
    dataset: Annotated[Path, typer.Argument(help="A labelled folder.")],
    *,
    truth: Annotated[Path | None, typer.Option(help="A COCO file to use instead of the folder's own.")] = None,
    folder: Annotated[Path, typer.Option(help="Folder of the manifest.")] = MODELS,
    zoom: Annotated[list[float] | None, typer.Option(help="How much more a tile shows than the whole frame.")] = None,
    overlap: Annotated[float, typer.Option(help="Of a tile's side.")] = USUAL.overlap,
    small: Annotated[float, typer.Option(help="Pixels of the model below which products are small.")] = USUAL.small,
    enlarge: Annotated[float, typer.Option(help="Photographs are enlarged by this first.")] = 1.0,
    limit: Annotated[int | None, typer.Option(help="So many photographs at most.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
) -> None:
    """Print AP50, AP, counting error and median time without tiles and with tiles of each zoom, as JSON lines.

    Example: python -m models.train.tiling ../shared/data/dense_shelf_dev --zoom 2 --zoom 2.5
    """
    cv2.setNumThreads(threads)
    try:
        photos = read_dataset(dataset, truth=truth).photos[:limit]
        model = find_model("product-detector", folder=folder)
        for tiling in (None, *(Tiling(zoom=z, overlap=overlap, small=small) for z in zoom or (USUAL.zoom,))):
            looks = list(looked_at(model, photos, tiling, enlarge=enlarge, threads=threads))
            seen = [look[0] for look in looks]
            ap50, ap = average_precision(seen)
            row = {
                "zoom": tiling.zoom if tiling else None,
                "photos": len(seen),
                "ap50": ap50.value,
                "ap50_low": ap50.low,
                "ap50_high": ap50.high,
                "ap": ap.value,
                "count_error": count_error(seen).value,
                "median_ms": round(1000 * median(look[1] for look in looks), 1),
            }
            print(json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}), flush=True)
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
