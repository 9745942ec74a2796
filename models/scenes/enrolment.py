"""The demo's catalogue: its products enrolled from rendered pack shots, as a user enrols from real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.catalogue import Sku
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.enrolment import with_shelf_views
from models.scenes.packshot import pack_shot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.scenes.products import Product


def enrol_products(products: Iterable[Product], *, name: str, shots: int) -> Catalogue:
    """A catalogue of these products, each known by its pack shots.

    Args:
        products: what to enrol.
        name: of the catalogue.
        shots: pack shots of each.

    Raises:
        ModelError: the embedder is missing or altered.
    """
    embedder = SkuEmbedder.open()
    catalogue = Catalogue.empty(name, embedder.identity)
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
        catalogue = catalogue.with_sku(sku).enrol(sku.id, embedder.embed_whole(with_shelf_views(pictures)))
    return Catalogue(name, 1, catalogue.skus, catalogue.references, embedder.identity)
