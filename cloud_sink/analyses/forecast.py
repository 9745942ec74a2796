"""Days ahead by exponential smoothing, and its error on held-back days beside a seasonal-naive one. Pure."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from statistics import mean
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

WEEK = 7
HELD_BACK = 14
LEARNT = 28
JUDGED = 7
"""Known days without which nothing is forecast: four weeks to learn from, and one of the two held back to be judged."""

Method = Literal["exponential smoothing", "seasonal naive"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days ahead, by the method that did better on the days held back."""

    daily: tuple[float, ...]
    method: Method
    error: float  # mean absolute error of exponential smoothing on the known days held back
    naive_error: float  # of the same weekday of the last week before them
    spread: float  # root mean square of the chosen method's errors, a day

    def between(self, first: int, days: int) -> float:
        """What some days need, `first` days from the beginning."""
        return sum(self.daily[first : first + days])

    def at_most(self, first: int, days: int, sureness: float) -> float:
        """The same with a margin of so many standard deviations; errors of days are taken as independent."""
        return self.between(first, days) + sureness * self.spread * math.sqrt(days)


def forecast(series: Sequence[float | None], days: int) -> Forecast | None:
    """Forecast a daily series; None where it is too short to be judged.

    Holt-Winters smoothing with a level and an additive week, no trend (Hyndman & Athanasopoulos 2021, 8.3). Judged by
    the last 14 days, forecast from those before and nothing else; then fitted to all. Where the baseline did better
    there, it is used.

    Args:
        series: a value for each day, ascending, without a gap; None where nobody knows it.
        days: how many to forecast.
    """
    before, held = series[:-HELD_BACK], series[-HELD_BACK:]
    if known(before) < LEARNT or known(held) < JUDGED:
        return None
    smoothed, naive = (_errors(by(filled(before), HELD_BACK), held) for by in (smooth, repeat))
    error, naive_error = (mean(map(abs, errors)) for errors in (smoothed, naive))
    better = error < naive_error
    return Forecast(
        daily=tuple((smooth if better else repeat)(filled(series), days)),
        method="exponential smoothing" if better else "seasonal naive",
        error=error,
        naive_error=naive_error,
        spread=math.sqrt(mean(one * one for one in (smoothed if better else naive))),
    )


def known(series: Sequence[float | None]) -> int:
    """Days of which somebody knows."""
    return sum(value is not None for value in series)


def filled(series: Sequence[float | None]) -> list[float]:
    """A series without gaps: an unknown day is like the last known one of its weekday, or else the next.

    A weekday of which nothing is known at all is one on which the store is closed: nothing.
    """
    found: list[float] = []
    for at, value in enumerate(series):
        same = [*reversed(series[at % WEEK : at : WEEK]), *series[at::WEEK]]
        found.append(value if value is not None else next((one for one in same if one is not None), 0.0))
    return found


def smooth(series: list[float], days: int) -> list[float]:
    """By exponential smoothing, never below nothing."""
    if len(set(series)) == 1:
        return [max(0.0, series[0])] * days
    return list(_smoothed(tuple(series), days))


@lru_cache(maxsize=1024)
def _smoothed(series: tuple[float, ...], days: int) -> tuple[float, ...]:
    """Kept: to fit takes some 40 ms, and the same series is asked about for store after store, all day."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # noqa: PLC0415 - large, and only analyses need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an optimum at a bound is an optimum
        model = ExponentialSmoothing(series, seasonal="add", seasonal_periods=WEEK, initialization_method="estimated")
        return tuple(max(0.0, float(value)) for value in model.fit().forecast(days))


def repeat(series: list[float], days: int) -> list[float]:
    """The last week again and again; what came back is no demand."""
    week = series[-WEEK:]
    return [max(0.0, week[day % WEEK]) for day in range(days)]


def _errors(foretold: Sequence[float], came: Sequence[float | None]) -> list[float]:
    return [one - other for one, other in zip(foretold, came, strict=True) if other is not None]
