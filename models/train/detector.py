"""Train the product detector: `python -m models.train.detector --data ../shared/data/cooler/train`."""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer

from edge.contract.errors import FacingsError
from edge.recognise.boxes import lay_on_canvas
from models.train.augment import Example, make_example
from models.train.loss import detection_loss
from models.train.measure import detect, precision_of, to_input
from models.train.network import DetectorNetwork, NetworkSize
from models.train.photos import Photo, hold_back, read_photos
from models.train.run import RunLog, Schedule, WeightAverage, load_checkpoint, save_checkpoint
from models.train.shipped import load_shipped

MEASURE_SIDE = 640
# When the network knows products well enough that a high score where nobody drew a box means a missing box.
DOUBT_FROM = 0.3
# The last part sees upright scenes only, as inference will, so that boxes grow tight.
PLAIN_FROM = 0.75
LONGEST = 1280  # pixels of a further photograph's longer side: more would never be seen
EXAMPLES = 16  # pictures that place the norms of weights taken from an ONNX file


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a run."""

    seed: int = 0
    batch: int = 8
    side: int = 512
    rate: float = 1.5e-3
    decay: float = 0.05
    share: float = 0.1
    doubt: bool = True  # leave high-scoring background out: for a truth whose missing boxes nobody has added
    own_share: float = 0.5  # of what is seen, where further sets are given; these share the rest evenly
    checks: int = 12  # measurements on the held-back photographs
    network: NetworkSize = field(default_factory=NetworkSize)


class DetectorTraining:
    """One run: its network, optimiser and place in the schedule."""

    def __init__(
        self,
        photos: list[Photo],
        *,
        settings: Settings,
        schedule: Schedule,
        out: Path,
        also: Sequence[Sequence[Photo]] = (),
    ) -> None:
        torch.manual_seed(settings.seed)
        self._settings, self._schedule, self._out = settings, schedule, out
        self._photos, self._held = hold_back(photos, share=settings.share, seed=settings.seed)
        if not self._photos:
            self._photos, self._held = self._held, []  # one place only: nothing can be held back honestly
        sets = [self._photos, *also]
        self._sizes = [len(one) for one in sets]
        self._photos = [photo for one in sets for photo in one]
        share = settings.own_share if also else 1.0
        self._shares = np.array([share, *[(1 - share) / max(1, len(also))] * len(also)])
        self._ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="examples")
        self._next: Future[list[Example]] | None = None
        self._network = DetectorNetwork(settings.network).to(memory_format=torch.channels_last)
        self._average = WeightAverage(self._network)
        self._optimiser = torch.optim.AdamW(_weight_groups(self._network, settings.decay), lr=settings.rate)
        self._step, self._seconds, self._best, self._checked = 0, 0.0, -1.0, 0
        self._log = RunLog(out)

    def start_from(self, path: Path) -> None:
        """Begin with the weights of an earlier run's checkpoint, or of a shipped ONNX file, instead of random ones."""
        if path.suffix == ".onnx":
            inputs = [lay_on_canvas(p.image, side=self._settings.side)[0] for p in self._photos[:EXAMPLES]]
            load_shipped(self._network, path, [to_input([one]) for one in inputs])
            weights = self._network.state_dict()
        else:
            weights = load_checkpoint(path)["average"]
        self._network.load_state_dict(weights)
        self._average.network.load_state_dict(weights)

    def resume(self) -> None:
        """Go on from `last.pt`. What was best is measured anew: the truth may have been corrected since."""
        state = load_checkpoint(self._out / "last.pt")
        self._network.load_state_dict(state["network"])
        self._average.network.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._step, self._seconds = state["step"], state["seconds"]
        if self._held and (self._out / "best.pt").is_file():  # a run can be cut before its first measurement
            before = DetectorNetwork(self._settings.network)
            before.load_state_dict(load_checkpoint(self._out / "best.pt")["average"])
            self._best = self._score(before)
        self._checked = int(self._progress() * self._settings.checks)

    def run(self) -> Path:
        """Train to the end of the schedule; returns the checkpoint with the best average on held-back photographs."""
        parameters = sum(p.numel() for p in self._network.parameters())
        names = [photo.name for photo in self._held]
        self._log.write("start", photos=len(self._photos), held=names, parameters=parameters, step=self._step)
        while (progress := self._progress()) < 1.0:
            if int(progress * self._settings.checks) > self._checked:
                self._checked = int(progress * self._settings.checks)
                self._check(progress)
            self.learn()
        self._checked = self._settings.checks
        self._check(1.0)
        return self._out / "best.pt"

    def learn(self) -> None:
        """One step on one batch."""
        began, settings = time.monotonic(), self._settings
        progress = self._progress()
        examples = self._next.result() if self._next else self._draw(self._step, progress)
        self._next = self._ahead.submit(self._draw, self._step + 1, progress)  # while the network computes
        for group in self._optimiser.param_groups:
            group["lr"] = settings.rate * self._schedule.rate(step=self._step, progress=progress)
        self._network.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = self._network(to_input([example.image for example in examples]))
        loss, parts = detection_loss(
            outputs,
            [torch.from_numpy(example.boxes) for example in examples],
            [torch.from_numpy(example.ignored) for example in examples],
            doubt=settings.doubt and progress >= DOUBT_FROM,
        )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 10.0)
        self._optimiser.step()
        self._average.update(self._network, step=self._step)
        self._step += 1
        self._seconds += time.monotonic() - began
        if self._step % 20 == 0:
            self._log.write("step", step=self._step, progress=round(progress, 4), seconds=round(self._seconds), **parts)
        self._log.progress(progress, f"step {self._step} loss {float(loss.detach()):.3f}")

    def _progress(self) -> float:
        return self._schedule.progress(step=self._step, seconds=self._seconds)

    def _draw(self, step: int, progress: float) -> list[Example]:
        """The pictures of one step."""
        settings = self._settings
        return [
            make_example(
                self._photos,
                self._photo_at(position),
                side=settings.side,
                rng=np.random.default_rng((settings.seed, position)),
                wild=progress < PLAIN_FROM,
            )
            for position in range(step * settings.batch, (step + 1) * settings.batch)
        ]

    def _photo_at(self, position: int) -> int:
        """Which photograph comes at a position: a set drawn by its share, and any of it."""
        rng = np.random.default_rng((self._settings.seed, 1, position))
        which = int(rng.choice(len(self._sizes), p=self._shares))
        return sum(self._sizes[:which]) + int(rng.integers(self._sizes[which]))

    def _check(self, progress: float) -> None:
        """Measure the average on the held-back photographs; keep it when it is the best so far."""
        score = self._score(self._average.network, progress=round(progress, 3)) if self._held else -1.0
        if score >= self._best:
            self._best = score
            state = {"average": self._average.network.state_dict(), "step": self._step, "held": self._held_names()}
            save_checkpoint(self._out / "best.pt", state)
        self.save()

    def save(self) -> None:
        """Write `last.pt`, from which `resume` goes on."""
        save_checkpoint(self._out / "last.pt", self._state())

    def _score(self, network: DetectorNetwork, **noted: float) -> float:
        """AP50 + AP of a network on the held-back photographs."""
        found = precision_of(self._held, detect(network, self._held, side=MEASURE_SIDE))
        self._log.write("held-back", step=self._step, ap50=found.ap50, ap=found.ap, **noted)
        return found.ap50 + found.ap

    def _held_names(self) -> list[str]:
        return [photo.name for photo in self._held]

    def _state(self) -> dict[str, Any]:
        return {
            "network": self._network.state_dict(),
            "average": self._average.network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "step": self._step,
            "seconds": self._seconds,
        }


