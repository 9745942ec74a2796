"""Measure what enrolment cuts off, doubts and recognises: `python -m models.train.enrolment`.

On pack shots of invented products whose seeds no training draws from and no demo shows, three of each brand: products
of one brand are what is confused. The figures move with the embedder's weights, the limits with its calibration.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Annotated

import cv2
import numpy as np
import typer

from edge.contract.catalogue import Sku
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.enrolment import Newcomer, enrol_many, show, views_of
from edge.recognise.enrolment_checks import closest_told_apart, judge
from edge.recognise.manifest import find_model
from edge.recognise.pack_shot import cut_out, trim
from edge.recognise.sharpness import BLURRED, MEASURED_HEIGHT, sharpness
from models.scenes.packshot import masked_shot
from models.scenes.products import BRAND_SIZE, DEMO_SEEDS, TRAINING_SEEDS, Product, invent_product

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from edge.recognise.enrolment_checks import Shown

    Picture = NDArray[np.uint8]
    Ground = Callable[[Picture, NDArray[np.float32]], Picture]  # a shot and its mask -> what is handed in
    Row = dict[str, object]

FIRST = 850_000
assert FIRST not in TRAINING_SEEDS
assert FIRST not in DEMO_SEEDS
OF_A_BRAND = 3
ENROLLED, ASKED = 4, 3  # pictures of a product
BLURS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)  # standard deviations, pixels of the height at which blur is measured
AROUND = 0.5  # of the pack's size, white on each side
WHITE = 255


def products(brands: int) -> list[Product]:
    """Three products each of so many brands."""
    return [
        invent_product(FIRST + brand * BRAND_SIZE + place) for brand in range(brands) for place in range(OF_A_BRAND)
    ]


@cache
def shot_of(product: Product, seed: int) -> tuple[Picture, NDArray[np.float32]]:
    """A pack shot and its mask, drawn once."""
    return masked_shot(product, seed=seed)


def as_shot(shot: Picture, mask: NDArray[np.float32]) -> Picture:  # noqa: ARG001 - a ground like the others
    """On the studio's uneven ground."""
    return shot


def on_white(shot: Picture, mask: NDArray[np.float32]) -> Picture:
    """Before plain white, with half a pack of white around."""
    down, across = round(shot.shape[0] * AROUND), round(shot.shape[1] * AROUND)
    alone = shot * mask[..., None] + WHITE * (1 - mask[..., None])
    border = ((down, down), (across, across), (0, 0))
    return np.pad(np.round(alone).astype(np.uint8), border, constant_values=WHITE)


def trimmed(shot: Picture, mask: NDArray[np.float32]) -> Picture:
    """The same after its white was cut off."""
    return trim(on_white(shot, mask))


def transparent(shot: Picture, mask: NDArray[np.float32]) -> Picture:
    """With transparency around the pack, as enrolment cuts it out."""
    alpha = np.round(mask * WHITE).astype(np.uint8)[..., None]
    return cut_out(np.concatenate([shot, alpha], axis=2), name="drawn")


GROUNDS: dict[str, Ground] = {
    "as shot": as_shot,
    "on white, not trimmed": on_white,
    "on white, trimmed": trimmed,
    "cut out, on grey": transparent,
}


def newcomer(product: Product, pictures: list[Picture], embedder: SkuEmbedder) -> Newcomer:
    """The product, known by these pictures."""
    sku = Sku(id=str(product.seed), name=product.name, brand=product.brand, owner=product.owner)
    return Newcomer(sku, show(embedder, [(str(place), picture) for place, picture in enumerate(pictures)]))


def enrolled(newcomers: list[Newcomer], embedder: SkuEmbedder) -> Catalogue:
    """A catalogue of them."""
    return enrol_many(Catalogue.empty("drawn", embedder.identity), newcomers, embedder)[0]


