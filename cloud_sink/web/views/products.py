"""The list of products: what is asked for, how it is sorted, and own against competitors day by day. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from cloud_sink.web.charts import Chart, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloud_sink.profile.assortment import Assortment, ProductLine
    from cloud_sink.web.language import Language
    from edge.contract.catalogue import Sku

ATTRIBUTES = ("chain", "city", "channel")
PERIODS = (1, 7, 28)
COLUMNS = ("distribution", "facings", "share", "osa", "episodes", "out_now")
"""The figures of the list, in its order."""

FALLING = frozenset({"episodes", "out_now"})
"""Figures of which less is better."""

Group = Literal["", "own", "competitor"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see of the products."""

    days: int = 7
    sort: str = "osa"
    best_first: bool = False
    text: str = ""
    side: Group = ""
    category: str = ""
    where: tuple[tuple[str, str], ...] = ()

    def address(self, path: str = "/products", **changes: object) -> str:
        """The address of the same with changes; what is as usual is left out."""
        other, usual = replace(self, **changes), Asked()  # type: ignore[arg-type]  # the names of fields
        told = {
            "days": (other.days, usual.days),
            "sort": (f"-{other.sort}" if other.best_first else other.sort, usual.sort),
            "q": (other.text, ""),
            "side": (other.side, ""),
            "category": (other.category, ""),
        }
        query = urlencode(
            [*other.where, *((name, value) for name, (value, as_usual) in told.items() if value != as_usual)]
        )
        return f"{path}?{query}" if query else path

    def sorted_by(self, figure: str) -> Asked:
        """Sorted by a figure: the worst first, and the best first when it is that already."""
        return replace(self, sort=figure, best_first=self.sort == figure and not self.best_first)

    @property
    def narrowed(self) -> bool:
        """Whether a filter hides products."""
        return bool(self.text or self.side or self.category)


def read_sort(text: str) -> tuple[str, bool]:
    """A figure, and whether the best comes first: `osa`, `-osa`; what names none is availability."""
    figure = text.removeprefix("-")
    return (figure, text.startswith("-")) if figure in COLUMNS else ("osa", False)


def chosen(lines: Iterable[ProductLine], want: Asked) -> list[ProductLine]:
    """The products that are wanted, the worst first unless asked otherwise; those of which it is unknown come last."""
    text = want.text.casefold()
    fitting = [
        one
        for one in lines
        if (not want.side or one.side == want.side)
        and (not want.category or one.category == want.category)
        and (not text or any(text in (part or "").casefold() for part in (one.sku, one.name, one.brand)))
    ]
    sign = (-1 if want.sort in FALLING else 1) * (-1 if want.best_first else 1)
    known = [one for one in fitting if getattr(one, want.sort) is not None]
    unknown = [one for one in fitting if getattr(one, want.sort) is None]
    known.sort(key=lambda one: (sign * getattr(one, want.sort), -one.episodes, one.name))
    return [*known, *sorted(unknown, key=lambda one: one.name)]


def categories(products: Mapping[str, Sku]) -> list[str]:
    """What products can be of."""
    return sorted({one.category for one in products.values()})


def course(found: Assortment, t: Language) -> Chart:
    """Own share of shelf, day by day."""
    days = sorted(found.own_share)
    return Chart(
        t("products.own_share_by_day"),
        tuple(t.short_day(day) for day in days),
        (Series(t("products.own"), tuple(found.own_share[day] for day in days), "own", "line", "percent"),),
    )


def cells(lines: Sequence[ProductLine]) -> list[list[object]]:
    """The rows of the file, as other programs read them: shares from 0 to 1, what is unknown is empty."""
    return [[getattr(one, name) for name in FILE] for one in lines]


FILE = (
    *("sku", "name", "brand", "owner", "category", "side", "seen_in", "planned_in"),
    *("distribution", "facings", "share", "osa", "episodes", "out_now"),
)
"""The columns of the file."""
