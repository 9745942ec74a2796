"""Units that a store sells, as its files tell, and how many to bring. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.analyses.forecast import JUDGED, LEARNT, Forecast, Method, forecast
from cloud_sink.profile.goods_model import Count, Mean, Portrait

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SURENESS = 1.28
"""Standard deviations above the forecast that a refill covers: nine times in ten it is enough."""

OUT = 0.1
"""Of the time watched. A day on which it was out for longer does not tell what would have been sold."""

OLD = 14
"""Days after which sales files are too old to tell what is sold now."""


class Refill(Portrait):
    """How many units the days until the next visit need, from sales."""

    days: Count = Field(description="that it has to last, today the first")
    expected: Mean = Field(description="units that will be sold, as forecast")
    needed: Mean = Field(description="units that are enough nine times in ten")
    stock: float | None = Field(
        description="by the books this morning: delivered less sold, and less the forecast of days not told yet; null: "
        "unknown"
    )
    suggested: Count = Field(description="units to bring: needed less stock, or all that is needed where it is unknown")
    told_until: date = Field(description="the last day that the sales files tell")
    method: Method = Field(description="of the two the one that did better on the days held back")
    error: Mean = Field(description="mean absolute error a day of exponential smoothing on the days held back")
    naive_error: Mean = Field(description="of the seasonal-naive baseline on the same days")


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of one store.

    Args:
        today: the business day that has begun.
        told: days of the history of which a sales file says anything.
        sold: units by GTIN and day; a told day without a line sold none.
        delivered: units by GTIN and day.
        out: by SKU and day the share of the time watched that it was out of stock.
    """

    today: date
    told: Collection[date]
    sold: Mapping[str, Mapping[date, float]]
    delivered: Mapping[str, Mapping[date, float]]
    out: Mapping[str, Mapping[date, float]]

    def refill(self, sku: str, gtin: str | None, days: int) -> tuple[Refill | None, list[str]]:
        """What to bring, or why nobody can say; and what is less sure than it looks."""
        if not self.told:
            return None, ["no sales file tells units of this store"]
        if gtin is None or gtin not in self.sold:
            return None, ["no sales file tells units of it"]
        last = max(self.told)
        gap = (self.today - last).days - 1  # days between the file's end and today
        if gap > OLD:
            return None, [f"sales are told until {last} only: too long ago"]
        series = self._series(sku, gtin)
        foretold = forecast(series, gap + days)
        if foretold is None:
            usable = sum(value is not None for value in series)
            needed = f"{LEARNT} and {JUDGED} of the last two weeks are needed for a forecast"
            return None, [f"{usable} days of sales on which it was in stock; {needed}"]
        stock = self._stock(gtin, foretold, gap)
        short = stock is not None and stock < 0
        enough = foretold.at_most(gap, days, SURENESS)
        refill = Refill(
            days=days,
            expected=foretold.between(gap, days),
            needed=enough,
            stock=None if short else stock,
            suggested=max(0, math.ceil(enough - (0.0 if stock is None or short else stock))),
            told_until=last,
            method=foretold.method,
            error=foretold.error,
            naive_error=foretold.naive_error,
        )
        return refill, ["more was sold than delivered: its stock is unknown"] if short else []

    def _series(self, sku: str, gtin: str) -> list[float | None]:
        first, last = min(self.told), max(self.told)
        out, sold = self.out.get(sku, {}), self.sold[gtin]
        every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
        return [sold.get(day, 0.0) if day in self.told and out.get(day, 0.0) <= OUT else None for day in every]

    def _stock(self, gtin: str, foretold: Forecast, gap: int) -> float | None:
        """Delivered before today less sold since the first delivery that is told; None without any."""
        came = {day: count for day, count in self.delivered.get(gtin, {}).items() if day < self.today}
        if not came:
            return None
        gone = sum(count for day, count in self.sold[gtin].items() if day >= min(came))
        return sum(came.values()) - gone - foretold.between(0, gap)
