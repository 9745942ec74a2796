"""What a batch adds to the roll-ups. Pure and additive: a batch is the sum of its events, in any order."""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING

from cloud_sink.store.counted import places
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


class Roll:
    """What a batch adds to one roll-up table: counts for each row, in the order of the table's columns."""

    def __init__(self, table: Table, *, only_open: str | None = None) -> None:
        self.table = table
        self.hourly = "hour" in table.primary_key.columns
        self._only_open = places(table).get(only_open) if only_open else None  # what counts in opening hours only
        self._days: dict[DayKey, dict[RowKey, list[int]]] = {}

    @property
    def rows(self) -> dict[RowKey, list[int]]:
        """The counts by whole key, in the order of the keys."""
        return {(*day, *of): rows[of] for day, rows in sorted(self._days.items()) for of in sorted(rows)}

    def add(self, day: DayKey, of: RowKey, counts: list[int], *, sign: int = 1, is_open: bool = True) -> None:
        """Add `counts` to the row `of` of a day, or take them away with `sign` -1."""
        if not is_open and self._only_open is not None:
            counts = counts.copy()
            counts[self._only_open] = 0
        rows = self._days.get(day)
        if rows is None:
            rows = self._days[day] = {}
        row = rows.get(of)
        if row is None:
            rows[of] = counts.copy() if sign > 0 else [-one for one in counts]
        else:
            row[:] = map(add if sign > 0 else sub, row, counts)


class Sums:
    """Counts by roll-up. Integers only: their sum does not depend on the order."""

    def __init__(self) -> None:
        self._rolls = {
            roll.table.name: roll
            for roll in (
                Roll(fixture_day, only_open="accepted_due"),
                Roll(rejection_day),
                Roll(sku_day),
                Roll(traffic_hour, only_open="open_ms"),
            )
        }
        self.stale = Roll(stale_day)

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
            for of, counts in rows.items():
                key = (place.hour, *of) if roll.hourly else of
                roll.add(day, key, counts, sign=sign, is_open=place.in_hours)

    def mark(self, tenant: str, store: str, day: date) -> None:
        """Say that a day has to be settled anew."""
        self.stale.add((tenant, store, day), (), [1])
