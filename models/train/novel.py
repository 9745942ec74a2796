"""Measure what an embedder makes of SKUs it was not trained on: `python -m models.train.novel`.

The embedder is that of a run that left SKUs out, or the shipped one: trained on every SKU of its sets, so that only
products of other sets are new to it. Two questions. A new SKU, enrolled from five pictures beside two hundred others:
is it told apart (top-1)? And a product that is in no catalogue: is it taken for a SKU that is? The second is asked of
facings of `cooler/train` that were held back, with the catalogue lacking five SKUs at a time, in rotation.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import torch
import typer

from edge.contract.errors import FacingsError, ModelError
from edge.recognise import embedder as shipped
from edge.recognise.catalogue import MAX_REFERENCES
from edge.recognise.identity import Doubt, decide, sku_cosines
from edge.recognise.manifest import find_model
from edge.recognise.prototypes import summarise
from models.train.embedder import SPLIT
from models.train.embedder_data import FOREIGN, hold_back, read_any, read_facings
from models.train.embedder_network import SkuEmbedder
from models.train.embedder_run import CHECKPOINT, embed
from models.train.embedder_ship import ENROLLED, draw_few
from models.train.run import load_checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from models.train.embedder_data import FacingCrop

    Embed = Callable[[Sequence[FacingCrop]], NDArray[np.float32]]  # n facings -> (n, d), each of length 1
    Held = Mapping[str, NDArray[np.float32]]  # SKU -> (n, d) embeddings of its facings

GALLERY = 200  # SKUs a shop's catalogue holds
DRAWS = 5
MOST = 60  # facings of a product that are asked: more of one say little more
AT_A_TIME = 5  # SKUs that the catalogue lacks in one turn of the rotation
HELD_BACK = 0.1  # of the photographs, when the shipped embedder was trained (its card)


@dataclass(frozen=True, slots=True)
class Subject:
    """An embedder, and what its training knew nothing of."""

    embed: Embed
    left_out: frozenset[str]  # SKUs
    held_back: frozenset[str]  # photographs

    @classmethod
    def of_run(cls, run: Path) -> Subject:
        """What a run trained.

        Raises:
            ModelError: the folder holds no checkpoint.
        """
        network = SkuEmbedder()
        network.load_state_dict(load_checkpoint(run / CHECKPOINT)["average"])
        split = json.loads((run / SPLIT).read_text(encoding="utf-8"))
        left_out, held_back = frozenset(split["left_out"]), frozenset(split["held_back"])
        return cls(lambda crops: embed(network, crops), left_out, held_back)

    @classmethod
    def of_shipped(
        cls, data: Path, trained: Sequence[FacingCrop], new: Sequence[FacingCrop], *, threads: int
    ) -> Subject:
        """What ships, as the device runs it.

        Args:
            data: the folder it was trained on, whose photographs are held back again as they were then.
            trained: facings of that folder.
            new: facings of products that it was never trained on.
            threads: CPU threads.
        """
        device = shipped.SkuEmbedder(find_model("sku-embedder"), threads=threads)

        def plain(crops: Sequence[FacingCrop]) -> NDArray[np.float32]:
            return device.embed_crops(np.stack([crop.plain(device.shape) for crop in crops]))

        kept = hold_back(data, trained, share=HELD_BACK, seed=0)
        return cls(plain, frozenset(crop.sku for crop in new), frozenset(kept))


@dataclass(frozen=True, slots=True)
class Product:
    """A product with the embeddings of its facings."""

    sku: str
    crops: list[FacingCrop]
    embeddings: NDArray[np.float32]  # (n, d)

    @classmethod
    def of(cls, crops: Sequence[FacingCrop], look: Embed, *, rng: np.random.Generator) -> list[Product]:
        """Group facings by product; of many, some."""
        groups: dict[str, list[FacingCrop]] = {}
        for place in rng.permutation(len(crops)):
            groups.setdefault(crops[place].sku, []).append(crops[place])
        kept = {sku: found[:MOST] for sku, found in groups.items() if len({crop.photo for crop in found}) > ENROLLED}
        return [cls(sku, found, look(found)) for sku, found in sorted(kept.items())]


def enrolled_top1(products: Sequence[Product], *, asked: set[str], rng: np.random.Generator) -> dict[str, float]:
    """Enrol every product from `ENROLLED` photographs and ask for facings in other photographs of it.

    Returns:
        share of right answers of each product named in `asked`, all products being in the catalogue.
    """
    references, rest = [], {}
    for product in products:
        few, others = draw_few(product.crops, rng)
        references.append(summarise(product.embeddings[few], MAX_REFERENCES))
        rest[product.sku] = product.embeddings[others]
    first = np.cumsum([0, *(len(part) for part in references[:-1])]).astype(np.int64)
    stacked = np.concatenate(references)
    right = {}
    for column, product in enumerate(products):
        if product.sku in asked and len(rest[product.sku]):
            said = sku_cosines(rest[product.sku], stacked, first).argmax(1)
            right[product.sku] = float((said == column).mean())
    return right


def refused(known: Held, asked: Held, doubt: Doubt) -> list[float]:
    """Share of each asked SKU's facings that are not `recognised`, by a catalogue of the known SKUs without these.

    Args:
        known: SKUs and the embeddings they are enrolled from.
        asked: SKUs and the embeddings of facings to ask for.
        doubt: the shipped thresholds.
    """
    kept = [(sku, summarise(held, MAX_REFERENCES)) for sku, held in known.items() if sku not in asked]
    first = np.cumsum([0, *(len(held) for _, held in kept[:-1])]).astype(np.int64)
    stacked, names = np.concatenate([held for _, held in kept]), [sku for sku, _ in kept]
    said = [decide(sku_cosines(held, stacked, first), names, doubt) for held in asked.values() if len(held)]
    return [float(np.mean([one.status != "recognised" for one in group])) for group in said]


def refused_in_rotation(known: Held, asked: Held, doubt: Doubt) -> list[float]:
    """The same for trained SKUs, the catalogue lacking `AT_A_TIME` of them in each turn."""
    names = list(known)
    turns = [names[start : start + AT_A_TIME] for start in range(0, len(names), AT_A_TIME)]
    return [
        share for turn in turns for share in refused(known, {sku: asked[sku] for sku in turn if sku in asked}, doubt)
    ]


def interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float, float]:
    """Mean of products' shares with its 95 % interval by bootstrap over products."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.asarray(values), (2000, len(values))).mean(1)
    return float(np.mean(values)), float(np.percentile(drawn, 2.5)), float(np.percentile(drawn, 97.5))


