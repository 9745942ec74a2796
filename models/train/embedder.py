"""Train the SKU embedder: `python -m models.train.embedder --data COOLER_TRAIN --also PRODUCT_FOLDERS`."""

from __future__ import annotations

import copy
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import torch
import typer

from edge.contract.errors import FacingsError, ImageError
from edge.recognise.crops import CropShape
from models.train.embedder_data import Mixture, hold_back, read_any, read_facings
from models.train.embedder_run import EmbedderTraining, Settings
from models.train.run import Schedule

if TYPE_CHECKING:
    from models.train.embedder_network import SkuEmbedder

SPLIT = "split.json"
app = typer.Typer(add_completion=False)


def export(network: SkuEmbedder, path: Path) -> None:
    """Write ONNX: input `crops` (n, 128, 96, 3) uint8 BGR, output `embeddings` (n, d) float32; n is free."""
    shape = CropShape()
    example = torch.zeros(2, shape.height, shape.width, 3, dtype=torch.uint8)
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter praises its successor, which wants a further package
        torch.onnx.export(
            copy.deepcopy(network).eval().to(memory_format=torch.contiguous_format),
            (example,),
            str(part),
            input_names=["crops"],
            output_names=["embeddings"],
            dynamic_axes={"crops": {0: "n"}, "embeddings": {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
    part.replace(path)


@app.command()
def main(
    *,
    data: Annotated[Path, typer.Option(help="folder of facings with SKUs: COCO, YOLO or VOC")],
    also: Annotated[list[Path] | None, typer.Option(help="further such folders, or trees of product folders")] = None,
    out: Annotated[Path, typer.Option(help="where the ONNX file goes")] = Path("models/sku-embedder.onnx"),
    run: Annotated[Path, typer.Option(help="folder of checkpoint and log")] = Path("runs/embedder"),
    epochs: Annotated[int, typer.Option(min=1, help="passes over as many crops as DATA has")] = 60,
    minutes: Annotated[float, typer.Option(help="train so long instead of so many epochs; 0: by epochs")] = 0,
    batch: Annotated[int, typer.Option(min=2)] = 128,
    steps: Annotated[int, typer.Option(help="steps an epoch; 0: crops / batch")] = 0,
    main_share: Annotated[float, typer.Option(help="part of what is seen that is of DATA")] = 0.45,
    held_back: Annotated[float, typer.Option(help="share of photographs kept to choose by, whole groups")] = 0.2,
    leave_out: Annotated[str, typer.Option(help="SKUs not trained on, commas between: to measure enrolment")] = "",
    seed: Annotated[int, typer.Option()] = 0,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    stop_after: Annotated[int | None, typer.Option(help="leave off after this epoch, to resume later")] = None,
    rate: Annotated[float, typer.Option(help="highest learning rate")] = 2e-3,
    begin_with: Annotated[
        Path | None,
        typer.Option(help="what to begin with: another run's checkpoint or a shipped ONNX file (float32)"),
    ] = None,
    resume: Annotated[bool, typer.Option(help="go on from the checkpoint in RUN")] = False,
) -> None:
    """Train the SKU embedder and write it as ONNX.

    Example: python -m models.train.embedder --data ../shared/data/cooler/train --also ../shared/data/grocery_packages
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)  # crops are small: threads would cost more than they give
    left_out = {name for name in leave_out.split(",") if name}
    facings = [crop for crop in read_facings(data) if crop.sku not in left_out]
    kept = hold_back(data, facings, share=held_back, seed=seed)
    known = [crop for crop in facings if crop.photo not in kept]
    if not known:
        raise ImageError(
            f"{data}: no facing to train on: its {len(kept)} photographs show one place, or none has its SKU told",
            "add photographs of other places, or --held-back 0",
        )
    more = [crop for folder in also or [] for crop in read_any(folder) if crop.sku not in left_out]
    count = steps or max(1, len(known) // batch)
    training = EmbedderTraining(
        Mixture.of(known + more, main=data.name, main_share=main_share),
        settings=Settings(seed=seed, batch=batch, steps=count, rate=rate),
        schedule=Schedule(epochs * count, minutes if minutes > 0 else None),
        folder=run,
    )
    split = {"held_back": sorted(kept), "left_out": sorted(left_out)}
    (run / SPLIT).write_text(json.dumps(split), encoding="utf-8")
    if resume:
        training.resume()
    elif begin_with is not None:
        training.begin_with(begin_with)
    else:
        training.begin_with_imagenet()
    training.run(known=known, seen=[crop for crop in facings if crop.photo in kept], stop_after=stop_after)
    export(training.average, out)
    sys.stdout.write(json.dumps({"model": str(out), "epochs": training.epoch}) + "\n")


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
