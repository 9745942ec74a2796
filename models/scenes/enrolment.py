"""The demo's catalogue: its products enrolled from rendered pictures, as a user enrols from real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.contract.catalogue import Sku
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.enrolment import with_shelf_views
from models.scenes.packshot import pack_shot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from models.scenes.arrays import Picture
    from models.scenes.products import Product
    from models.scenes.truth import Truth


def enrol_products(
    products: Iterable[Product], photographs: Iterable[tuple[Picture, Truth]], *, name: str, shots: int
) -> Catalogue:
    """A catalogue of these products, each known by its pack shots and by how it stands on the photographs.

    Args:
        products: what to enrol.
        photographs: of shelves on which some of them stand, with what stands where.
        name: of the catalogue.
        shots: pack shots of each.

    Raises:
        ModelError: the embedder is missing or altered.
    """
    embedder = SkuEmbedder.open()
    catalogue = Catalogue.empty(name, embedder.identity)
    on_shelf: dict[str, list[NDArray[np.float32]]] = {}
    for picture, truth in photographs:
        whole = [facing for facing in truth.facings if facing.occluded == 0 and not facing.cut]
        seen = embedder.embed(picture, np.array([facing.box for facing in whole], np.float32))
        for facing, embedding in zip(whole, seen, strict=True):
            on_shelf.setdefault(facing.product.id, []).append(embedding)
    for product in products:
        sku = Sku(
            id=product.id,
            name=product.name,
            brand=product.brand,
            owner=product.owner,
            package=product.package.kind,
            category=product.category,
            gtin=product.gtin,
        )
        pictures = [pack_shot(product, seed=seed) for seed in range(shots)]
        shown = embedder.embed_whole(with_shelf_views(pictures))
        stood = np.array(on_shelf.get(product.id, []), np.float32).reshape(-1, shown.shape[1])
        catalogue = catalogue.with_sku(sku).enrol(sku.id, np.concatenate([shown, stood]))
    return Catalogue(name, 1, catalogue.skus, catalogue.references, embedder.identity)