def _tell(what: str, values: Sequence[float]) -> None:
    if values:
        mean, low, high = interval(values)
        row = {"what": what, "value": round(mean, 4), "low": round(low, 4), "high": round(high, 4), "skus": len(values)}
        sys.stdout.write(json.dumps(row) + "\n")


def main(
    *,
    data: Annotated[Path, typer.Option(help="the COCO folder that was trained on")],
    novel: Annotated[
        list[Path] | None, typer.Option(help="further sets of real products, not or not all trained on")
    ] = None,
    distractors: Annotated[list[Path] | None, typer.Option(help="sets of rendered products, not trained on")] = None,
    run: Annotated[Path | None, typer.Option(help="folder of a run that left SKUs out; else the shipped one")] = None,
    seed: Annotated[int, typer.Option()] = 0,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Print how new SKUs are told apart, and how products of no catalogue are refused, as JSON lines.

    Example: python -m models.train.novel --data ../shared/data/cooler/train --distractors runs/walls-new
    """
    torch.set_num_threads(threads)
    cv2.setNumThreads(0)
    main_set = read_facings(data)
    more = [crop for folder in novel or [] for crop in read_any(folder)]
    drawn = [crop for folder in distractors or [] for crop in read_any(folder)]
    subject = Subject.of_run(run) if run else Subject.of_shipped(data, main_set, more, threads=threads)
    rng = np.random.default_rng(seed)
    real = Product.of([crop for crop in main_set + more if crop.sku in subject.left_out], subject.embed, rng=rng)
    rendered = Product.of(drawn, subject.embed, rng=rng)[: max(0, GALLERY - len(real))]
    if not real and not rendered:
        raise ModelError(
            f"no product that is new to the embedder stands in more than {ENROLLED} photographs",
            "--run of a training with --leave-out, --novel or --distractors",
        )
    tell_new(real, rendered, rng=rng)
    tell_refused(subject, main_set)


def tell_new(real: list[Product], rendered: list[Product], *, rng: np.random.Generator) -> None:
    """Print how products that were not trained on are told apart, all of them in one catalogue."""
    products = [*real, *rendered]
    trials = [enrolled_top1(products, asked={one.sku for one in products}, rng=rng) for _ in range(DRAWS)]
    for name, group in (("real", real), ("rendered", rendered)):
        shares = [float(np.mean([trial[one.sku] for trial in trials if one.sku in trial])) for one in group]
        beside = f"{ENROLLED} pictures each, beside {len(products) - 1} others, {DRAWS} draws"
        _tell(f"top-1 of {name} products not trained on, {beside}", shares)


def tell_refused(subject: Subject, main_set: Sequence[FacingCrop]) -> None:
    """Print how often facings of products in no catalogue are not taken for one of it, by the shipped thresholds."""
    model = find_model("sku-embedder")
    doubt = Doubt(*(model.threshold(key) for key in ("scale", "none_cosine", "recognised", "unknown")))
    usual = [crop for crop in main_set if crop.sku not in subject.left_out]
    known = _by_sku(subject, [c for c in usual if c.photo not in subject.held_back and c.sku != FOREIGN])
    seen = _by_sku(subject, [c for c in usual if c.photo in subject.held_back])
    foreign = {sku: held for sku, held in seen.items() if sku == FOREIGN}
    strange = _by_sku(subject, [crop for crop in main_set if crop.sku in subject.left_out])
    _tell(
        "trained SKUs not taken for another, five at a time out of the catalogue",
        refused_in_rotation(known, seen, doubt),
    )
    _tell(
        "SKUs never trained on and in no catalogue, not taken for one",
        refused(known, strange, doubt) if strange else [],
    )
    _tell("held-back foreign products, not taken for a SKU", refused(known, foreign, doubt) if foreign else [])


def _by_sku(subject: Subject, crops: Sequence[FacingCrop]) -> Held:
    if not crops:
        return {}
    embeddings, names = subject.embed(crops), np.array([crop.sku for crop in crops], np.str_)
    return {str(sku): embeddings[names == sku] for sku in np.unique(names)}


if __name__ == "__main__":
    try:
        typer.run(main)
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(1) from None
