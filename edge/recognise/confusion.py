"""Which SKU is taken for which. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.recognise.measures import Judged


@dataclass(frozen=True, slots=True)
class Cell:
    """Found facings of one true SKU for which the same best SKU was said."""

    truth: str
    said: str
    listed: bool  # the catalogue holds the true SKU
    recognised: int  # said for certain; unless truth and said agree, each is a wrong fact about the shelf
    unsure: int
    unknown: int

    @property
    def facings(self) -> int:
        """Whatever the status."""
        return self.recognised + self.unsure + self.unknown


def confusion(judged: Iterable[Judged]) -> list[Cell]:
    """The confusion matrix without its zeros: the wrong cells first, and within both halves the most frequent first."""
    counts = Counter((j.truth, j.said.sku, j.listed, j.said.status) for j in judged)
    cells = [
        Cell(
            truth,
            said,
            listed,
            *(counts[truth, said, listed, status] for status in ("recognised", "unsure", "unknown")),
        )
        for truth, said, listed in {key[:3] for key in counts}
    ]
    return sorted(cells, key=lambda cell: (cell.truth == cell.said, -cell.facings, cell.truth, cell.said))
