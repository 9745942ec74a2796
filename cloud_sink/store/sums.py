"""What a batch adds to the roll-ups. Pure and additive: a batch is the sum of its events, in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.store.counted import LANES
from cloud_sink.store.lanes import Lanes
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import fixture_day, rejection_day, sku_day, traffic_hour

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Table

    from cloud_sink.store.counted import Counted
    from cloud_sink.store.facts import Place

RowKey = tuple[object, ...]
DayKey = tuple[str, str, "date"]
"""Tenant, store, business day."""

_STALE = Lanes(stale_day)


class Roll:
    """What a batch adds to one roll-up table: for each row its counts in the lanes of the table."""

    def __init__(self, table: Table, lanes: Lanes, *, only_open: str | None = None) -> None:
        self.table = table
        self.hourly = "hour" in table.primary_key.columns
        self._lanes = lanes
        self._only_open = only_open  # what counts in opening hours only
        self._days: dict[DayKey, dict[RowKey, int]] = {}

    @property
    def rows(self) -> list[RowKey]:
        """Whole rows, key and counts, in the order of the keys."""
        unpack = self._lanes.unpack
        return [
            (*day, *of, *unpack(row)) for day, rows in sorted(self._days.items()) for of, row in sorted(rows.items())
        ]

    def of_day(self, day: DayKey) -> dict[RowKey, int]:
        """The rows of a day, to be added to."""
        rows = self._days.get(day)
        if rows is None:
            rows = self._days[day] = {}
        return rows

    def when_closed(self, row: int) -> int:
        """What is left of a row of counts outside opening hours."""
        return row if self._only_open is None else self._lanes.without(self._only_open, row)


class Sums:
    """Counts by roll-up. Integers only: their sum does not depend on the order."""

    def __init__(self) -> None:
        self._rolls = {
            roll.table.name: roll
            for roll in (
                Roll(fixture_day, LANES["fixture_day"], only_open="accepted_due"),
                Roll(rejection_day, LANES["rejection_day"]),
                Roll(sku_day, LANES["sku_day"]),
                Roll(traffic_hour, LANES["traffic_hour"], only_open="open_ms"),
            )
        }
        self.stale = Roll(stale_day, _STALE)

    @property
    def rolls(self) -> tuple[Roll, ...]:
        """The roll-ups, in the order in which they are written; the marks of stale days come after everything."""
        return tuple(self._rolls.values())

    def add(self, counted: Counted, *, tenant: str, store: str, place: Place, sign: int = 1) -> None:
        """Add what one event counts; with `sign` -1 take away what it added when it was placed there."""
        day = (tenant, store, place.day)
        self.mark(*day)
        for name, rows in counted.items():
            roll = self._rolls[name]
            summed = roll.of_day(day)
            for of, row in rows.items():
                key = (place.hour, *of) if roll.hourly else of
                counts = row if place.in_hours else roll.when_closed(row)
                summed[key] = summed.get(key, 0) + (counts if sign > 0 else -counts)

    def mark(self, tenant: str, store: str, day: date) -> None:
        """Say that a day has to be settled anew."""
        marks = self.stale.of_day((tenant, store, day))
        marks[()] = marks.get((), 0) + 1
