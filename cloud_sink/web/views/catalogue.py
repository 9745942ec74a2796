"""Products as the catalogue's page lists them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.contract.catalogue import Sku


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which products somebody wants to see."""

    text: str = ""
    brand: str = ""
    page: int = 1

    def address(self, **changes: object) -> str:
        """The address of the same with changes."""
        other = replace(self, **changes)  # type: ignore[arg-type]  # the names of fields
        pairs = [("q", other.text), ("brand", other.brand), ("page", str(other.page) if other.page > 1 else "")]
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"/catalogue?{query}" if query else "/catalogue"


def found(products: Iterable[Sku], wanted: Wanted) -> list[Sku]:
    """The products of a brand that have a text in their id, name, owner or GTIN, by brand and name."""
    text = wanted.text.casefold()
    kept = [
        one
        for one in products
        if wanted.brand in {"", one.brand}
        and (not text or any(text in (told or "").casefold() for told in (one.id, one.name, one.owner, one.gtin)))
    ]
    return sorted(kept, key=lambda one: (one.brand, one.name, one.id))
