"""What is observed of stores day by day: facings, availability, stops, units. Days that nobody saw are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.store import panel, settled, units

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from cloud_sink.analyses.differences import Daily
    from cloud_sink.store.database import Transaction
    from cloud_sink.store.panel import Counts, View

STEADY = 0.5
"""A view that was seen on so many of a store's days belongs to what is compared."""

COUNTED = 0.8
"""Opening hours of which people were counted in less than this tell no day; else the rest is taken to be like them."""


def observe(
    connection: Transaction, tenant: str, *, skus: Collection[str], since: date, until: date
) -> dict[str, Daily]:
    """What cameras saw, by store and day.

    Args:
        connection: inside `reading`.
        tenant: whose stores.
        skus: whose facings and availability.
        since: the first business day.
        until: the last one.
    """
    rows = settled.rows_between(connection, tenant, since, until)
    seen = panel.captures(connection, tenant, since, until)
    fared: dict[tuple[str, date], tuple[int, int]] = {}
    for (store, _, _), days in panel.courses(connection, tenant, since, until, skus=skus).items():
        for day, counts in days.items():
            observed, out = fared.get((store, day), (0, 0))
            fared[store, day] = (observed + counts["observed_ms"], out + counts["out_ms"])
    return {
        "facings": facings(seen, panel.facings(connection, tenant, skus, since, until)),
        "osa": {key: 1 - out / observed for key, (observed, out) in fared.items() if observed},
        "stoppers": {key: stops for key, row in rows.items() if (stops := stoppers(row)) is not None},
    }


def facings(seen: Mapping[View, Mapping[date, int]], shown: Mapping[View, Mapping[date, Counts]]) -> Daily:
    """Facings of a store's steady views, on the days on which all of these were seen. Pure.

    A camera that fails, or comes later, is no change of facings.

    Args:
        seen: accepted captures of each view by day.
        shown: facings, summed over the captures.
    """
    views: dict[str, list[View]] = {}
    for view in seen:
        views.setdefault(view[0], []).append(view)
    found: Daily = {}
    for store, own in sorted(views.items()):
        days = set().union(*(seen[view] for view in own))
        steady = [view for view in sorted(own) if len(seen[view]) >= STEADY * len(days)]
        for day in days:
            if steady and all(day in seen[view] for view in steady):
                found[store, day] = sum(
                    shown.get(view, {}).get(day, _NONE)["facings"] / seen[view][day] for view in steady
                )
    return found


_NONE = {"facings": 0, "unsure": 0}


def stoppers(row: Mapping[str, int]) -> float | None:
    """Who stopped on a day, as if all opening hours had been counted; None where too little was. Pure."""
    if not row["stoppers_days"] or row["counted_ms"] < COUNTED * row["countable_ms"]:
        return None
    return row["stoppers"] * max(1.0, row["countable_ms"] / row["counted_ms"])


def sold(connection: Transaction, tenant: str, worth: Mapping[str, float], since: date, until: date) -> Daily:
    """Units a day of some products together, each times its worth.

    A day is told by a line of any product; of a product without one nothing was sold on it.

    Args:
        connection: inside `reading`.
        tenant: whose stores.
        worth: by GTIN.
        since: the first business day.
        until: the last one.
    """
    told = units.days_told(connection, tenant, "sales", since, until)
    found: Daily = {(store, day): 0.0 for store, days in told.items() for day in days}
    for (store, gtin), daily in units.daily(connection, tenant, "sales", since, until, gtins=sorted(worth)).items():
        for day, count in daily.items():
            found[store, day] += count * worth[gtin]
    return found
