"""Facings, planned slots and gaps. Shelves count from the bottom, positions from the left, both from 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
"""`x1, y1, x2, y2` in pixels of the undistorted frame, y downwards."""

Status = Literal["recognised", "unknown", "unsure"]
"""A SKU of the catalogue; surely a product, in no catalogue; could be a known SKU."""


@dataclass(frozen=True, slots=True)
class Facing:
    """One front-row unit that a shopper sees."""

    box: Box
    score: float  # detector, 0..1
    shelf: int
    position: int
    sku: str | None  # the SKU when recognised; the best guess, or None, when unsure; None when unknown
    sku_score: float | None
    status: Status

    def __post_init__(self) -> None:
        if self.status == "recognised" and self.sku is None:
            raise ValueError("a recognised facing names its SKU")


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of the plan: a SKU with its facings side by side."""

    shelf: int
    position: int
    sku: str
    facings: int
    width_mm: float | None = None

    def __post_init__(self) -> None:
        if self.facings < 1:
            raise ValueError(f"shelf {self.shelf} position {self.position}: a slot has at least 1 facing")


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty place on a shelf; `sku` is what the planogram expects there, None without one."""

    box: Box
    shelf: int
    sku: str | None = None
