"""Calibrate a trained SKU embedder and enter it in the manifest: `python -m models.train.embedder_ship`."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.catalogue import MAX_REFERENCES
from edge.recognise.crops import CropShape
from edge.recognise.identity import Doubt, sku_cosines
from edge.recognise.manifest import Manifest, ModelEntry
from edge.recognise.prototypes import summarise
from models.train.calibration import NONE, Evidence, calibrate
from models.train.embedder import HELD_BACK
from models.train.embedder_data import FOREIGN, read_coco
from models.train.embedder_network import SkuEmbedder
from models.train.embedder_run import CHECKPOINT, embed
from models.train.run import load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.train.embedder_data import FacingCrop

NAME = "sku-embedder"
SOURCES = (
    {
        "name": "cooler/train",
        "licence": "CC-BY-4.0",
        "attribution": "drinks by object-detection on Roboflow Universe (object-detection/drinks-jicb6)",
    },
    {
        "name": "grocery_packages",
        "licence": "MIT",
        "attribution": "GroceryStoreDataset by Marcus Klasson (github.com/marcusklasson/GroceryStoreDataset)",
    },
)


def gather(network: SkuEmbedder, known: Sequence[FacingCrop], seen: Sequence[FacingCrop]) -> Evidence:
    """Cosines of held-back facings to a catalogue enrolled from the others."""
    references, names = embed(network, known), np.array([crop.sku for crop in known])
    skus = sorted(set(names.tolist()) - {FOREIGN})
    groups = [summarise(references[names == sku], MAX_REFERENCES) for sku in skus]
    first = np.cumsum([0, *(len(group) for group in groups[:-1])]).astype(np.int64)
    column = {sku: index for index, sku in enumerate(skus)}
    told = [crop for crop in seen if crop.sku == FOREIGN or crop.sku in column]
    labels = np.array([column.get(crop.sku, NONE) for crop in told])
    return Evidence(sku_cosines(embed(network, told), np.concatenate(groups), first), labels)


def entry(model: Path, doubt: Doubt, *, version: str, figures: Sequence[dict[str, Any]]) -> ModelEntry:
    """The manifest's entry of an embedder file."""
    shape = CropShape()
    return ModelEntry.model_validate(
        {
            "name": NAME,
            "kind": "sku-embedder",
            "version": version,
            "file": model.name,
            "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
            "input": {
                "height": shape.height,
                "width": shape.width,
                "layout": "NHWC",
                "colours": "BGR",
                "dtype": "uint8",
                "mean": (0, 0, 0),
                "std": (1, 1, 1),
            },
            "licence": "Apache-2.0",
            "card": "cards/sku-embedder.md",
            "training_data": SOURCES,
            "thresholds": {
                "crop_margin": shape.margin,
                "scale": doubt.scale,
                "none_cosine": doubt.none_cosine,
                "recognised": doubt.recognised,
                "unknown": doubt.unknown,
            },
            "figures": figures,
        }
    )


def enter(new: ModelEntry, manifest: Path) -> None:
    """Put an entry into the manifest in place of the one of its name, the file whole or not at all."""
    models: tuple[ModelEntry, ...] = ()
    if manifest.is_file():
        models = Manifest.model_validate_json(manifest.read_text(encoding="utf-8")).models
    others = tuple(model for model in models if model.name != new.name)
    content = Manifest(models=(*others, new)).model_dump(mode="json", exclude_none=True)
    part = manifest.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, manifest)  # noqa: PTH105 - the atomic rename is the point


app = typer.Typer(add_completion=False)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="the COCO folder that was trained on")],
    run: Annotated[Path, typer.Option(help="folder of a run that held photographs back")] = Path("runs/embedder"),
    model: Annotated[Path, typer.Option(help="the ONNX file to ship")] = Path("models/sku-embedder.onnx"),
    version: Annotated[str, typer.Option(help="of the model")] = "1",
) -> None:
    """Choose scale and thresholds on the photographs RUN held back, and enter MODEL with them in the manifest."""
    kept = set(json.loads((run / HELD_BACK).read_text()))
    crops = read_coco(data)
    known, seen = [crop for crop in crops if crop.photo not in kept], [crop for crop in crops if crop.photo in kept]
    if not seen:
        raise ModelError(f"{run}: nothing was held back", "calibrate with a run of --held-back above 0")
    network = SkuEmbedder()
    network.load_state_dict(load_checkpoint(run / CHECKPOINT)["average"])
    evidence = gather(network, known, seen)
    doubt = calibrate(evidence)
    told = evidence.labels != NONE
    right = float((evidence.cosines.argmax(1) == evidence.labels)[told].mean())
    figure = {
        "what": "SKU top-1, labelled boxes of held-back cooler/train photographs",
        "value": round(right, 4),
        "command": "python -m models.train.embedder_ship --data ../shared/data/cooler/train",
    }
    enter(entry(model, doubt, version=version, figures=[figure]), model.parent / "manifest.json")
    sys.stdout.write(json.dumps({"top1": right, **{k: getattr(doubt, k) for k in Doubt.__slots__}}) + "\n")


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
