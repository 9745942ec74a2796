"""Figures as words: each with its unit, and what nobody saw as a dash. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from datetime import datetime

    from cloud_sink.profile.goods_model import RatioKpi
    from cloud_sink.profile.model import Place, StoreProfile

UNKNOWN = "-"
FIGURES = {
    "completeness": "completeness",
    "people_completeness": "completeness of people",
    "osa": "OSA",
    "osa_watched": "OSA, time watched",
    "stockouts": "stock-outs a day",
    "own_share": "own share of shelf",
    "purity": "purity",
    "unknown_share": "unknown products",
    "occupancy": "occupancy",
    "must_stock": "must-stock",
    "present": "compliance: SKU present",
    "shelf": "compliance: on its shelf",
    "order": "compliance: in its order",
    "compliance": "compliance: with all its facings",
    "footfall": "footfall a day",
    "passers": "passers a day",
    "stoppers": "stoppers a day",
    "stop_rate": "stop rate",
    "dwell_seconds": "dwell, seconds",
    "door_open_rate": "door-open rate",
    "score": "score",
}
"""What the figures are called by which stores are compared."""

_COUNTS = frozenset({"stockouts", "footfall", "passers", "stoppers", "dwell_seconds", "score"})


def table(title: str, *texts: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table with columns of text, then columns of numbers."""
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in texts:
        made.add_column(name)
    for name in numbers:
        made.add_column(name, justify="right", no_wrap=True)
    return made


def figure(name: str, value: float | None) -> str:
    """A figure by its name."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if name in _COUNTS else percent(value)


def moment(at: datetime, profile: StoreProfile) -> str:
    """A moment by the store's clock; without the date where that is the profile's day."""
    local = at.astimezone(ZoneInfo(profile.place.zone))
    return f"{local:%H:%M}" if profile.day and local.date() == profile.day else f"{local:%Y-%m-%d %H:%M}"


def clock(at: datetime, place: Place) -> str:
    """What the store's clock says."""
    return f"{at.astimezone(ZoneInfo(place.zone)):%H:%M}"


def percent(value: float | None) -> str:
    """A share."""
    return UNKNOWN if value is None else f"{value:.1%}"


def mean(value: float | None) -> str:
    """A mean of counts."""
    return UNKNOWN if value is None else f"{value:.2f}"


def count(value: int | None) -> str:
    """A count."""
    return UNKNOWN if value is None else str(value)


def ratio(value: RatioKpi | None) -> str:
    """A KPI of parts and wholes."""
    return UNKNOWN if value is None else percent(value.value)


def duration(seconds: float | None) -> str:
    """A time span in the unit that says most."""
    if seconds is None:
        return UNKNOWN
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
