"""What a SKU is enrolled from: pictures as they were given, and as a shelf camera would have seen them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.catalogue import PackDesign
from edge.recognise.catalogue import FIRST_DESIGN
from edge.recognise.enrolment_checks import Judgement, Shown, judge, pairs_once
from edge.recognise.sharpness import sharpness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from edge.contract.catalogue import Sku
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder

SHELF_HEIGHTS = (90, 120, 150)
"""Pixels a facing is high in the frame of a whole cooler; sharper pictures are also seen at one of these heights."""

SHELF_BLUR = 0.7
"""Standard deviation, in pixels, of the blur that a small camera's lens and its JPEG leave."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A SKU and the pictures that it is to be known by."""

    sku: Sku
    pictures: Sequence[Shown]  # at least one


def views_of(picture: NDArray[np.uint8], place: int) -> list[NDArray[np.uint8]]:
    """A picture, and if it is much sharper than a facing on a shelf, once more at the resolution of one.

    A pack shot shows fine print that no shelf camera sees; enrolled by it alone, products of one brand are confused.

    Args:
        picture: (height, width, 3) BGR.
        place: of the picture among its SKU's, from 0: the heights take turns.
    """
    height = SHELF_HEIGHTS[place % len(SHELF_HEIGHTS)]
    if picture.shape[0] <= height:
        return [picture]
    scale = height / picture.shape[0]
    small = cv2.resize(picture, (max(1, round(picture.shape[1] * scale)), height), interpolation=cv2.INTER_AREA)
    return [picture, np.asarray(cv2.GaussianBlur(small, (0, 0), SHELF_BLUR), np.uint8)]


def with_shelf_views(pictures: Iterable[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """The pictures of one SKU, each followed by its shelf view where it has one."""
    return [view for place, picture in enumerate(pictures) for view in views_of(picture, place)]


def show(embedder: SkuEmbedder, pictures: Iterable[tuple[str, NDArray[np.uint8]]]) -> list[Shown]:
    """What the embedder makes of the pictures of one SKU, each a name and (height, width, 3) BGR, trimmed.

    Raises:
        ModelError: the model gave something that is no embedding.
    """
    named = list(pictures)
    views = [views_of(picture, place) for place, (_, picture) in enumerate(named)]
    embeddings = embedder.embed_whole([view for group in views for view in group])
    parts = np.split(embeddings, np.cumsum([len(group) for group in views])[:-1])
    return [
        Shown(name, picture.shape[1], picture.shape[0], sharpness(picture), part)
        for (name, picture), part in zip(named, parts, strict=True)
    ]


def enrol_one(
    catalogue: Catalogue, newcomer: Newcomer, embedder: SkuEmbedder, *, design: PackDesign
) -> tuple[Catalogue, list[Judgement]]:
    """Enrol a SKU from pictures of one design, beside what it was known by.

    Returns:
        The catalogue, and what is doubtful.

    Raises:
        CatalogueError: embeddings of another size than the catalogue's.
    """
    sku = newcomer.sku.id
    grown = catalogue.with_sku(newcomer.sku)
    if design != PackDesign(id=FIRST_DESIGN):
        grown = grown.with_design(sku, design)
    judgements = judge(
        sku,
        newcomer.pictures,
        known=catalogue.index() if catalogue.references else None,
        held=catalogue.references.get(sku, {}).get(design.id),
        doubt=embedder.doubt,
        shape=embedder.shape,
    )
    return grown.enrol(sku, _embeddings(newcomer), design=design.id), judgements


def enrol_many(
    catalogue: Catalogue, newcomers: Sequence[Newcomer], embedder: SkuEmbedder
) -> tuple[Catalogue, list[Judgement]]:
    """Enrol many SKUs as one change, each known afresh by its pictures: doing it twice is doing it once.

    Returns:
        The catalogue, and what is doubtful; two SKUs that are too close to each other are told once.

    Raises:
        CatalogueError: embeddings of another size than the catalogue's.
    """
    grown = catalogue
    for newcomer in newcomers:
        grown = grown.with_sku(newcomer.sku).enrol(newcomer.sku.id, _embeddings(newcomer), afresh=True)
    if not newcomers:
        return grown, []
    index = grown.index()
    judgements = [
        judgement
        for newcomer in newcomers
        for judgement in judge(
            newcomer.sku.id, newcomer.pictures, known=index, held=None, doubt=embedder.doubt, shape=embedder.shape
        )
    ]
    return replace(grown, version=catalogue.version + 1), pairs_once(judgements)


def _embeddings(newcomer: Newcomer) -> NDArray[np.float32]:
    return np.concatenate([picture.embeddings for picture in newcomer.pictures])
