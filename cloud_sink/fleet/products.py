"""What the sink knows of products: the catalogues' words, without their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import CatalogueError
from edge.contract.files import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from edge.contract.catalogue import Sku

FILE = "catalogue.yaml"


def load_products(folders: Iterable[Path]) -> Mapping[str, Sku]:
    """The SKUs of all catalogues, by id; of one that stands in several, the last catalogue's word holds.

    Raises:
        CatalogueError: a folder without a catalogue, or one that cannot be read, naming file, line and key.
    """
    products: dict[str, Sku] = {}
    for folder in folders:
        catalogue = load_yaml(folder / FILE, CatalogueFile, error=CatalogueError)
        products |= {sku.id: sku for sku in catalogue.skus}
    return products


def by_gtin(products: Mapping[str, Sku]) -> dict[str, str]:
    """The SKU of each GTIN, filled up to 14 digits as files of units are stored."""
    return {sku.gtin.zfill(14): sku.id for sku in products.values() if sku.gtin is not None}
