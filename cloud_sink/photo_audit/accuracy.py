"""What the judgements of a sample say of the machine, with intervals. Pure.

The sample is self-weighting (`choose`), so that a share of it is the estimate. Its interval is Wilson's (1927) with the
effective sample size in place of the number of judgements (Kish 1965; Dean & Pagano 2015): facings of one photograph
are wrong together. The design effect is measured between photographs; where all or none are right it cannot be, and
then each photograph counts once.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

Says = Literal["sku", "unlisted", "nothing", "unclear"]
"""It is this SKU; a product of no list; no product; cannot be told."""

_Z = 1.959964
"""Of 95 %."""

ENOUGH = 30
"""Judgements below which a part of the sample is not told by itself."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A facing of the sample with the first judgement of it."""

    week: date
    place: int
    chain: str
    model: str
    store: str
    fixture: str
    day: date
    evidence: str
    status: str
    sku: str | None
    says: Says
    said_sku: str | None
    shelf: int
    counted: int  # facings on that shelf by the machine
    said_counted: int | None  # and by the person, where asked

    @property
    def is_right(self) -> bool:
        """Whether the machine said the same; where it was unsure it did not."""
        if self.says == "sku":
            return self.status == "recognised" and self.sku == self.said_sku
        return self.says == "unlisted" and self.status == "unknown"


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval; None where nothing was judged."""

    right: int
    judged: int
    photographs: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a sample says."""

    sku: Rate  # of all facings that could be judged
    named: Rate  # of those that the machine named
    real: Rate  # that are products at all
    shelves: Rate  # of which the machine counted as many facings as the person
    machine_counted: int  # facings on those shelves
    person_counted: int
    unclear: int  # that the judge could not tell; they are in no share


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two judges of the same facing agree."""

    pairs: int
    same: int
    kappa: float | None  # Cohen's (1960): agreement beyond chance


def measure(judged: Iterable[Judged]) -> Accuracy:
    """The shares of a sample."""
    found = list(judged)
    clear = [one for one in found if one.says != "unclear"]
    counts = {
        (one.evidence, one.shelf): (one.counted, one.said_counted) for one in found if one.said_counted is not None
    }
    shelves = [(evidence, told, said) for (evidence, _), (told, said) in counts.items()]
    return Accuracy(
        sku=rate(clear, lambda one: one.is_right),
        named=rate([one for one in clear if one.status == "recognised"], lambda one: one.is_right),
        real=rate(clear, lambda one: one.says != "nothing"),
        shelves=_rate([(evidence, told == said) for evidence, told, said in shelves]),
        machine_counted=sum(told for _, told, _ in shelves),
        person_counted=sum(said for _, _, said in shelves),
        unclear=len(found) - len(clear),
    )


def rate(judged: Sequence[Judged], is_right: Callable[[Judged], bool]) -> Rate:
    """The share of which something is right."""
    return _rate([(one.evidence, is_right(one)) for one in judged])


def split(judged: Iterable[Judged], by: Callable[[Judged], str]) -> dict[str, Rate]:
    """The share right by some part, such as the chain; parts with too few judgements are left out."""
    parts: dict[str, list[Judged]] = {}
    for one in judged:
        if one.says != "unclear":
            parts.setdefault(by(one), []).append(one)
    return {
        name: rate(members, lambda one: one.is_right)
        for name, members in sorted(parts.items())
        if len(members) >= ENOUGH
    }


def wilson(share: float, size: float) -> tuple[float, float]:
    """The interval of a share of a sample of some effective size above 0 (Wilson 1927)."""
    square = _Z * _Z
    middle = (share + square / (2 * size)) / (1 + square / size)
    half = _Z / (1 + square / size) * math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    return max(0.0, middle - half), min(1.0, middle + half)


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Of what two judges said of the same facings."""
    count = len(pairs)
    if not count:
        return Agreement(0, 0, None)
    same = sum(one == other for one, other in pairs)
    firsts, seconds = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(firsts[name] * seconds[name] for name in firsts) / count**2
    return Agreement(count, same, None if chance >= 1 else (same / count - chance) / (1 - chance))


def _rate(marks: Sequence[tuple[str, bool]]) -> Rate:
    """Of photographs and whether what was judged on them is right."""
    count, right = len(marks), sum(is_right for _, is_right in marks)
    photographs = len({photograph for photograph, _ in marks})
    if not count:
        return Rate(0, 0, 0, None, None, None)
    share = right / count
    low, high = wilson(share, _effective(marks, share, photographs))
    return Rate(right, count, photographs, share, low, high)


def _effective(marks: Sequence[tuple[str, bool]], share: float, photographs: int) -> float:
    count = len(marks)
    if share in {0.0, 1.0} or photographs == 1:
        return photographs
    sums: dict[str, float] = {}
    for photograph, is_right in marks:
        sums[photograph] = sums.get(photograph, 0.0) + is_right - share
    between = photographs / (photographs - 1) * sum(value * value for value in sums.values()) / count**2
    return count / max(1.0, between / (share * (1 - share) / count))
