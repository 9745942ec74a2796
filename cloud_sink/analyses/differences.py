"""Difference in differences over stores, with an interval that holds for few of them. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from cloud_sink.profile.goods_model import Count, Portrait

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from numpy.typing import NDArray

LEVEL = 0.95
LEAST_STORES = 2
"""Stores of each kind without which there is no interval."""

LEAST_DAYS = 3
"""Observed days before and during that a store needs to be counted."""

FEW = 5
"""Below so many stores of a kind an interval leans on changes being about normally distributed."""

_ROUNDS = 50
"""Of putting days level: two-way means converge in a few, unless hardly any store was seen twice."""

Daily = dict[tuple[str, "date"], float]
"""What was observed, by store and day."""


@dataclass(frozen=True, slots=True)
class Window:
    """Days before, from `first` on, and during, from `since` to `until` included."""

    first: date
    since: date
    until: date

    @property
    def earlier(self) -> Window:
        """The days before, in halves: nothing began in their middle."""
        middle = self.first + (self.since - self.first) / 2
        return Window(self.first, middle, self.since - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Treated:
    """A store that has what is measured: when, and the stores that it is compared with."""

    window: Window
    matched: frozenset[str]


class Effect(Portrait):
    """What changed in stores with a promotion beyond what changed in those without."""

    outcome: str
    stores: Count = Field(description="with the promotion, of which enough was observed")
    left_out: list[str] = Field(description="with it, of which or of whose matched stores too little was observed")
    matched: Count = Field(description="without it, of which enough was observed")
    before: float | None = Field(description="mean of the stores with it, a day, as it was observed")
    during: float | None
    matched_before: float | None
    matched_during: float | None
    effect: float | None = Field(
        description="change of the stores with it less that of their matched stores, days put level; a day"
    )
    low: float | None = Field(description="of the 95 % interval")
    high: float | None
    uplift: float | None = Field(description="effect / (during - effect): of what there would have been without it")
    early: float | None = Field(description="the same measured within the days before, where nothing began: about 0")
    early_low: float | None
    early_high: float | None
    parallel: bool | None = Field(
        description="whether the early interval holds 0: false warns that the stores were drifting apart before"
    )
    cautions: list[str] = Field(description="what makes it less sure than it looks, or why there is none")


@dataclass(frozen=True, slots=True)
class Estimate:
    """An effect with its interval; None where stores do not tell one."""

    treated: tuple[str, ...]
    matched: tuple[str, ...]
    before: float | None = None
    during: float | None = None
    matched_before: float | None = None
    matched_during: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None


def difference_in_differences(outcome: str, daily: Daily, treated: Mapping[str, Treated]) -> Effect:
    """Estimate an effect, and the same within the days before as a check.

    Args:
        outcome: its name.
        daily: what was observed of stores with it and of those they are matched with.
        treated: the stores with it.
    """
    panel = Panel.of(daily, treated)
    found = estimate(panel, treated)
    early = estimate(panel, {store: Treated(one.window.earlier, one.matched) for store, one in treated.items()})
    during = found.during
    known = early.low is not None and early.high is not None and found.effect is not None
    parallel = early.low <= 0 <= early.high if known else None  # type: ignore[operator]  # as `known` says
    effect, unlifted = found.effect, None if during is None or found.effect is None else during - found.effect
    return Effect(
        outcome=outcome,
        stores=len(found.treated),
        left_out=sorted(treated.keys() - set(found.treated)),
        matched=len(found.matched),
        before=found.before,
        during=found.during,
        matched_before=found.matched_before,
        matched_during=found.matched_during,
        effect=effect,
        low=found.low,
        high=found.high,
        uplift=effect / unlifted if effect is not None and unlifted is not None and unlifted > 0 else None,
        early=early.effect,
        early_low=early.low,
        early_high=early.high,
        parallel=parallel,
        cautions=_cautions(found, parallel=parallel),
    )


def _cautions(found: Estimate, *, parallel: bool | None) -> list[str]:
    with_, without = len(found.treated), len(found.matched)
    if found.effect is None:
        days = f"{LEAST_DAYS} days before and {LEAST_DAYS} during"
        observed = f"{with_} stores with it and {without} matched ones were observed on {days}"
        return [f"{observed}; {LEAST_STORES} of each are needed"]
    said = []
    if found.low is None:
        said.append("all stores changed alike: there is no spread to make an interval of")
    elif min(with_, without) < FEW:
        said.append(
            f"{with_} stores with it and {without} without are few: the interval is wide, and leans on normality"
        )
    if parallel is False:
        said.append("the stores were already drifting apart before: the effect may be that drift")
    if parallel is None:
        said.append("too few days or stores to see whether the stores were drifting apart before")
    return said


@dataclass(frozen=True, slots=True)
class Panel:
    """What was observed by store and day, and how much each day is above the others."""

    seen: Mapping[str, Mapping[date, float]]
    level: Mapping[date, float]

    @classmethod
    def of(cls, daily: Daily, treated: Mapping[str, Treated]) -> Panel:
        """The days that matched stores were seen on: others cannot be put level."""
        matched = frozenset[str]().union(*(one.matched for one in treated.values()))
        level = levels(daily, matched)
        seen: dict[str, dict[date, float]] = {}
        for (store, day), value in daily.items():
            if day in level and (store in matched or store in treated):
                seen.setdefault(store, {})[day] = value
        return cls(seen, level)

    def split(self, store: str, window: Window) -> tuple[dict[date, float], dict[date, float]]:
        """A store's days before and during."""
        days = self.seen.get(store, {})
        before = {day: value for day, value in days.items() if window.first <= day < window.since}
        return before, {day: value for day, value in days.items() if window.since <= day <= window.until}

    def change(self, store: str, window: Window) -> float | None:
        """The difference of a store's means, days put level; None where too few were observed."""
        parts = self.split(store, window)
        if min(map(len, parts)) < LEAST_DAYS:
            return None
        before, during = (
            math.fsum(value - self.level[day] for day, value in part.items()) / len(part) for part in parts
        )
        return during - before


