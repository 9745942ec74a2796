"""What needs doing over all stores: filtered, counted, ranked. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cloud_sink.web.charts import sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.overview import Overview
    from cloud_sink.store.tasks import Task
    from cloud_sink.store.todo_rows import TodoRow
    from cloud_sink.tasks.course import State
    from edge.contract.catalogue import Sku

KINDS = ("refill", "remove_foreign", "reset_planogram", "repair_camera")
ATTRIBUTES = ("chain", "city", "representative")
UNDER_WAY: tuple[State, ...] = ("open", "done", "disputed")
"""Of tasks that stand beside what is to do."""

FIGURES = ("osa", "own_share", "purity", "compliance")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of it somebody wants to see."""

    kind: str = ""
    brand: str = ""
    where: tuple[tuple[str, str], ...] = ()
    page: int = 1

    def address(self, **changes: object) -> str:
        """The address of the same with changes."""
        other = replace(self, **changes)  # type: ignore[arg-type]  # the names of fields
        pairs = [*other.where, ("kind", other.kind), ("brand", other.brand)]
        pairs += [("page", str(other.page))] if other.page > 1 else []
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"/?{query}" if query else "/"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to do, and where."""

    row: TodoRow
    store_name: str
    place: str  # city, chain and who visits it
    fixture_name: str
    zone: str
    representative: str  # who visits the store; empty where nobody said
    task: Task | None  # that it was made to, and that is not over


def filtered(
    rows: Iterable[TodoRow], wanted: Wanted, *, tenant: str, stores: StoreBook, products: Mapping[str, Sku]
) -> tuple[list[TodoRow], Counter[str]]:
    """What is wanted, and of how much there is of each kind with the other filters as they are."""
    kept = [row for row in rows if _fits(row, wanted, tenant, stores, products)]
    counts = Counter(row.kind for row in kept)
    return [row for row in kept if wanted.kind in {"", row.kind}], counts


def lines(rows: Iterable[TodoRow], tenant: str, stores: StoreBook, tasks: Iterable[Task] = ()) -> list[Line]:
    """As the page tells them, each with its task."""
    found = []
    made = {(one.store, one.fixture, one.kind, one.sku): one for one in tasks}
    for row in rows:
        section = stores.find(tenant, row.store)
        fixtures = {one.id: one.name for one in section.fixtures} if section else {}
        parts = [section.city, section.chain, section.representative] if section else []
        found.append(
            Line(
                row=row,
                store_name=section.name if section else row.store,
                place=" · ".join(part for part in parts if part),
                fixture_name=fixtures.get(row.fixture) or row.fixture,
                zone=section.zone if section else "UTC",
                representative=(section.representative or "") if section else "",
                task=made.get((row.store, row.fixture, row.kind, row.sku or "")),  # type: ignore[arg-type]  # a kind
            )
        )
    return found


def trend(overview: Overview, figure: str) -> Markup:
    """A figure over the days, as a line in the size of a word."""
    return sparkline([getattr(one.figures, figure) for one in overview.days.values()])


def brands(products: Iterable[Sku], rows: Sequence[TodoRow]) -> list[str]:
    """The brands of what is sold out somewhere."""
    out = {row.sku for row in rows if row.sku}
    return sorted({one.brand for one in products if one.id in out and one.brand})


def _fits(row: TodoRow, wanted: Wanted, tenant: str, stores: StoreBook, products: Mapping[str, Sku]) -> bool:
    if wanted.brand:
        product = products.get(row.sku) if row.sku else None
        if product is None or product.brand != wanted.brand:
            return False
    section = stores.find(tenant, row.store)
    return all(section is not None and getattr(section, name) == value for name, value in wanted.where)
