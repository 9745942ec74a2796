"""The exact truth of a rendered picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.scenes.products import Product

Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels of the picture


@dataclass(frozen=True, slots=True)
class SeenFacing:
    """A front-row unit: the box of what the fixture and its neighbours leave visible of it.

    `shelf` counts from the bottom and `position` among the shelf's facings from the left, both from 1; `slot` counts
    planned places, gaps included. `occluded` is the part of it hidden by what stands before the fixture, 0..1.
    `expected` is the product that belongs here.
    """

    box: Box
    shelf: int
    position: int
    slot: int
    product: Product
    expected: Product
    occluded: float
    cut: bool


@dataclass(frozen=True, slots=True)
class SeenGap:
    """An empty place: the box that a front unit of the expected product would have."""

    box: Box
    shelf: int
    slot: int
    expected: Product


@dataclass(frozen=True, slots=True)
class Truth:
    """All facings and gaps of a picture, by shelf from the bottom and from left to right."""

    width: int
    height: int
    facings: tuple[SeenFacing, ...]
    gaps: tuple[SeenGap, ...]
