"""Simulated sales and stock-outs, of which the truth is known: whether refills are enough and chances come true."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from cloud_sink.analyses.demand import SURENESS
from cloud_sink.analyses.forecast import forecast
from cloud_sink.analyses.waiting import Watched, chance, judge, look_ahead
from edge.contract.business_day import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

HISTORY, VISIT = 84, 3
WEEK = np.array([0.7, 0.7, 0.9, 1.0, 1.2, 1.5, 1.0])
LEVELS = (0.5, 2.0, 8.0, 30.0)
"""Units a day; they drift by two per cent a day."""

STORES = 40
HOURS = 14.0
OPENS = datetime(2026, 3, 2, 8, tzinfo=UTC)
FIRST = date(2025, 12, 8)
RATES = (0.005, 0.02, 0.05)
"""Stock-outs an open hour; of one store twice that of another."""


def measure(runs: int, seed: int) -> Iterator[str]:
    """Two tables: of refills, and of chances to run out."""
    yield "| units a day | three days' refill is enough | error a day | seasonal naive |"
    yield "|---|---|---|---|"
    for level in LEVELS:
        yield _refills(level, runs, np.random.default_rng(seed))
    yield ""
    yield "| stock-outs an open hour | told to run out in three days | did | score, Brier | the week before |"
    yield "|---|---|---|---|---|"
    for rate in RATES:
        yield _chances(rate, runs, np.random.default_rng(seed))


def _refills(level: float, runs: int, random: np.random.Generator) -> str:
    """Counts are over-dispersed as sales are: a variance of one and a quarter of the mean."""
    enough, errors, naive = 0, [], []
    for _ in range(runs):
        drift = level * np.exp(np.cumsum(random.normal(0, 0.02, HISTORY + VISIT)))
        mean = np.maximum(0.05, drift * WEEK[np.arange(HISTORY + VISIT) % 7])
        sold = random.negative_binomial(4 * mean, 0.8).astype(float)
        found = forecast(sold[:HISTORY].tolist(), VISIT)
        if found is None:
            raise ValueError("a history of twelve weeks is enough for a forecast")
        enough += bool(sold[HISTORY:].sum() <= np.ceil(found.at_most(0, VISIT, SURENESS)))
        errors.append(found.error)
        naive.append(found.naive_error)
    return f"| {level:g} | {enough / runs:.3f} | {np.mean(errors):.2f} | {np.mean(naive):.2f} |"


def _chances(rate: float, runs: int, random: np.random.Generator) -> str:
    """Stores that run out at rates of their own, by weekdays; each stock-out takes two hours of its day."""
    told, came, scores, naive = [], [], [], []
    openings = [Span(OPENS + timedelta(days=at), OPENS + timedelta(days=at, hours=HOURS)) for at in range(VISIT)]
    days = [FIRST + timedelta(days=at) for at in range(HISTORY)]
    for _ in range(max(1, runs // 20)):
        own = {(f"s{at}", "f1"): rate * float(random.uniform(0.67, 1.33)) for at in range(STORES)}
        watched = {shelf: _watched(one, days, random) for shelf, one in own.items()}
        judged = judge(watched, days)
        found = look_ahead(watched, days, VISIT, judged.rhythm if judged else "constant")
        if judged is None or found is None:
            continue  # it never ran out
        scores.append(judged.score)
        naive.append(judged.naive_score)
        for shelf, one in own.items():
            told.append(chance(found.rates([shelf]), openings, OPENS))
            came.append(random.random() < -np.expm1(-one * HOURS * WEEK[:VISIT].sum()))
    return f"| {rate:g} | {np.mean(told):.3f} | {np.mean(came):.3f} | {np.mean(scores):.3f} | {np.mean(naive):.3f} |"


def _watched(rate: float, days: list[date], random: np.random.Generator) -> Watched:
    begun = {day: int(random.poisson(rate * HOURS * WEEK[at % 7])) for at, day in enumerate(days)}
    hours = {day: max(0.5, HOURS - 2.0 * count) for day, count in begun.items()}
    return Watched(dict.fromkeys(days, HOURS), hours, begun)
