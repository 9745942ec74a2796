"""Write the trained detector as ONNX and enter it in the manifest: `python -m models.train.export`."""

import hashlib
import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import onnxruntime as ort
import torch
import typer
from torch import Tensor, nn

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.manifest import ModelEntry, ModelInput, TrainingData
from models.train.network import DetectorNetwork, decode_boxes
from models.train.release import begin, enter, read_training_data
from models.train.run import load_checkpoint

SIDE = 640
OPSET = 17
INPUT, OUTPUTS = "frame", ["boxes", "scores"]
# bf16 is used in training only: what is shipped computes in float32, and must agree with torch to rounding.
TOLERANCE_PIXELS, TOLERANCE_SCORE = 0.05, 1e-3

DATA = (
    TrainingData(
        name="cooler/train (206 photographs, 6,352 boxes of the source, 423 added by hand)",
        licence="CC-BY-4.0",
        attribution="Roboflow Universe, object-detection/drinks-jicb6",
    ),
    TrainingData(
        name="supermarket_partial (60 photographs, 3,385 boxes, most of them added by hand)",
        licence="CC-BY-4.0",
        attribution="Roboflow Universe, ic-rfkuy/itens-de-dispensa-8pudf",
    ),
    TrainingData(
        name="price_tags/full (20 photographs, 917 boxes drawn by hand)",
        licence="CC-BY-4.0",
        attribution="Roboflow Universe, shelf-price-detection-3wzwq",
    ),
    TrainingData(
        name="rendered shelves (450 coolers and racks, 240 supermarket shelves) and 1,400 composed walls of packs",
        licence="Apache-2.0 AND CC-BY-4.0",
        attribution="drawn by this project from invented products; half of the walls' packs are cut out of the above",
    ),
)


class Deployed(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The network with its input and output as a device wants them: camera bytes in, boxes and scores out."""

    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor) -> tuple[Tensor, Tensor]:
        """(1, h, w, 3) uint8 BGR -> boxes (1, n, 4) in pixels, scores (1, n)."""
        pictures = frame.permute(0, 3, 1, 2).float()
        # RGB / 255, as in training.
        pictures = torch.stack([pictures[:, 2], pictures[:, 1], pictures[:, 0]], 1) * (1 / 255)
        scores, edges, cells = self.network(pictures)
        return decode_boxes(edges, cells), scores.sigmoid()


def write_onnx(network: DetectorNetwork, path: Path) -> None:
    """Write the network with a free height and width (multiples of 32), and check it against torch on two sizes.

    Raises:
        ModelError: ONNX Runtime gives other numbers than torch.
    """
    deployed = Deployed(network.float().to(memory_format=torch.contiguous_format)).eval()
    example = torch.zeros((1, 96, 64, 3), dtype=torch.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracing exporter is marked legacy; the other needs a further package
        torch.onnx.export(
            deployed,
            (example,),
            str(path),
            input_names=[INPUT],
            output_names=OUTPUTS,
            dynamic_axes={INPUT: {1: "height", 2: "width"}, "boxes": {1: "cells"}, "scores": {1: "cells"}},
            opset_version=OPSET,
            dynamo=False,
        )
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for height, width in ((128, 96), (96, 160)):
        frame = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        with torch.no_grad():
            wanted = [output.numpy() for output in deployed(torch.from_numpy(frame))]
        found = session.run(OUTPUTS, {INPUT: frame})
        worst = [float(np.abs(w - f).max()) for w, f in zip(wanted, found, strict=True)]
        if worst[0] > TOLERANCE_PIXELS or worst[1] > TOLERANCE_SCORE:
            raise ModelError(f"{path}: differs from torch by {worst[0]:.3g} px and {worst[1]:.3g} in score")


def main(
    *,
    checkpoint: Annotated[Path, typer.Option(help="Checkpoint of models.train.detector.")] = Path(
        "runs/detector/best.pt"
    ),
    thresholds: Annotated[Path, typer.Option(help="What models.train.choose wrote.")] = Path(
        "runs/detector/chosen.json"
    ),
    folder: Annotated[
        Path, typer.Option("--models", "--folder", help="Folder of the manifest; a new one gets the other models too.")
    ] = Path("models"),
    version: Annotated[str, typer.Option(help="Version to enter.")] = "1.0.0",
    trained_on: Annotated[
        list[str] | None,
        typer.Option(help="'NAME; LICENCE; WHO MADE IT' of what it was trained on beside the shipped model's data."),
    ] = None,
) -> None:
    """Write `product-detector.onnx` and its manifest entry.

    Example: python -m models.train.export --checkpoint runs/detector/best.pt --version 1.0.0
    """
    try:
        further = tuple(read_training_data(text) for text in trained_on or [])
        network = DetectorNetwork()
        network.load_state_dict(load_checkpoint(checkpoint)["average"])
        begin(folder, without="product-detector")
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            written = Path(scratch) / "product-detector.onnx"
            write_onnx(network, written)
            digest = hashlib.sha256(written.read_bytes()).hexdigest()
            written.replace(folder / written.name)
        entry = ModelEntry(
            name="product-detector",
            kind="product-detector",
            version=version,
            file="product-detector.onnx",
            sha256=digest,
            input=ModelInput(
                height=SIDE,
                width=SIDE,
                multiple=32,
                layout="NHWC",
                colours="BGR",
                dtype="uint8",
                mean=(0.0, 0.0, 0.0),
                std=(1.0, 1.0, 1.0),
            ),
            licence="Apache-2.0",
            card="cards/product-detector.md",
            training_data=(*DATA, *further),
            thresholds=json.loads(thresholds.read_text(encoding="utf-8")),
            figures=(),  # models.train.figures measures what is shipped and enters it
        )
        enter(folder, entry)
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    print(f"{folder / entry.file} {digest}")


if __name__ == "__main__":
    typer.run(main)
