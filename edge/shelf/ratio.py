"""Ratios as two counts, so that captures, fixtures and days add up; and the formulae on counts.

Device and cloud use the same functions: the cloud on sums. 0 of 0 is unknown (None), never 0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """`part` of `whole`."""

    part: int
    whole: int

    def __post_init__(self) -> None:
        if not 0 <= self.part <= self.whole:
            raise ValueError(f"{self.part} of {self.whole} is no ratio")

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.part + other.part, self.whole + other.whole)

    @property
    def value(self) -> float | None:
        """The ratio, None for 0 of 0."""
        return divide(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Purity:
    """Own facings of own and foreign ones, with its range: all unsure and unknown ones foreign, or own."""

    value: float | None
    low: float | None
    high: float | None


def divide(part: float, whole: float) -> float | None:
    """`part / whole`, None for 0 of 0."""
    return part / whole if whole else None


def purity(own: int, foreign: int, unknown: int, unsure: int) -> Purity:
    """How pure a fixture is.

    Returns:
        own / (own + foreign), its lowest and its highest value; each None for 0 of 0.
    """
    _counts(own, foreign, unknown, unsure)
    total = own + foreign + unknown + unsure
    return Purity(divide(own, own + foreign), divide(own, total), divide(own + unknown + unsure, total))


def share_of_shelf(*, brand: int, others: int, unsure: int) -> float | None:
    """A brand's share of its category's facings.

    Args:
        brand: recognised facings of the brand.
        others: the category's other facings.
        unsure: facings that could be any SKU; they stay in the denominator. Gaps do not count.
    """
    _counts(brand, others, unsure)
    return divide(brand, brand + others + unsure)


def linear_share(*, brand: float, others: float, unsure: float) -> float | None:
    """The same by width, in any one unit."""
    _counts(brand, others, unsure)
    return divide(brand, brand + others + unsure)


def occupancy(filled: int, gaps: int) -> float | None:
    """Filled positions of all positions: filled / (filled + gaps)."""
    _counts(filled, gaps)
    return divide(filled, filled + gaps)


def _counts(*counts: float) -> None:
    for count in counts:
        if not count >= 0:
            raise ValueError(f"{count} is no count")
