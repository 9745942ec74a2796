"""The list of stores: what is asked for, how it is sorted, and each store's line. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from cloud_sink.profile.figures import NAMES, values
from cloud_sink.web.charts import sparkline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from markupsafe import Markup

    from cloud_sink.fleet.settings import StoreSection
    from cloud_sink.profile.ranking_model import RankedStore

ATTRIBUTES = ("chain", "city", "channel", "store_class", "representative")
COLUMNS = ("score", "osa", "own_share", "purity", "compliance", "footfall", "stockouts", "completeness")
"""The figures of the list, in its order."""

SORTABLE = (*NAMES, "score")
PERIODS = (1, 7, 28)
SPARK_DAYS = 14
SPARKS: Mapping[str, Literal["share", "count"]] = {"osa": "share", "footfall": "count"}
"""Figures with a line of their last days."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see of the stores."""

    days: int = 7
    sort: str = "score"
    best_first: bool = False
    text: str = ""
    where: tuple[tuple[str, str], ...] = ()
    view: Literal["table", "map"] = "table"
    page: int = 1

    def address(self, path: str = "/stores", **changes: object) -> str:
        """The address of the same with changes; what is as usual is left out."""
        other, usual = replace(self, **changes), Asked()  # type: ignore[arg-type]  # the names of fields
        sort = f"-{other.sort}" if other.best_first else other.sort
        told = {
            "days": (other.days, usual.days),
            "sort": (sort, usual.sort),
            "q": (other.text, ""),
            "view": (other.view, usual.view),
            "page": (other.page, 1),
        }
        pairs = [(name, value) for name, (value, as_usual) in told.items() if value != as_usual]
        query = urlencode([*other.where, *pairs])
        return f"{path}?{query}" if query else path

    def sorted_by(self, figure: str) -> Asked:
        """Sorted by a figure: the worst first, and the best first when it is that already."""
        return replace(self, sort=figure, best_first=self.sort == figure and not self.best_first, page=1)


def read_sort(text: str) -> tuple[str, bool]:
    """A figure, and whether the best comes first: `osa`, `-osa`; what names none is the score."""
    figure = text.removeprefix("-")
    return (figure, text.startswith("-")) if figure in SORTABLE else ("score", False)


def choices(stores: Iterable[StoreSection], tenant: str) -> dict[str, list[str]]:
    """What each attribute can be, of the stores of a tenant."""
    own = [one for one in stores if one.tenant == tenant]
    return {name: sorted({value for one in own if (value := getattr(one, name))}) for name in ATTRIBUTES}


def sparks(
    days: Mapping[str, Mapping[date, Mapping[str, int]]], calendar: Sequence[date]
) -> dict[str, dict[str, Markup]]:
    """By store and figure, a line over the days of a calendar."""
    found: dict[str, dict[str, Markup]] = {}
    for store, rows in days.items():
        known = {day: values(dict(row), SPARKS) for day, row in rows.items()}
        found[store] = {
            name: sparkline([known.get(day, {}).get(name) for day in calendar], high=1.0 if kind == "share" else None)
            for name, kind in SPARKS.items()
        }
    return found


def places(stores: Iterable[RankedStore], texts: Mapping[str, str]) -> list[dict[str, object]]:
    """The stores whose place is known, as the map reads them; `texts` is what is said of each."""
    return [
        {
            "name": one.name or one.store,
            "address": f"/stores/{one.store}",
            "latitude": one.latitude,
            "longitude": one.longitude,
            "letter": one.letter,
            "text": texts[one.store],
        }
        for one in stores
        if one.latitude is not None and one.longitude is not None
    ]
