"""What happens in a store of the town on a day: the truth, a function of store and day and nothing else."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.scenes.town.shelf import SWAPPED, Standing, planned

if TYPE_CHECKING:
    from models.scenes.town.shops import Shop

HOURS = 14
"""08:00 to 22:00; a capture at each full hour."""


@dataclass(frozen=True, slots=True)
class Out:
    """A SKU that is sold out from one capture to another; `until` None: when the day ends it still is."""

    sku: str
    since: int
    until: int | None


@dataclass(frozen=True)
class FixtureDay:
    """One fixture of a store on one day."""

    shop: Shop
    fixture: str
    day: date
    last: bool  # whether it is the last day that is told

    @property
    def opens(self) -> datetime:
        """08:00 by the store's clock."""
        return datetime.combine(self.day, time(8), ZoneInfo(self.shop.zone))

    def moment(self, number: int) -> datetime:
        """When a capture is taken."""
        return self.opens + timedelta(hours=number)

    @cached_property
    def outs(self) -> tuple[Out, ...]:
        """The stock-outs of the day."""
        trouble, skus, found = self.shop.trouble, list(planned()), []
        for number in range(trouble + self._mix("outs") % (trouble + 2)):
            since = 2 + self._mix("since", number) % 9
            until = since + 2 + self._mix("long", number) % (2 + 3 * trouble)
            found.append(Out(skus[self._mix("sku", number) % len(skus)], since, until if until <= HOURS else None))
        return tuple({one.sku: one for one in found}.values())

    def rejected(self, number: int) -> str | None:
        """Why a capture was not used, if it was not."""
        if self.last and self.shop.covered and number > HOURS // 3:
            return "covered"
        return "fogged" if self._mix("fog", number) % 24 < self.shop.trouble else None

    def standing(self, number: int) -> Standing:
        """What stands there at a capture."""
        skus = list(planned())
        out = frozenset(o.sku for o in self.outs if o.since <= number and (o.until is None or number < o.until))
        short = {skus[self._mix("short", one) % len(skus)] for one in range(min(number // 4, 1 + self.shop.trouble))}
        return Standing(
            out=out,
            short=frozenset(short),
            foreign=max(0, 2 * self.shop.trouble - 4) if self._mix("foreign") % 4 else 0,
            unsure=self._mix("unsure") % 2,
            swapped=self._mix("swapped") % 6 < self.shop.trouble - 1 and out.isdisjoint(SWAPPED),
        )

    def people(self, hour: int) -> tuple[int, int, int]:
        """Who came in, passed the fixture, and stopped, in an hour of the day."""
        rush = 0.5 + math.exp(-((hour - 4.2) ** 2) / 3) + 1.2 * math.exp(-((hour - 10.3) ** 2) / 4)
        weekend = 1.25 if self.day.weekday() in {5, 6} else 1.0
        into = round(self.shop.visitors / 17 * rush * weekend * (0.85 + self._mix("people", hour) % 30 / 100))
        passers = round(into * 0.7)
        return into, passers, round(passers * (0.18 + self._mix("stop", hour) % 12 / 100))

    def celsius(self, hour: int) -> float:
        """Of the cabinet."""
        return round(self.shop.celsius + self._mix("warm", hour) % 12 / 10 - 0.5, 1)

    def _mix(self, *words: object) -> int:
        told = f"{self.shop.id} {self.fixture} {self.day} {words}"
        return int.from_bytes(hashlib.blake2b(told.encode(), digest_size=4).digest())
