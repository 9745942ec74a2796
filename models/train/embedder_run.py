"""One training run of the SKU embedder: its state, its epochs, what it is worth on held-back photographs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from edge.contract.errors import ModelError
from edge.recognise.catalogue import MAX_REFERENCES
from edge.recognise.crops import CropShape
from edge.recognise.prototypes import summarise
from models.train.embedder_data import FOREIGN, FacingCrop, Mixture
from models.train.embedder_network import SkuEmbedder, SubCentreProxies
from models.train.run import RunLog, Schedule, WeightAverage, ahead, load_checkpoint, save_checkpoint
from models.train.shipped import load_shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CHECKPOINT = "checkpoint.pt"
_MEASURE_EVERY = 5  # epochs
_PLACED_BY = 24  # crops of a SKU that say where its proxies begin
_NORMS_PLACED_BY = (4, 32)  # batches and their size that say what reaches the norms of a shipped file


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides a run."""

    seed: int = 0
    batch: int = 128
    steps: int = 40  # of one epoch
    rate: float = 2e-3
    decay: float = 0.05
    body_pace: float = 0.3  # the backbone begins with what it learnt on ImageNet, the head at random
    proxy_pace: float = 10.0  # proxies start at random among trained neighbours: they have farther to go


class EmbedderTraining:
    """One run: its networks, optimiser and place in the schedule."""

    def __init__(self, mixture: Mixture, *, settings: Settings, schedule: Schedule, folder: Path) -> None:
        torch.manual_seed(settings.seed)
        self._mixture, self._settings, self._schedule, self._folder = mixture, settings, schedule, folder
        self.network = SkuEmbedder().to(memory_format=torch.channels_last)
        self.proxies = SubCentreProxies(len(mixture.skus))
        self._average = WeightAverage(self.network)
        body = [p for p in self.network.body.parameters() if p.requires_grad]
        others = [p for part in (self.network.head, self.network.norm) for p in part.parameters()]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": kept, "weight_decay": settings.decay if plural else 0.0, "pace": pace}
                for parameters, pace in ((body, settings.body_pace), (others, 1.0))
                for plural in (True, False)  # norms and biases have no reason to be small
                for kept in [[p for p in parameters if (p.ndim > 1) is plural]]
            ]
            + [
                {"params": list(self.proxies.parameters()), "weight_decay": 0.0, "pace": settings.proxy_pace},
            ]
        )
        self.epoch, self._step, self._seconds = 0, 0, 0.0
        self._log = RunLog(folder)

    @property
    def average(self) -> SkuEmbedder:
        """The running average of the weights: what is measured and shipped."""
        network: SkuEmbedder = self._average.network
        return network

    @property
    def progress(self) -> float:
        """0 at the start, 1 at the end."""
        return self._schedule.progress(step=self._step, seconds=self._seconds)

    def resume(self) -> None:
        """Go on from the checkpoint.

        Raises:
            ModelError: there is none, or it was trained on other SKUs.
        """
        path = self._folder / CHECKPOINT
        state = load_checkpoint(path)
        if state["skus"] != self._mixture.skus:
            raise ModelError(f"{path} was trained on other SKUs", "give the same --data, --also and --leave-out")
        self.network.load_state_dict(state["network"])
        self.proxies.load_state_dict(state["proxies"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.average.load_state_dict(state["average"])
        self.epoch, self._step, self._seconds = state["epoch"], state["step"], state["seconds"]

    def begin_with_imagenet(self) -> None:
        """Take a backbone that has seen the world.

        Raises:
            ModelError: the package that carries its weights is not installed.
        """
        self.network.body.load_imagenet()
        self.average.body.load_imagenet()

    def begin_with(self, path: Path) -> None:
        """Take the network of another run, trained perhaps on other SKUs, and place the proxies where it sees them.

        Args:
            path: its checkpoint, or a shipped ONNX file (float32).

        Raises:
            ModelError: there is no such file, or it is of another network.
        """
        if path.suffix == ".onnx":
            count, size = _NORMS_PLACED_BY
            rng = np.random.default_rng(self._settings.seed)
            drawn = self._mixture.batches(size=size, count=count, shape=CropShape(), rng=rng)
            load_shipped(self.network, path, [torch.from_numpy(crops) for crops, _ in drawn])
        else:
            self.network.load_state_dict(load_checkpoint(path)["average"])
        self.average.load_state_dict(self.network.state_dict())
        rng = np.random.default_rng(self._settings.seed)
        centres = self.proxies.proxies.shape[1]
        with torch.no_grad():
            for label in range(len(self._mixture.skus)):
                own = rng.permutation(np.flatnonzero(self._mixture.labels == label))[:_PLACED_BY]
                looks = summarise(embed(self.average, [self._mixture.crops[index] for index in own]), centres)
                spread = np.resize(looks, (centres, looks.shape[1]))
                noise = 0.02 * rng.normal(size=spread.shape)  # equal proxies would stay equal
                self.proxies.proxies[label] = torch.from_numpy((spread + noise).astype(np.float32))

    def run(self, *, known: Sequence[FacingCrop], seen: Sequence[FacingCrop], stop_after: int | None = None) -> None:
        """Train to the end of the schedule, or until epoch `stop_after`; a checkpoint after every epoch.

        Args:
            known: facings to enrol when it measures.
            seen: held-back facings to measure on.
            stop_after: leave off after this epoch, to be resumed.
        """
        self._log.write("start", crops=len(self._mixture.crops), skus=len(self._mixture.skus), seen=len(seen))
        while self.progress < 1.0 and (stop_after is None or self.epoch < stop_after):
            loss = self._learn_epoch()
            measured = {}
            if seen and (self.epoch % _MEASURE_EVERY == 0 or self.progress >= 1.0):
                measured["top1"] = top1(self.average, known, seen)
            self._log.write("epoch", number=self.epoch, loss=loss, seconds=round(self._seconds), **measured)
            self._save()

    def _learn_epoch(self) -> float:
        """Mean loss of one epoch. Its chance comes from seed and epoch alone: a resumed run draws the same."""
        settings, total = self._settings, 0.0
        rng = np.random.default_rng((settings.seed, self.epoch))
        torch.manual_seed(settings.seed * 100_003 + self.epoch)
        self.network.train()
        batches = self._mixture.batches(size=settings.batch, count=settings.steps, shape=CropShape(), rng=rng)
        started = time.monotonic()
        for crops, labels in ahead(batches):
            total += self._learn(torch.from_numpy(crops), torch.from_numpy(labels))
            now = time.monotonic()
            self._seconds, started = self._seconds + now - started, now
            self._log.progress(self.progress, f"loss {total / (self._step % settings.steps or settings.steps):.3f}")
        self.epoch += 1
        return total / settings.steps

    def _learn(self, crops: torch.Tensor, labels: torch.Tensor) -> float:
        """One step on one batch; its loss."""
        rate = self._settings.rate * self._schedule.rate(step=self._step, progress=self.progress)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["pace"]
        with torch.autocast("cpu", torch.bfloat16):
            embeddings = self.network(crops)
        loss = self.proxies(embeddings.float(), labels)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self._optimiser.step()
        self._average.update(self.network, step=self._step)
        self._step += 1
        return float(loss.detach())

    def _save(self) -> None:
        save_checkpoint(
            self._folder / CHECKPOINT,
            {
                "network": self.network.state_dict(),
                "proxies": self.proxies.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "average": self.average.state_dict(),
                "skus": self._mixture.skus,
                "epoch": self.epoch,
                "step": self._step,
                "seconds": self._seconds,
            },
        )


def embed(network: SkuEmbedder, crops: Sequence[FacingCrop], *, batch: int = 256) -> NDArray[np.float32]:
    """(n, d) embeddings of plain, unaugmented crops."""
    network.eval()
    shape = CropShape()
    parts = [np.zeros((0, network.head.out_features), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(crops), batch):
            part = np.stack([crop.plain(shape) for crop in crops[start : start + batch]])
            parts.append(network(torch.from_numpy(part)).numpy())
    return np.concatenate(parts)


def top1(network: SkuEmbedder, known: Sequence[FacingCrop], seen: Sequence[FacingCrop]) -> float:
    """Share of `seen` whose nearest prototype is of its own SKU; foreign products do not count."""
    told = [crop for crop in seen if crop.sku != FOREIGN]
    references, names = embed(network, known), np.array([crop.sku for crop in known])
    skus = sorted(set(names.tolist()) - {FOREIGN})
    embeddings = embed(network, told)
    cosines = [(embeddings @ summarise(references[names == sku], MAX_REFERENCES).T).max(1) for sku in skus]
    best = np.stack(cosines, axis=1).argmax(1)
    return float(np.mean([skus[index] == crop.sku for index, crop in zip(best, told, strict=True)]))
