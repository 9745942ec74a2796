"""Write INT8 files beside the float32 ones and enter them with what they cost: `python -m models.train.quantise`."""

import hashlib
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cv2
import torch
import typer

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.manifest import MODELS, Figure, Kind, Model, Quantisation, find_model
from edge.recognise.speed import detection, drawn_shelf, median_ratio, recognition, take_turns
from models.train.int8 import write_int8
from models.train.release import enter
from models.train.trials import DetectorTrial, EmbedderTrial, Outcome, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

CALIBRATION = 96  # pictures: on these nets the ranges stop moving at a few dozen
COMMAND = "python -m models.train.quantise --data {}"


def quantise(
    kind: Kind,
    trial: Trial,
    *,
    folder: Path,
    data: Path,
    calibrate_on: int = CALIBRATION,
    threads: int = 2,
    rounds: int = 20,
) -> Outcome:
    """Write `<name>.int8.onnx` beside the float32 file, measure both, and enter it in the manifest.

    Args:
        kind: of model.
        trial: pictures to calibrate with, and held-back ones to measure on.
        folder: of the manifest.
        data: the folder the pictures come from.
        calibrate_on: pictures to calibrate with.
        threads: CPU threads of the timing.
        rounds: of the timing.

    Raises:
        ModelError: there is no such float32 model.
    """
    plain = find_model(kind, folder=folder, precision="float32")
    path = folder / f"{plain.path.stem}.int8.onnx"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        written = Path(scratch) / path.name
        write_int8(plain.path, written, trial.pictures(plain, count=calibrate_on), last_too=trial.last_too)
        written.replace(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    # Measured before it is entered: the entry it is measured with is the float32 one with another file.
    trial_entry = plain.entry.model_copy(update={"file": path.name, "sha256": digest})
    small = Model(entry=trial_entry, path=path)
    outcome = trial.compare(plain, small)
    ratio = _time_ratio(plain, small, threads=threads, rounds=rounds)
    quantisation = Quantisation(
        made_from=plain.entry.sha256,
        measure=outcome.measure,
        float32=round(outcome.float32, 4),
        int8=round(outcome.int8, 4),
        time_ratio=round(ratio, 3),
    )
    command = COMMAND.format(data)
    figures = (
        Figure(what=outcome.measure, value=quantisation.int8, command=command),
        Figure(what="time of one call / float32, same run", value=quantisation.time_ratio, command=command),
        *(Figure(what=what, value=round(value, 4), command=command) for what, value in outcome.further.items()),
    )
    update = {"precision": "int8", "quantisation": quantisation, "figures": figures}
    enter(folder, trial_entry.model_copy(update=update))
    row = {"model": path.name, "megabytes": round(path.stat().st_size / 1e6, 2), "default": quantisation.pays}
    print(json.dumps({**row, **asdict(outcome), "time_ratio": quantisation.time_ratio}), flush=True)
    return outcome


def _time_ratio(plain: Model, small: Model, *, threads: int, rounds: int) -> float:
    image, boxes = drawn_shelf()
    tasks: dict[str, Callable[[], object]] = {}
    for name, model in (("float32", plain), ("int8", small)):
        if model.entry.kind == "product-detector":
            tasks[name] = detection(model, image, threads=threads)
        else:
            tasks[name] = recognition(model, image, boxes, threads=threads)
    spent = take_turns(tasks, rounds=rounds)
    return median_ratio(spent["int8"], spent["float32"])


def main(
    *,
    data: Annotated[Path, typer.Option(help="Folder the models were trained on: calibration, held-back photos.")],
    folder: Annotated[Path, typer.Option("--models", "--folder", help="Folder of the manifest.")] = MODELS,
    detector_run: Annotated[Path, typer.Option(help="Run of the detector: names what it held back.")] = Path(
        "runs/detector"
    ),
    embedder_run: Annotated[Path, typer.Option(help="Run of the embedder: names what it held back.")] = Path(
        "runs/embedder"
    ),
    corrections: Annotated[Path | None, typer.Option(help="Corrections of the detector's truth.")] = Path(
        "models/train/truth/cooler-train.json"
    ),
    only: Annotated[str, typer.Option(help="product-detector or sku-embedder; empty: both.")] = "",
    threads: Annotated[int, typer.Option(help="CPU threads of measuring and timing.")] = 2,
) -> None:
    """Calibrate on the photographs that were trained on, measure on those held back, and enter both INT8 files.

    Example: python -m models.train.quantise --data ../shared/data/cooler/train
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)
    trials: dict[Kind, Callable[[], Trial]] = {
        "product-detector": lambda: DetectorTrial.of(data, detector_run, corrections=corrections, threads=threads),
        "sku-embedder": lambda: EmbedderTrial.of(data, embedder_run, threads=threads),
    }
    try:
        if only and only not in trials:
            raise ModelError(f"--only {only}: no such kind", f"one of {', '.join(trials)}")
        for kind, trial in trials.items():
            if only in ("", kind):
                quantise(kind, trial(), folder=folder, data=data, threads=threads)
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
