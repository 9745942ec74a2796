"""The photo audit as its pages show it: a crop around a facing, products to choose from, shares by part. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast, get_args

from cloud_sink.photo_audit.accuracy import Says

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edge.contract.catalogue import Sku

MOST_LISTED = 60
"""Products that are listed at once; more are found by typing."""

_MARGIN = 0.6
"""What is shown around a facing, in shares of its longer side: a pack is known by its neighbours' size too."""

Area = tuple[float, float, float, float]
"""x, y, width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Framed:
    """A photograph with the facing that is asked about."""

    width: int  # pixels
    height: int
    crop: Area
    box: Area
    band: Area  # of its shelf


@dataclass(frozen=True, slots=True)
class Choice:
    """What a form's field says."""

    says: Says
    sku: str | None


def framed(size: tuple[int, int], box: Sequence[float], band: Sequence[float]) -> Framed:
    """Where the facing is on a photograph.

    Args:
        size: of the photograph in pixels.
        box: [x1, y1, x2, y2] in shares of it.
        band: the same of what the facings of its shelf cover.
    """
    width, height = size
    x1, y1, x2, y2 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    margin = _MARGIN * max(x2 - x1, y2 - y1)
    left, top = max(0.0, x1 - margin), max(0.0, y1 - margin)
    right, bottom = min(float(width), x2 + margin), min(float(height), y2 + margin)
    return Framed(
        width,
        height,
        _rounded(left, top, right, bottom),
        _rounded(x1, y1, x2, y2),
        _rounded(band[0] * width, band[1] * height, band[2] * width, band[3] * height),
    )


def listed(products: Iterable[Sku], text: str) -> tuple[list[Sku], int]:
    """Products that a search finds, in an order that says nothing of what the machine saw; and how many there are."""
    words = text.casefold().split()
    found = [
        one
        for one in products
        if all(word in f"{one.name} {one.brand} {one.id} {one.gtin or ''}".casefold() for word in words)
    ]
    found.sort(key=lambda one: (one.brand.casefold(), one.name.casefold(), one.id))
    return found[:MOST_LISTED], len(found)


def choice_of(text: str, products: Mapping[str, Sku]) -> Choice | None:
    """What `sku:ID`, `unlisted`, `nothing` or `unclear` says; None for anything else."""
    says, _, sku = text.partition(":")
    if says not in get_args(Says) or (sku not in products if says == "sku" else sku):
        return None
    return Choice(cast("Says", says), sku or None)


def weeks_of(latest: date, drawn: Iterable[date], most: int = 8) -> list[date]:
    """The Mondays that can be looked at: the last few, and all that were drawn; the newest first."""
    monday = latest - timedelta(days=latest.weekday())
    return sorted({*drawn, *(monday - timedelta(weeks=back) for back in range(most))}, reverse=True)


def _rounded(x1: float, y1: float, x2: float, y2: float) -> Area:
    return round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1)
