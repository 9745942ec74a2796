"""What every training run shares: its log, its checkpoints, its schedule, its average of the weights."""

from __future__ import annotations

import copy
import json
import math
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from edge.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from torch import nn

T = TypeVar("T")

BAR_WIDTH = 30


class RunLog:
    """Log of one run: `log.jsonl` for programs, readable lines on stderr, a progress bar where a person watches."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "log.jsonl"
        self._tty = sys.stderr.isatty()

    def write(self, event: str, **fields: Any) -> None:
        """Append one event to the file and to stderr."""
        line = json.dumps({"time": round(time.time(), 1), "event": event, **fields})
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        shown = " ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in fields.items())
        lead = "\r" if self._tty else ""
        print(f"{lead}{event} {shown}", file=sys.stderr, flush=True)

    def progress(self, done: float, text: str) -> None:
        """Redraw the bar; `done` is 0..1."""
        if self._tty:
            full = round(BAR_WIDTH * min(done, 1.0))
            print(f"\r[{'#' * full}{'.' * (BAR_WIDTH - full)}] {done:4.0%} {text}   ", end="", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How far a run is: by steps, or by minutes of training when the time is what is given."""

    steps: int | None
    minutes: float | None
    warm_up: int = 100

    def progress(self, *, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        if self.minutes is not None:
            return min(1.0, seconds / (60 * self.minutes))
        return min(1.0, step / max(1, self.steps or 1))

    def rate(self, *, step: int, progress: float) -> float:
        """Factor of the learning rate: a linear start, then half a cosine down to 2 %."""
        return min(1.0, (step + 1) / self.warm_up) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


class WeightAverage:
    """Exponential average of a network's weights and buffers; what is measured and shipped."""

    def __init__(self, network: nn.Module, *, decay: float = 0.998) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay

    def update(self, network: nn.Module, *, step: int) -> None:
        """Move the average towards the network; faster in the beginning."""
        decay = self._decay * (1 - math.exp(-(step + 1) / 200))
        with torch.no_grad():
            for mean, value in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
                if mean.dtype.is_floating_point:
                    mean.lerp_(value.to(mean.dtype), 1 - decay)
                else:
                    mean.copy_(value)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a power cut leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint (tensors and plain values only).

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
    except Exception as error:
        raise ModelError(f"{path}: no usable checkpoint: {error}", "train first, or leave --resume away") from error
    return state


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made on another thread while the one before it is used."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item
