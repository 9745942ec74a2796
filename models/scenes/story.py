"""A day in front of a cooler: what is sold, put back, put in the wrong place, and what the camera meets.

Events are drawn first, from the plan and a seed; what stands on the shelves at a moment is the fold of the events up
to it. Coolers feed forward: when a front unit is sold the one behind takes its place, and a column shows a gap only
once it is empty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.scenes.products import Product
    from models.scenes.scene import Column

State = Literal["clear", "blocked", "blurred", "dark"]
Verb = Literal["sold", "refilled", "placed", "removed"]


@dataclass(frozen=True, slots=True)
class Drain:
    """Columns (indices) that sell out between two moments; the last unit goes at `until` exactly."""

    columns: tuple[int, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Intrusion:
    """A product that is put into an empty column where it does not belong, and taken away again."""

    column: int
    product: Product
    units: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Refill:
    """Columns filled up to what they hold."""

    columns: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What is meant to happen in a day. `sales_per_hour` is per column that does not drain."""

    opens: datetime
    closes: datetime
    every: timedelta
    columns: tuple[Column, ...]
    sales_per_hour: float
    drains: tuple[Drain, ...]
    refills: tuple[Refill, ...]
    intrusions: tuple[Intrusion, ...]

    def frame_times(self) -> tuple[datetime, ...]:
        """The moments at which a picture is taken, both ends included."""
        count = (self.closes - self.opens) // self.every
        return tuple(self.opens + k * self.every for k in range(count + 1))


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """Something that changes a column: one unit sold, units refilled, a foreign product placed or removed."""

    at: datetime
    verb: Verb
    column: int
    units: int
    product: Product


def live(plan: Plan, seed: int) -> tuple[StoreEvent, ...]:
    """Draw the events of a day. No column other than the drained ones ever runs empty."""
    rng = np.random.default_rng((seed, 61))
    drained = {index for drain in plan.drains for index in drain.columns}
    events = [
        event for index in range(len(plan.columns)) if index not in drained for event in _sold_slowly(plan, index, rng)
    ]
    for drain in plan.drains:
        events += _drained(plan, drain, rng)
    for intrusion in plan.intrusions:
        events.append(StoreEvent(intrusion.since, "placed", intrusion.column, intrusion.units, intrusion.product))
        events.append(StoreEvent(intrusion.until, "removed", intrusion.column, intrusion.units, intrusion.product))
    events.sort(key=_order)
    for refill in sorted(plan.refills, key=lambda refill: refill.at):
        before = stock(plan, [event for event in events if event.at < refill.at])
        for index in refill.columns:
            missing = plan.columns[index].units - before[index].units
            if missing > 0:
                events.append(StoreEvent(refill.at, "refilled", index, missing, plan.columns[index].expected))
        events.sort(key=_order)
    return tuple(events)


def _order(event: StoreEvent) -> tuple[datetime, int]:
    return event.at, event.column


def _sold_slowly(plan: Plan, index: int, rng: np.random.Generator) -> list[StoreEvent]:
    """Random sales from one column, at the plan's rate, that leave its last unit where it is."""
    column = plan.columns[index]
    span = (plan.closes - plan.opens).total_seconds()
    count = int(rng.poisson(plan.sales_per_hour * span / 3600))
    moments = sorted(plan.opens + timedelta(seconds=int(s)) for s in rng.uniform(60, span - 60, count))
    refills = [refill.at for refill in plan.refills if index in refill.columns]
    events: list[StoreEvent] = []
    left, last = column.units, plan.opens
    for moment in moments:
        if any(last < at <= moment for at in refills):
            left = column.units
        last = moment
        if left > 1:
            left -= 1
            events.append(StoreEvent(moment, "sold", index, 1, column.expected))
    return events


def _drained(plan: Plan, drain: Drain, rng: np.random.Generator) -> list[StoreEvent]:
    """Sales of all units of the columns, mixed among them, the last at the drain's end."""
    units = [index for index in drain.columns for _ in range(plan.columns[index].units)]
    span = (drain.until - drain.since).total_seconds()
    moments = [*sorted(float(s) for s in rng.uniform(0, span - 60, len(units) - 1)), span]
    mixed = [units[k] for k in rng.permutation(len(units))]
    return [
        StoreEvent(drain.since + timedelta(seconds=int(s)), "sold", index, 1, plan.columns[index].expected)
        for s, index in zip(moments, mixed, strict=True)
    ]


def stock(plan: Plan, events: Sequence[StoreEvent]) -> tuple[Column, ...]:
    """The columns after these events.

    Raises:
        ValueError: an event that cannot be: a sale from an empty column, a foreign product on top of a full one.
    """
    columns = list(plan.columns)
    for event in events:
        column = columns[event.column]
        if event.verb == "sold":
            if column.product is None or column.product.seed != event.product.seed:
                raise ValueError(f"{event.product.id} is sold from column {event.column}, which has none")
            left = column.units - 1
            columns[event.column] = replace(column, units=left, product=column.product if left else None)
        elif event.verb == "placed":
            if column.product is not None:
                raise ValueError(f"{event.product.id} is placed into column {event.column}, which is not empty")
            columns[event.column] = replace(column, units=event.units, product=event.product)
        elif event.verb == "removed":
            columns[event.column] = replace(column, units=0, product=None)
        else:
            columns[event.column] = replace(column, units=column.units + event.units, product=column.expected)
    return tuple(columns)


def stock_at(plan: Plan, events: Sequence[StoreEvent], moment: datetime) -> tuple[Column, ...]:
    """The columns at a moment, events of that very moment included."""
    return stock(plan, [event for event in events if event.at <= moment])


@dataclass(frozen=True, slots=True)
class StockOut:
    """A time in which a planned product had no facing. `until` is None if it lasted beyond closing."""

    sku: str
    since: datetime
    until: datetime | None


def stock_outs(plan: Plan, events: Sequence[StoreEvent]) -> tuple[StockOut, ...]:
    """All stock-outs of planned products, by when they began."""
    found: list[StockOut] = []
    since: dict[str, datetime] = {}
    planned = {column.expected.id for column in plan.columns}
    for moment in sorted({event.at for event in events}):
        seen = {column.product.id for column in stock_at(plan, events, moment) if column.product is not None}
        for sku in planned:
            if sku not in seen:
                since.setdefault(sku, moment)
            elif sku in since:
                found.append(StockOut(sku, since.pop(sku), moment))
    found += [StockOut(sku, start, None) for sku, start in since.items()]
    return tuple(sorted(found, key=lambda episode: (episode.since, episode.sku)))