def _weight_groups(network: torch.nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay on kernels only: norms and biases have no reason to be small."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def read_further(given: str) -> list[Photo]:
    """`FOLDER`, or `FOLDER=CORRECTIONS`: then only the photographs that these name, which somebody went through."""
    folder, _, corrections = given.partition("=")
    photos = read_photos(Path(folder), corrections=Path(corrections) if corrections else None)
    if corrections:
        named = json.loads(Path(corrections).read_text(encoding="utf-8"))
        photos = [photo for photo in photos if photo.name in named]
    return [_shrunk(photo) for photo in photos]


def _shrunk(photo: Photo) -> Photo:
    longest = max(photo.image.shape[:2])
    if longest <= LONGEST:
        return photo
    scale = LONGEST / longest
    image = cv2.resize(photo.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Photo(photo.name, np.asarray(image, np.uint8), photo.boxes * np.float32(scale), photo.ignored * scale)


def train(
    *,
    data: Annotated[Path, typer.Option(help="Labelled photographs: COCO, YOLO or VOC folder.")],
    out: Annotated[Path, typer.Option(help="Folder of the log and the checkpoints.")] = Path("runs/detector"),
    also: Annotated[
        list[str] | None,
        typer.Option(
            help="Further sets, FOLDER or FOLDER=CORRECTIONS, such as rendered shelves; half of what is seen."
        ),
    ] = None,
    own_share: Annotated[float, typer.Option(min=0, max=1, help="Part of what is seen that is of --data.")] = 0.5,
    corrections: Annotated[Path | None, typer.Option(help="Corrections of the truth (JSON).")] = None,
    held_back: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of photographs kept to choose by, whole groups.")
    ] = 0.1,
    minutes: Annotated[float | None, typer.Option(help="Minutes of training; instead of --epochs.")] = None,
    epochs: Annotated[int, typer.Option(help="Times every photograph is seen.")] = 90,
    batch: Annotated[int, typer.Option(help="Pictures a step.")] = 8,
    side: Annotated[int, typer.Option(help="Pixels of a training picture's side, a multiple of 32.")] = 512,
    seed: Annotated[int, typer.Option(help="Of weights, order, augmentation and what is held back.")] = 0,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    start: Annotated[
        Path | None, typer.Option(help="Weights to start from: a checkpoint, or a shipped ONNX file (float32).")
    ] = None,
    rate: Annotated[float, typer.Option(help="Highest learning rate.")] = 1.5e-3,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in --out.")] = False,
) -> None:
    """Train the product detector and leave `best.pt` (chosen on held-back photographs) in --out.

    Example: python -m models.train.detector --data ../shared/data/cooler/train --minutes 40
    """
    torch.set_num_threads(threads)
    settings = Settings(
        seed=seed,
        batch=batch,
        side=side,
        rate=rate,
        share=held_back,
        doubt=corrections is None,
        own_share=own_share,
    )
    try:
        photos = read_photos(data, corrections=corrections)
        steps = -(-epochs * len(photos) * (2 if also else 1) // batch)
        schedule = Schedule(steps=steps, minutes=minutes)
        further = [read_further(given) for given in also or []]
        training = DetectorTraining(photos, settings=settings, schedule=schedule, out=out, also=further)
        if start is not None:
            training.start_from(start)
        if resume:
            training.resume()
        print(training.run())
    except FacingsError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(train)
