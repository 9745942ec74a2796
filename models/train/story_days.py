"""Days in front of a cooler, drawn at random: only their truth, no picture.

What sells out and when, what is refilled, what is put where it does not belong, and which captures are spoilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from models.scenes.demo import FIXTURE, SPACING_MM
from models.scenes.products import Product, invent_product
from models.scenes.scene import Column, capacity
from models.scenes.story import Drain, Intrusion, Plan, Refill, StockOut, StoreEvent, live, stock_outs
from models.train.noisy_shelf import Occluder

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OPENS = datetime(2026, 3, 14, 8, 0, tzinfo=ZONE)
CLOSES = datetime(2026, 3, 14, 22, 0, tzinfo=ZONE)
RANGE = range(860_000, 860_048)
"""Seeds of the products that days draw from; half of those not planned on a day are in no catalogue."""

DRAINS = 2.0
"""SKUs that sell out on a day, on average."""

REFILLED = 0.75
"""Share of stock-outs that end before the shop closes."""

INTRUDED = 0.35
"""Share of empty places into which a product is put that does not belong there."""

REJECTED = 0.03
"""Share of captures that the quality gate rejects."""

OCCLUDED = 0.06
"""Share of captures with a shopper or an arm before the shelf, hiding a sixth to three fifths of its width."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day and its truth."""

    plan: Plan
    events: tuple[StoreEvent, ...]
    stock_outs: tuple[StockOut, ...]
    listed: tuple[str, ...]  # SKUs of the catalogue
    rejected: frozenset[datetime]
    occluded: dict[datetime, Occluder]


def draw_day(seed: int, *, every: timedelta = timedelta(minutes=20)) -> Day:
    """Draw a day: the same one for the same seed."""
    rng = np.random.default_rng((seed, 17))
    pool = [_product(RANGE[k]) for k in rng.permutation(len(RANGE))]
    columns = _columns(pool, seed)
    skus = list(dict.fromkeys(column.expected.id for column in columns))
    foreign = [product for product in pool if product.id not in skus]
    drains, refills, intrusions = _happenings(columns, skus, foreign, rng)
    plan = Plan(OPENS, CLOSES, every, columns, 0.3, tuple(drains), tuple(refills), tuple(intrusions))
    events = live(plan, seed)
    times = plan.frame_times()
    rejected = frozenset(at for at in times if rng.random() < REJECTED)
    occluded = {at: _occluder(rng) for at in times if rng.random() < OCCLUDED}
    listed = (*skus, *(product.id for product in foreign[::2]))
    return Day(plan, events, stock_outs(plan, events), listed, rejected, occluded)


@cache
def _product(seed: int) -> Product:
    return invent_product(seed)


def _columns(pool: list[Product], seed: int) -> tuple[Column, ...]:
    """Shelves filled from the left with products of one to four facings that fit below the next board."""
    rng = np.random.default_rng((seed, 18))
    columns: list[Column] = []
    for shelf in range(1, len(FIXTURE.shelves) + 1):
        x, slot = 0.0, 0
        for product in pool:
            pitch = product.package.width_mm + SPACING_MM
            facings = min(1 + int(rng.integers(4)), int((FIXTURE.width - x) / pitch))
            known = any(column.expected.id == product.id for column in columns)
            if facings < 1 or known or product.package.height_mm > FIXTURE.clearance(shelf):
                continue
            for _ in range(facings):
                slot += 1
                units = capacity(FIXTURE, product)
                columns.append(
                    Column(shelf, slot, x + pitch / 2, product, product, units, turn_seed=shelf * 100 + slot)
                )
                x += pitch
    return tuple(columns)


def _happenings(
    columns: tuple[Column, ...], skus: list[str], foreign: list[Product], rng: np.random.Generator
) -> tuple[list[Drain], list[Refill], list[Intrusion]]:
    drains: list[Drain] = []
    refills: list[Refill] = []
    intrusions: list[Intrusion] = []
    chosen = [skus[k] for k in rng.permutation(len(skus))]
    sold_out = chosen[: min(int(rng.poisson(DRAINS)), len(skus) - 2)]
    for sku in chosen[: len(sold_out) + 2]:
        own = [index for index, column in enumerate(columns) if column.expected.id == sku]
        partly = sku not in sold_out
        if partly and len(own) == 1:
            continue
        own = own[1:] if partly else own
        since = OPENS + timedelta(minutes=float(rng.uniform(5, 9 * 60)))
        until = _whole(since + timedelta(minutes=float(rng.uniform(60, 4.5 * 60))))
        drains.append(Drain(tuple(own), _whole(since), until))
        back = None
        if rng.random() < REFILLED:
            back = _whole(until + timedelta(minutes=float(rng.uniform(10, 5 * 60))))
            if back < CLOSES - timedelta(minutes=45):
                refills.append(Refill(tuple(own), back))
            else:
                back = None
        last = back or CLOSES
        for index in own:
            placed = _whole(until + timedelta(minutes=float(rng.uniform(5, 90))))
            if rng.random() < INTRUDED and placed < last - timedelta(minutes=15):
                away = _whole(placed + (last - placed) * float(rng.uniform(0.3, 0.95)))
                stranger = foreign[int(rng.integers(len(foreign)))]
                intrusions.append(Intrusion(index, stranger, 2, placed, max(away, placed + timedelta(minutes=1))))
    return drains, refills, intrusions


def _occluder(rng: np.random.Generator) -> Occluder:
    width = FIXTURE.width * float(rng.uniform(1 / 6, 3 / 5))
    left = float(rng.uniform(-width / 2, FIXTURE.width - width / 2))
    return Occluder(left, left + width)


def _whole(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
