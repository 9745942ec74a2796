"""One product: its course against its category's competitors, and its stores by name. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.web.charts import Chart, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.product import Astray, ProductCourse, StoreLine
    from cloud_sink.web.language import Language

SHOWN = 50
"""Stores of the table; the file has all."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store as a merchandiser says it."""

    name: str
    where: str  # city, chain and who visits it
    zone: str


def charts(found: ProductCourse, t: Language) -> list[Chart]:
    """Its availability, and its share of shelf beside that of its competitors, day by day."""
    labels = tuple(t.short_day(day) for day in found.days)
    share = [Series(t("product.this"), found.share, "own", "line", "percent")]
    if any(value is not None for value in found.rivals):
        share.append(Series(t("product.rivals"), found.rivals, "foreign", "dashed", "percent"))
    return [
        Chart(
            t("product.osa_by_day"), labels, (Series(t("products.column.osa"), found.osa, "own", "line", "percent"),)
        ),
        Chart(t("product.share_by_day"), labels, tuple(share)),
    ]


def place(stores: StoreBook, tenant: str, store: str) -> Place:
    """How a store is called and where it is."""
    told = stores.find(tenant, store)
    if told is None:
        return Place(store, "", "UTC")
    return Place(
        told.name, " · ".join(part for part in (told.city, told.chain, told.representative) if part), told.zone
    )


def cells(lines: Iterable[StoreLine], stores: StoreBook, tenant: str) -> list[list[object]]:
    """The rows of the file."""
    return [
        [one.store, place(stores, tenant, one.store).name, *(getattr(one, name) for name in FILE[2:])] for one in lines
    ]


FILE = ("store", "name", "seen", "planned", "facings", "wanted", "osa", "episodes")
"""The columns of the file."""


def by_store(found: Sequence[Astray]) -> list[Astray]:
    """Those that are put right by moving them first; then by store."""
    order = {"misplaced": 0, "extra": 1, "foreign": 2}
    return sorted(found, key=lambda one: (order[one.kind], one.store, one.fixture))
