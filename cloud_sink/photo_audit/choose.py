"""Drawing facings so that each one that counts in a KPI has the same chance. Pure.

Two stages. Of each chain, in proportion to its facings, fixture-days are drawn with a probability proportional to the
facings that they put into the KPIs; then facings of their photographs, each with the same chance and none twice. So the
sample is self-weighting (Hansen & Hurwitz 1943; Cochran, Sampling Techniques, 1977, 9A and 11): its plain share is the
estimate. A fixture-day without a photograph is drawn again: the estimate is of what photographs were kept of.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from random import Random

_TRIES = 50
"""Draws for each facing that is wanted, before a chain with few photographs is given up."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """A view of a fixture on a business day, and how many facings it put into the KPIs."""

    store: str
    day: date
    fixture: str
    view: str
    facings: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A counted facing of a photographed capture, as the machine told it."""

    device: str
    epoch: str
    seq: int
    facing: int  # among those that count
    evidence: str
    box: tuple[float, ...]  # [x1, y1, x2, y2] in shares of the frame
    shelf: int
    band: tuple[float, ...]  # what the facings of that shelf cover
    counted: int  # facings on that shelf
    status: str
    sku: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A facing of the sample."""

    chain: str
    cell: Cell
    seen: Seen


def choose(
    strata: Mapping[str, Sequence[Cell]], look: Callable[[Cell], Sequence[Seen]], wanted: int, random: Random
) -> list[Chosen]:
    """A sample, in random order: what is judged first is a random sample by itself.

    Args:
        strata: cells by chain.
        look: the facings of a cell's photographs; asked once for each cell that is drawn.
        wanted: facings of the whole sample; fewer come where too few photographs were kept.
        random: the source of chance; the same one draws the same sample of the same data.
    """
    sizes = {name: sum(cell.facings for cell in cells) for name, cells in sorted(strata.items())}
    found = [
        one
        for name, count in allocate(sizes, wanted).items()
        for one in _of_stratum(name, sorted(strata[name]), look, count, random)
    ]
    random.shuffle(found)
    return found


def allocate(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """Share a number out in proportion, by largest remainders."""
    total = sum(sizes.values())
    if total <= 0:
        return dict.fromkeys(sizes, 0)
    whole = {name: wanted * size // total for name, size in sizes.items()}
    by_rest = sorted(sizes, key=lambda name: (-(wanted * sizes[name] % total), name))
    for name in by_rest[: wanted - sum(whole.values())]:
        whole[name] += 1
    return whole


def _of_stratum(
    name: str, cells: Sequence[Cell], look: Callable[[Cell], Sequence[Seen]], wanted: int, random: Random
) -> list[Chosen]:
    ends = list(accumulate(cell.facings for cell in cells))
    left: dict[Cell, list[Seen]] = {}
    chosen: list[Chosen] = []
    for _ in range(wanted * _TRIES):
        if len(chosen) == wanted:
            break
        cell = cells[bisect_right(ends, random.randrange(ends[-1]))]
        if cell not in left:
            left[cell] = list(look(cell))
            random.shuffle(left[cell])
        if left[cell]:
            chosen.append(Chosen(name, cell, left[cell].pop()))
    return chosen
