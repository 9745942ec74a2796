"""Intervals as small drawings: a bar from low to high, a dot at the estimate, a line at nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = float | None

_ROOM = 1.12
"""So much wider than what is drawn the scale is, so that ends do not touch the edge."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Places from 0 to 100 of what is drawn; None where it is unknown."""

    zero: float
    at: Value
    low: Value
    high: Value

    @property
    def width(self) -> float:
        """Of the bar."""
        return 0.0 if self.low is None or self.high is None else round(self.high - self.low, 2)


@dataclass(frozen=True, slots=True)
class Scale:
    """From the least to the greatest of what is drawn beside each other."""

    least: float
    most: float

    @classmethod
    def around(cls, values: Iterable[Value]) -> Scale:
        """One with nothing in its middle that holds some values."""
        reach = max((abs(value) for value in values if value is not None), default=0.0) * _ROOM or 1.0
        return cls(-reach, reach)

    @classmethod
    def up_to(cls, values: Iterable[Value]) -> Scale:
        """One that begins with nothing and holds some values."""
        return cls(0.0, max((value for value in values if value is not None), default=0.0) * _ROOM or 1.0)

    def place(self, value: float) -> float:
        """Where a value stands, 0 to 100."""
        share = (value - self.least) / (self.most - self.least)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def draw(self, at: Value, low: Value = None, high: Value = None) -> Drawn:
        """An estimate with its interval."""
        places = (None if value is None else self.place(value) for value in (at, low, high))
        return Drawn(self.place(0.0), *places)
