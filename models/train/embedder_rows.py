"""Choose how much a neighbour in the row says of a facing: `python -m models.train.embedder_rows`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from edge.contract.errors import FacingsError
from edge.recognise.catalogue import Catalogue
from edge.recognise.context import lift_rows
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.images import read_image
from edge.recognise.manifest import MODELS, load_manifest
from edge.recognise.recogniser import SkuRecogniser
from edge.shelf.rows import find_shelves
from models.train.calibration import PRECISION
from models.train.embedder import SPLIT
from models.train.embedder_data import read_corrections
from models.train.release import enter

if TYPE_CHECKING:
    from edge.recognise.identity import Identity

ODDS = (1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0)


@dataclass(frozen=True, slots=True)
class Row:
    """The labelled front-row facings of one photograph, each recognised by itself."""

    identities: list[Identity]
    labels: list[str | None]  # None: its SKU cannot be told
    shelf: list[int]
    position: list[int]


def read_rows(folder: Path, held_back: set[str], recogniser: SkuRecogniser) -> list[Row]:
    """The held-back photographs of a COCO folder, corrections of their labels applied."""
    truth = (folder / "annotations.json").read_bytes()
    content, corrections = json.loads(truth), read_corrections(truth)
    names = {category["id"]: category["name"] for category in content["categories"]}
    rows = []
    for image in content["images"]:
        if image["file_name"] not in held_back:
            continue
        found = [one for one in content["annotations"] if one["image_id"] == image["id"]]
        x, y, width, height = np.array([one["bbox"] for one in found], np.float64).T
        boxes = np.stack([x, y, x + width, y + height], axis=1)
        shelves = find_shelves(boxes, np.ones(len(boxes)))
        front = shelves.front_row
        picture = read_image(folder / "images" / image["file_name"])
        rows.append(
            Row(
                identities=recogniser.recognise(picture, boxes[front].astype(np.float32)),
                labels=[corrections.get(found[i]["id"], names[found[i]["category_id"]]) for i in front],
                shelf=shelves.shelf[front].tolist(),
                position=shelves.position[front].tolist(),
            )
        )
    return rows


def measure(rows: list[Row], *, row_odds: float, recognised: float) -> tuple[float, float]:
    """Share of facings recognised, and share of those with the right SKU."""
    right = []
    facings = 0
    for row in rows:
        lifted = lift_rows(row.identities, row.shelf, row.position, row_odds=row_odds, recognised=recognised)
        for identity, label in zip(lifted, row.labels, strict=True):
            facings += label is not None
            if label is not None and identity.status == "recognised":
                right.append(identity.sku == label)
    return len(right) / max(1, facings), float(np.mean(right)) if right else 1.0


def main(
    *,
    data: Annotated[Path, typer.Option(help="The COCO folder that was trained on.")],
    run: Annotated[Path, typer.Option(help="Folder of a run that held photographs back.")] = Path("runs/embedder"),
    catalogue: Annotated[Path, typer.Option(help="Its catalogue.")] = Path("configs/catalogues/cooler-vn"),
) -> None:
    """Choose `row_odds` on the photographs RUN held back and enter it in the manifest.

    The highest odds at which what is recognised is still right as often as the calibration wants, and as it was alone.

    Example: python -m models.train.embedder_rows --data ../shared/data/cooler/train
    """
    embedder = SkuEmbedder.open()
    recogniser = SkuRecogniser(embedder, Catalogue.load(catalogue))
    held_back = set(json.loads((run / SPLIT).read_text(encoding="utf-8"))["held_back"])
    rows = read_rows(data, held_back, recogniser)
    recognised = embedder.doubt.recognised
    tried = {odds: measure(rows, row_odds=odds, recognised=recognised) for odds in ODDS}
    wanted = max(PRECISION, tried[1.0][1])
    chosen = max(odds for odds, (_, precision) in tried.items() if precision >= wanted or odds == 1.0)
    for entry in load_manifest(MODELS).models:
        if entry.kind == "sku-embedder":
            enter(MODELS, entry.model_copy(update={"thresholds": {**entry.thresholds, "row_odds": chosen}}))
    for odds, (coverage, precision) in tried.items():
        sys.stdout.write(f"odds {odds:>4g}: recognised {coverage:.4f}, right {precision:.4f}\n")
    sys.stdout.write(f"row_odds {chosen:g}\n")


if __name__ == "__main__":
    try:
        typer.run(main)
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