def estimate(panel: Panel, treated: Mapping[str, Treated]) -> Estimate:
    """The effect, each store counted once.

    Days are first put level by the matched stores, so that weekdays, holidays and days that a store was not seen do
    not pass for an effect. Then each store is the difference of its two means (Bertrand, Duflo & Mullainathan 2004:
    days of one store are not independent), less the mean difference of its matched stores over the same days. Spread is
    by leaving out one store after the other (jackknife over clusters; MacKinnon, Nielsen & Webb 2023), degrees of
    freedom are Satterthwaite's. With one window and all stores matched alike this is Welch's t interval.
    """
    change = cache(panel.change)
    gained: dict[str, float] = {}
    rivals: dict[str, dict[str, float]] = {}
    for store, one in sorted(treated.items()):
        own = change(store, one.window)
        others = {name: by for name in sorted(one.matched) if (by := change(name, one.window)) is not None}
        if own is not None and len(others) >= LEAST_STORES:
            gained[store], rivals[store] = own, others
    used = tuple(sorted({name for others in rivals.values() for name in others}))
    if len(gained) < LEAST_STORES:
        return Estimate(tuple(gained), used)
    means = _means(panel, {store: treated[store].window for store in gained}, rivals)
    table = np.array([[others.get(name, np.nan) for name in used] for others in rivals.values()])
    effect, half = interval(np.array(list(gained.values())), table)
    low, high = (None, None) if half is None else (effect - half, effect + half)
    return Estimate(tuple(gained), used, *means, effect, low, high)


def interval(gained: NDArray[np.float64], rivals: NDArray[np.float64]) -> tuple[float, float | None]:
    """The effect and half the width of its interval; None where nothing differs.

    Args:
        gained: (n,) changes of the stores with it.
        rivals: (n, m) changes of matched stores over each one's days; NaN for those it is not matched with.
    """
    there = ~np.isnan(rivals)
    counts, sums = there.sum(axis=1), np.nansum(rivals, axis=1)
    beyond = gained - sums / counts
    effect, n = float(beyond.mean()), len(gained)
    own = float(beyond.var(ddof=1)) / n
    without = (gained[:, None] - (sums[:, None] - np.where(there, rivals, 0.0)) / (counts[:, None] - there)).mean(
        axis=0
    )
    m = len(without)
    theirs = (m - 1) / m * float(((without - without.mean()) ** 2).sum())
    weights = (there / counts[:, None]).mean(axis=0)
    spread = own + theirs
    if spread <= 1e-18 * max(1.0, effect**2):
        return effect, None
    freedom = spread**2 / (own**2 / (n - 1) + theirs**2 / max(1.0, 1 / float((weights**2).sum()) - 1))
    from scipy.special import stdtrit  # noqa: PLC0415 - large, and only analyses need it

    return effect, float(stdtrit(freedom, (1 + LEVEL) / 2)) * math.sqrt(spread)


def levels(daily: Daily, stores: Collection[str]) -> dict[date, float]:
    """How much each day was above the others, by stores and days together (two-way means, unbalanced).

    Args:
        daily: what was observed.
        stores: by which days are told; a day on which none of them was seen has no level.
    """
    cells = [(store, day, value) for (store, day), value in daily.items() if store in stores]
    if not cells:
        return {}
    days = sorted({day for _, day, _ in cells})
    places = {store: number for number, store in enumerate({store: None for store, _, _ in cells})}
    at = {day: number for number, day in enumerate(days)}
    row, column = np.array([places[store] for store, _, _ in cells]), np.array([at[day] for _, day, _ in cells])
    value = np.array([value for _, _, value in cells])
    of_row, of_column = np.bincount(row), np.bincount(column)
    level = np.zeros(len(days))
    for _ in range(_ROUNDS):
        height = np.bincount(row, value - level[column], len(places)) / of_row
        level = np.bincount(column, value - height[row], len(days)) / of_column
    return dict(zip(days, (level - level.mean()).tolist(), strict=True))


def _means(
    panel: Panel, windows: Mapping[str, Window], rivals: Mapping[str, Collection[str]]
) -> tuple[float, float, float, float]:
    """What was observed, as it was: before and during of the stores with it, before and during of the matched ones."""

    @cache
    def mean(store: str, window: Window) -> NDArray[np.float64]:
        return np.array([math.fsum(part.values()) / len(part) for part in panel.split(store, window)])

    own = np.mean([mean(store, window) for store, window in windows.items()], axis=0)
    other = np.mean(
        [np.mean([mean(name, windows[store]) for name in names], axis=0) for store, names in rivals.items()], axis=0
    )
    return float(own[0]), float(own[1]), float(other[0]), float(other[1])
