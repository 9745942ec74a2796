"""What the sink knows of products: the catalogues' words, without their pictures.

From two places, as master data: folders that the configuration names hold for every tenant; what a tenant uploads
holds for it alone, and wins.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from cloud_sink.fleet.catalogue_upload import read_catalogue
from cloud_sink.store import catalogues
from cloud_sink.store.database import reading
from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import CatalogueError
from edge.contract.files import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku

FILE = "catalogue.yaml"


class ProductBook:
    """Products by tenant. One that a service shares may be told anew while others read it."""

    def __init__(self, configured: Mapping[str, Sku] | None = None) -> None:
        self._configured: Mapping[str, Sku] = MappingProxyType(dict(configured or {}))
        self._of: dict[str, Mapping[str, Sku]] = {}

    def of(self, tenant: str) -> Mapping[str, Sku]:
        """A tenant's SKUs by id; always the same mapping until the tenant uploads another catalogue."""
        return self._of.get(tenant, self._configured)

    def tell(self, tenant: str, uploaded: Iterable[Sku]) -> None:
        """Take these products of a tenant in place of all that it had uploaded."""
        self._of[tenant] = MappingProxyType(self.beside(uploaded))

    def beside(self, uploaded: Iterable[Sku]) -> dict[str, Sku]:
        """What would hold for a tenant that uploaded these."""
        return {**self._configured, **{sku.id: sku for sku in uploaded}}


class ProductData:
    """One book of products that follows the database."""

    def __init__(self, engine: Database, configured: Mapping[str, Sku]) -> None:
        self._engine = engine
        self._seen: dict[str, int] = {}
        self.book = ProductBook(configured)

    def refresh(self) -> bool:
        """Read catalogues that are new; True where one is.

        Raises:
            DatabaseAway: the book stays as it was.
        """
        with reading(self._engine) as connection:
            newest = catalogues.latest(connection)
            fresh = {tenant for tenant, version in newest.items() if self._seen.get(tenant) != version}
            texts = {tenant: catalogues.text_of(connection, tenant, newest[tenant]) for tenant in fresh}
        for tenant, text in texts.items():
            self.book.tell(tenant, read_catalogue((text or "").encode()).skus)
        self._seen = newest
        return bool(fresh)


def products_of(engine: Database, folders: Iterable[Path]) -> ProductBook:
    """The book of products as of now, for a command.

    Raises:
        CatalogueError: as of `load_products`.
    """
    data = ProductData(engine, load_products(folders))
    data.refresh()
    return data.book


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
