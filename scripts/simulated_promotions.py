"""Simulated stores with and without a promotion, of which the effect is known: how often intervals hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cloud_sink.analyses.differences import Daily, Effect, Treated, Window, difference_in_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = date(2026, 2, 2)
BEFORE, APART, DURING = 28, 8, 21
DAYS = BEFORE + APART + DURING
WEEK = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.4, 0.9])
HOLIDAY = 20
ONE_IN_FIVE = 0.2
EFFECT = 3.0
"""Units a day, of about twenty; the changes of stores spread by as much by themselves."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How many stores, in how many cities, and how their changes spread: as the normal or the exponential does."""

    treated: int
    matched: int
    cities: int
    skewed: bool


CHAINS = tuple(
    Chain(treated, matched, cities, skewed)
    for skewed in (False, True)
    for treated, matched, cities in ((2, 2, 1), (3, 6, 1), (6, 15, 1), (10, 30, 2), (20, 60, 3))
)


def simulate(chain: Chain, effect: float, chance: np.random.Generator) -> tuple[Daily, dict[str, Treated]]:
    """One set of data: units a day over eight weeks.

    Stores differ in height. Weekdays and a holiday move all of them, and cities drift apart; each store has weather of
    its own that lasts some days, and changes for good half-way, promotion or not. Counts are whole. Promotions begin up
    to a week apart. One store in five is closed on Sundays, one in five goes unseen for a week, one day in twelve is
    missing.
    """
    daily: Daily = {}
    treated: dict[str, Treated] = {}
    rivals = {f"c{number}": number % chain.cities for number in range(chain.matched)}
    for number in range(chain.treated):
        begins, city = BEFORE + int(chance.integers(APART)), number % chain.cities
        since = FIRST + timedelta(days=begins)
        window = Window(since - timedelta(days=BEFORE), since, since + timedelta(days=DURING - 1))
        treated[f"p{number}"] = Treated(window, frozenset(name for name, there in rivals.items() if there == city))
        daily |= _store(f"p{number}", _mean(chain, city, begins, effect, chance), chance)
    for name, city in rivals.items():
        begins = BEFORE + APART // 2
        daily |= _store(name, _mean(chain, city, begins, 0.0, chance), chance)
    return daily, treated


def _mean(
    chain: Chain, city: int, begins: int, effect: float, chance: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    days = np.arange(DAYS)
    common = 15 * WEEK[days % 7] * (1 + 0.004 * city * days) + 6.0 * (days == HOLIDAY)
    weather = np.zeros(DAYS)
    for day in range(1, DAYS):
        weather[day] = 0.7 * weather[day - 1] + chance.normal(0, 1.5)
    change = chance.exponential(3) - 3 if chain.skewed else chance.normal(0, 3)
    return np.asarray(chance.uniform(0, 9) + common + weather + (change + effect) * (days >= begins))


def _store(name: str, mean: np.ndarray[tuple[int], np.dtype[np.float64]], chance: np.random.Generator) -> Daily:
    seen = chance.random(DAYS) > 1 / 12
    if chance.random() < ONE_IN_FIVE:
        seen[6::7] = False
    if chance.random() < ONE_IN_FIVE:
        dark = int(chance.integers(DAYS - 7))
        seen[dark : dark + 7] = False
    units = chance.poisson(np.maximum(mean, 0.0))
    return {(name, FIRST + timedelta(days=int(day))): float(units[day]) for day in np.flatnonzero(seen)}


def measure(runs: int, seed: int) -> Iterator[str]:
    """A table: how often the interval holds the effect, how often one is seen where none is, and how wide it is."""
    yield "| stores with | without | cities | changes | holds the effect | seen where none is | warned before | width |"
    yield "|---|---|---|---|---|---|---|---|"
    for chain in CHAINS:
        chance = np.random.default_rng(seed)
        held = seen = warned = 0
        widths = []
        for _ in range(runs):
            found = difference_in_differences("units", *simulate(chain, EFFECT, chance))
            none = difference_in_differences("units", *simulate(chain, 0.0, chance))
            held += _holds(found, EFFECT)
            seen += not _holds(none, 0.0)
            warned += none.parallel is False
            widths.append((found.high or 0.0) - (found.low or 0.0))
        shape = "exponential" if chain.skewed else "normal"
        told = f"| {chain.treated} | {chain.matched} | {chain.cities} | {shape}"
        yield f"{told} | {held / runs:.3f} | {seen / runs:.3f} | {warned / runs:.3f} | {np.median(widths):.1f} |"


def _holds(found: Effect, truth: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= truth <= found.high
