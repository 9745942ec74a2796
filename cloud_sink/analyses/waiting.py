"""How long until a SKU runs out again: a rate of stock-outs an open hour, and how well it foretells. Pure.

While a SKU is in stock and the store is open it runs out at a rate: that of the SKU in all stores, day by day, times
how much sooner or later it runs out on this fixture than elsewhere. Few fixtures see a SKU run out often, so this last
leans on 1 by the weight of one stock-out (a gamma prior; Gelman et al. 2013, 2.6). Where all stores together saw enough
of them the rate of each day is forecast, for weekends are not Mondays; else it is the same every day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Literal

from cloud_sink.analyses.forecast import HELD_BACK, LEARNT, WEEK, filled, known, smooth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from edge.contract.business_day import Span

Shelf = tuple[str, str]
"""Store and fixture."""

Rhythm = Literal["by day", "constant"]

ENOUGH = 50
"""Stock-outs of a SKU in all stores without which its rate is not told apart by days."""

LEAST_SHARE = 0.1
"""Of the mean rate, that a day has at least: a smoothed rate near nothing would say that it cannot run out."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One SKU of one fixture, day by day: open hours watched, of these in stock, and stock-outs that began."""

    watched: Mapping[date, float]
    hours: Mapping[date, float]  # in stock
    begun: Mapping[date, int]

    def until(self, day: date) -> Watched:
        """The days before `day`."""
        return Watched(
            {at: hours for at, hours in self.watched.items() if at < day},
            {at: hours for at, hours in self.hours.items() if at < day},
            {at: count for at, count in self.begun.items() if at < day},
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """Stock-outs an open hour: of all shelves on each day ahead, and how many times as many each of them has."""

    ahead: tuple[float, ...]
    times: Mapping[Shelf, float]

    def rates(self, shelves: Sequence[Shelf]) -> list[float]:
        """Of some shelves together, day by day; which of them runs out first is all the same."""
        return [rate * sum(self.times[shelf] for shelf in shelves) for rate in self.ahead]


@dataclass(frozen=True, slots=True)
class Judged:
    """How well rates foretold whether a stock-out would begin on each held-back day (Brier 1950; less is better)."""

    days: int
    rhythm: Rhythm  # that did better
    score: float
    naive_score: float  # of saying what happened on the same weekday of the last week before them


def look_ahead(watched: Mapping[Shelf, Watched], days: Sequence[date], ahead: int, rhythm: Rhythm) -> Outlook | None:
    """What to expect of one SKU; None where it never ran out anywhere.

    Args:
        watched: one SKU by shelf.
        days: every day of the history, ascending.
        ahead: days to look ahead, from the one behind them.
        rhythm: whether the rate is told apart by days.
    """
    hours = sum(sum(one.hours.values()) for one in watched.values())
    begun = sum(sum(one.begun.values()) for one in watched.values())
    if not begun or not hours:
        return None
    usual = begun / hours
    times = {
        shelf: (sum(one.begun.values()) + 1) / (sum(one.hours.values()) * usual + 1) for shelf, one in watched.items()
    }
    series = [_rate(watched, day) for day in days]
    if rhythm == "constant" or begun < ENOUGH or known(series) < LEARNT:
        return Outlook((usual,) * ahead, times)
    return Outlook(tuple(max(rate, LEAST_SHARE * usual) for rate in smooth(filled(series), ahead)), times)


def judge(watched: Mapping[Shelf, Watched], days: Sequence[date]) -> Judged | None:
    """Foretell the last days from those before them; None where too few days were watched, or it never ran out.

    Nothing of a held-back day goes into what is foretold of it but for how long it was watched. Days that began and
    ended without it in stock are not foretold.

    Args:
        watched: one SKU by shelf.
        days: every day of the history, ascending.
    """
    before, held = days[:-HELD_BACK], days[-HELD_BACK:]
    learnt = {shelf: one.until(held[0]) for shelf, one in watched.items()}
    if len({day for one in learnt.values() for day in one.watched}) < LEARNT:
        return None
    trials = _trials(watched, learnt, days, held)
    rhythms: tuple[Rhythm, ...] = ("by day", "constant")
    found = {rhythm: look_ahead(learnt, before, HELD_BACK, rhythm) for rhythm in rhythms}
    scores = {
        rhythm: mean((_foretold(watched, held, outlook, one) - one.came) ** 2 for one in trials)
        for rhythm, outlook in found.items()
        if outlook is not None and trials
    }
    if not scores:
        return None
    best = min(rhythms, key=lambda rhythm: scores[rhythm])
    naive = mean(float(one.came != one.week_before) for one in trials)
    return Judged(days=len(trials), rhythm=best, score=scores[best], naive_score=naive)


def chance(rates: Sequence[float], openings: Sequence[Span], now: datetime) -> float:
    """Of running out within some opening hours."""
    return 1 - math.exp(-sum(rate * _left(hours, now) / 3600 for rate, hours in zip(rates, openings, strict=False)))


def expected(rates: Sequence[float], openings: Sequence[Span], now: datetime) -> tuple[float, datetime] | None:
    """The open hours until one stock-out is due, and when they are over; None where the openings do not reach so far.

    Where the rate is constant these are the mean of the time until then.
    """
    due, passed = 1.0, 0.0
    for rate, hours in zip(rates, openings, strict=False):
        room = _left(hours, now) / 3600
        if rate * room >= due:
            begins = max(hours.since, now)
            return passed + due / rate, begins + (hours.until - begins) * (due / rate / room)
        due, passed = due - rate * room, passed + room
    return None


def _left(hours: Span, now: datetime) -> float:
    """Seconds of some opening hours that are not over."""
    return max(0.0, (hours.until - max(hours.since, now)).total_seconds())


def _rate(watched: Mapping[Shelf, Watched], day: date) -> float | None:
    """Stock-outs an open hour in stock of all shelves on a day; None where nobody saw it in stock."""
    hours = sum(one.hours.get(day, 0.0) for one in watched.values())
    return sum(one.begun.get(day, 0) for one in watched.values()) / hours if hours else None


@dataclass(frozen=True, slots=True)
class _Trial:
    """A held-back day of a shelf on which it was in stock at some time."""

    shelf: Shelf
    day: date
    came: bool  # whether it ran out
    week_before: bool  # whether it did on the same weekday of the last week that was learnt from


def _trials(
    watched: Mapping[Shelf, Watched], learnt: Mapping[Shelf, Watched], days: Sequence[date], held: Sequence[date]
) -> list[_Trial]:
    """Those of which both is known."""
    found = []
    for shelf, one in sorted(watched.items()):
        for number, day in enumerate(held):
            before = days[len(days) - HELD_BACK - WEEK + number % WEEK]
            if one.hours.get(day) and learnt[shelf].watched.get(before):
                came, same = one.begun.get(day, 0) > 0, learnt[shelf].begun.get(before, 0) > 0
                found.append(_Trial(shelf, day, came, same))
    return found


def _foretold(watched: Mapping[Shelf, Watched], held: Sequence[date], outlook: Outlook, one: _Trial) -> float:
    """How probable it was that it would run out."""
    rate = outlook.ahead[held.index(one.day)] * outlook.times[one.shelf]
    return 1 - math.exp(-rate * watched[one.shelf].watched[one.day])
