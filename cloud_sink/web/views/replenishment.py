"""What a store runs out of and how much to bring: chances, forecasts with their margin, how good they were. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.web.views.intervals import Drawn, Scale
from cloud_sink.web.views.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sink.analyses.replenishment import Outlook, Replenishment
    from cloud_sink.web.language import Language

MOST_DAYS = 28
LIKELY = 0.5
"""Of running out before the next visit: from here on it is marked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One product."""

    outlook: Outlook
    units: Drawn | None  # from what is expected to what is enough
    stock: float | None  # where the stock stands on the same scale
    notes: list[str]

    @property
    def urgent(self) -> bool:
        """Whether it is out, or will be more likely than not."""
        return self.outlook.out_since is not None or (self.outlook.chance or 0.0) >= LIKELY


@dataclass(frozen=True, slots=True)
class Judged:
    """How good the forecast of one product was on the days held back, beside the same weekday of the week before."""

    name: str
    error: float
    naive: float
    at: float  # places on a common scale, 0 to 100
    naive_at: float

    @property
    def better(self) -> bool:
        """Whether it did better than the baseline."""
        return self.error < self.naive


def common_notes(found: Replenishment, t: Language) -> list[str]:
    """What is less sure of every product: said once, above all of them."""
    return [reason(text, t) for text in _of_all(found)]


def _of_all(found: Replenishment) -> list[str]:
    if not found.outlooks:
        return []
    first, *others = (one.too_little for one in found.outlooks)
    return [text for text in first if all(text in other for other in others)]


def shown(found: Replenishment, t: Language) -> list[Shown]:
    """Every product, the most urgent first."""
    refills = [one.refill for one in found.outlooks if one.refill is not None]
    scale = Scale.up_to(value for one in refills for value in (one.needed, one.stock))
    lines, common = [], _of_all(found)
    for one in found.outlooks:
        refill = one.refill
        lines.append(
            Shown(
                outlook=one,
                units=scale.draw(refill.expected, refill.expected, refill.needed) if refill else None,
                stock=scale.place(refill.stock) if refill and refill.stock is not None else None,
                notes=[reason(text, t) for text in one.too_little if text not in common],
            )
        )
    return lines


def sold_errors(found: Replenishment) -> list[Judged]:
    """Units a day that forecasts of sales were wrong by."""
    return _judged(
        [(one.name or one.sku, one.refill.error, one.refill.naive_error) for one in found.outlooks if one.refill]
    )


def scores(found: Replenishment) -> list[Judged]:
    """Brier scores of the chance to run out on a day."""
    return _judged(
        [
            (one.name or one.sku, one.score, one.naive_score)
            for one in found.outlooks
            if one.score is not None and one.naive_score is not None
        ]
    )


def _judged(told: Sequence[tuple[str, float, float]]) -> list[Judged]:
    scale = Scale.up_to(value for _, *pair in told for value in pair)
    return [Judged(name, error, naive, scale.place(error), scale.place(naive)) for name, error, naive in told]


def cells(found: Replenishment) -> list[list[object]]:
    """The rows of the file that a representative takes along."""
    return [
        [getattr(one, name) for name in _SOON] + [getattr(one.refill, name, None) for name in _UNITS]
        for one in found.outlooks
    ]


_SOON = ("sku", "name", "out_since", "chance", "expected_at")
_UNITS = ("stock", "expected", "needed", "suggested")
FILE = (*_SOON, *_UNITS)
"""The columns of the file."""