def ground_rows(some: list[Product], embedder: SkuEmbedder) -> Iterator[Row]:
    """Top-1 at the resolution of a shelf, by the ground that the enrolled pictures had."""
    asked = [views_of(shot_of(one, ENROLLED + number)[0], number)[-1] for one in some for number in range(ASKED)]
    embeddings = embedder.embed_whole(asked)
    for name, ground in GROUNDS.items():
        handed = [[ground(*shot_of(one, seed)) for seed in range(ENROLLED)] for one in some]
        pairs = zip(some, handed, strict=True)
        index = enrolled([newcomer(*pair, embedder) for pair in pairs], embedder).index()
        said = index.identify(embeddings, embedder.doubt)
        right = [one.sku == str(some[place // ASKED].seed) for place, one in enumerate(said)]
        yield {"what": f"top-1, enrolled {name}", "value": round(float(np.mean(right)), 3), "asked": len(right)}


def blur_rows(some: list[Product], embedder: SkuEmbedder) -> Iterator[Row]:
    """How often blur is called so, and how far it moves the embedding."""
    shots = [shot_of(one, seed)[0] for one in some for seed in range(ENROLLED)]
    sharp = embedder.embed_whole(shots)
    for blur in BLURS:
        soft = [_softened(shot, blur) for shot in shots]
        cosines = (embedder.embed_whole(soft) * sharp).sum(1)
        yield {
            "what": f"blurred by {blur}",
            "called so": round(float(np.mean([sharpness(one) < BLURRED for one in soft])), 3),
            "cosine, median": round(float(np.median(cosines)), 3),
            "cosine, lowest tenth": round(float(np.percentile(cosines, 10)), 3),
            "pictures": len(shots),
        }


def doubt_rows(some: list[Product], embedder: SkuEmbedder) -> Iterator[Row]:
    """How many pairs are too close, and how often one wrong picture among four is named."""
    newcomers = [newcomer(one, [shot_of(one, seed)[0] for seed in range(ENROLLED)], embedder) for one in some]
    _, doubts = enrol_many(Catalogue.empty("drawn", embedder.identity), newcomers, embedder)
    brands = {str(one.seed): one.seed // BRAND_SIZE for one in some}
    close = [(one.sku, one.other) for one in doubts if one.kind == "too close"]
    alike = sum(brands[sku] == brands[other or sku] for sku, other in close)
    yield {"what": "cosine above which SKUs are too close", "value": round(closest_told_apart(embedder.doubt), 3)}
    yield {"what": "pairs too close", "of one brand": alike, "of two": len(close) - alike, "products": len(some)}
    wrongly = [one for one in doubts if one.picture is not None]
    yield {"what": "right pictures named", "value": len(wrongly), "pictures": len(some) * ENROLLED}
    for known in (True, False):
        named, others = 0, 0
        for place, own in enumerate(newcomers):
            stranger = newcomers[(place + OF_A_BRAND) % len(some)]  # of the next brand
            left = [one for one in newcomers if one is not own and (known or one is not stranger)]
            mixed: list[Shown] = [*own.pictures[:-1], stranger.pictures[-1]]
            found = judge(
                own.sku.id,
                mixed,
                known=enrolled(left, embedder).index(),
                held=None,
                doubt=embedder.doubt,
                shape=embedder.shape,
            )
            blamed = {one.picture for one in found if one.kind in ("nearer to another", "unlike the others")}
            named += mixed[-1].name in blamed
            others += len(blamed - {mixed[-1].name})
        beside = "in the catalogue" if known else "not in it"
        yield {
            "what": f"wrong picture named, its product {beside}",
            "value": named,
            "right ones": others,
            "of": len(some),
        }


def _softened(picture: Picture, blur: float) -> Picture:
    if not blur:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur * picture.shape[0] / MEASURED_HEIGHT), np.uint8)


def main(
    *,
    brands: Annotated[int, typer.Option(min=2, help="Of three products each.")] = 12,
    threads: Annotated[int, typer.Option(min=1)] = 2,
    precision: Annotated[str, typer.Option(help="float32, int8, or that of the agent.")] = "",
) -> None:
    """Print what enrolment makes of rendered pack shots, as JSON lines.

    Example: python -m models.train.enrolment --brands 48
    """
    model = find_model("sku-embedder", precision=precision or None)  # type: ignore[arg-type]  # refused there
    embedder = SkuEmbedder(model, threads=threads)
    some = products(brands)
    for rows in (ground_rows, blur_rows, doubt_rows):
        for row in rows(some, embedder):
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    typer.run(main)
