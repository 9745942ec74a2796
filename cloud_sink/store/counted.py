"""What one event counts, wherever and whenever it is placed. Pure: an observation becomes rows of whole numbers.

An event is counted as soon as it is read, and not kept: five hundred observations with all their facings are memory
that no cache holds, a third of the time of reading them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import singledispatch
from typing import TYPE_CHECKING

from cloud_sink.store.tables import fixture_day, rejection_day, sku_day, traffic_hour
from edge.contract.payloads import (
    CaptureRejected,
    Compliance,
    CoolerDoor,
    CoolerStatus,
    Ratio,
    ShelfObserved,
    TrafficCounted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Table

    from edge.contract.payloads import Part


Rows = dict[tuple[str, ...], list[int]]
"""By the row's key behind tenant, store, day and hour: counts in the order of the table's columns behind its key."""

Counted = dict[str, Rows]
"""All that an event adds to the roll-ups, by table."""


def places(table: Table) -> dict[str, int]:
    """Where each count of a roll-up stands, from 0, behind the key."""
    keys = len(table.primary_key)
    return {column.name: at - keys for at, column in enumerate(table.columns) if at >= keys}


_LEVELS = tuple(Compliance.model_fields)
_FIXTURE, _REJECTION, _TRAFFIC = places(fixture_day), places(rejection_day), places(traffic_hour)
_SKU = places(sku_day)
_RATIOS = {name: (_FIXTURE[f"{name}_part"], _FIXTURE[f"{name}_whole"]) for name in ("must", *_LEVELS)}
_SEEN, _FACINGS, _WIDTH = _SKU["captures_seen"], _SKU["facings"], _SKU["width_ppm"]
_GAPS, _PLANNED, _CAPTURES_PLANNED = _SKU["gaps"], _SKU["planned"], _SKU["captures_planned"]
_DOUBTED = {
    "unsure": (_SKU["unsure"], _SKU["unsure_width_ppm"]),
    "unknown": (_SKU["unknown"], _SKU["unknown_width_ppm"]),
}
_NO_SKUS = [0] * len(_SKU)
_PPM = 1_000_000


@singledispatch
def count(payload: Part) -> Counted:  # noqa: ARG001 - stock-outs, health and drops are kept as what they are
    """What an event adds to the roll-ups. What counts only in opening hours is in it, and left out as it is placed."""
    return {}


@count.register
def _(payload: ShelfObserved) -> Counted:
    kpis, opening = payload.counted_kpis, payload.opening
    row = _row(
        _FIXTURE,
        accepted=1,
        accepted_due=payload.trigger == "scheduled",
        simulated=payload.simulated,
        facings=kpis.facings,
        own=kpis.own,
        foreign=kpis.foreign,
        unknown=kpis.unknown,
        unsure=kpis.unsure,
        gaps=kpis.gaps,
        assortment=kpis.assortment,
        openings=opening is not None,
        refills=opening is not None and opening.refill,
    )
    _count_ratio(row, "must", kpis.must_stock)
    if kpis.compliance is not None:
        for level in _LEVELS:
            _count_ratio(row, level, getattr(kpis.compliance, level))
    of = (payload.fixture, payload.view)
    return {"fixture_day": {of: row}, "sku_day": {(*of, sku): seen for sku, seen in _by_sku(payload).items()}}


@count.register
def _(payload: CaptureRejected) -> Counted:
    of = (payload.fixture, payload.view)
    return {
        "fixture_day": {of: _row(_FIXTURE, rejected=1)},
        "rejection_day": {(*of, payload.reason): _row(_REJECTION, captures=1)},
    }


@count.register
def _(payload: CoolerDoor) -> Counted:
    closed = payload.state == "closed"
    row = _row(
        _FIXTURE,
        door_words=1,
        door_openings=not closed,
        door_open_ms=round((payload.seconds_open or 0) * 1000) if closed else 0,
    )
    return {"fixture_day": {(payload.fixture, ""): row}}


@count.register
def _(payload: CoolerStatus) -> Counted:
    celsius, power = payload.cabinet_celsius, payload.power
    row = _row(
        _FIXTURE,
        cabinet_readings=celsius is not None,
        cabinet_millicelsius=0 if celsius is None else round(celsius * 1000),
        power_readings=power is not None,
        power_off=power is False,
    )
    return {"fixture_day": {(payload.fixture, ""): row}}


@count.register
def _(payload: TrafficCounted) -> Counted:
    observed_ms = round(payload.seconds_observed * 1000)
    row = _row(
        _TRAFFIC,
        intervals=1,
        observed_ms=observed_ms,
        into=sum(line.into for line in payload.lines),
        out=sum(line.out for line in payload.lines),
        passers=payload.passers or 0,
        passers_intervals=payload.passers is not None,
        stoppers=payload.stoppers or 0,
        stoppers_intervals=payload.stoppers is not None,
        visits=sum(zone.visits for zone in payload.zones),
        dwell_ms=sum(round(zone.dwell_seconds * 1000) for zone in payload.zones),
        open_ms=observed_ms,
        told_intervals=bool(payload.lines),  # of several lines one may be withheld: it is under a handful
        withheld_intervals=bool(payload.withheld),
        loitering=sum(zone.loitering or 0 for zone in payload.zones),
        occupancy_ms=sum(round(zone.occupancy_mean * payload.seconds_observed * 1000) for zone in payload.zones),
    )
    return {"traffic_hour": {(payload.fixture or "",): row}}


def _by_sku(payload: ShelfObserved) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(_NO_SKUS.copy)
    for facing in payload.counted_facings:
        status = facing.status
        row = rows[(facing.sku or "") if status != "unknown" else ""]
        if status == "recognised":
            row[_SEEN] = 1
            number, width = _FACINGS, _WIDTH
        else:
            number, width = _DOUBTED[status]
        row[number] += 1
        x1, _, x2, _ = facing.box
        row[width] += round((x2 - x1) * _PPM)
    for gap in payload.counted_gaps:
        rows[gap.sku or ""][_GAPS] += 1
    for sku, planned in payload.planned.items():
        row = rows[sku]
        row[_PLANNED] = planned
        row[_CAPTURES_PLANNED] = int(planned > 0)
    if payload.opening is not None:
        fell, rose = ("removed", "refilled") if payload.opening.refill else ("taken", "added")
        for name, moved in ((fell, payload.opening.taken), (rose, payload.opening.added)):
            for sku, facings in moved.items():
                rows[sku][_SKU[name]] = facings
    return rows


def _row(places: Mapping[str, int], /, **counts: int) -> list[int]:
    row = [0] * len(places)
    for name, number in counts.items():
        row[places[name]] = int(number)
    return row


def _count_ratio(row: list[int], name: str, ratio: Ratio | None) -> None:
    if ratio is not None:
        part, whole = _RATIOS[name]
        row[part], row[whole] = ratio.part, ratio.whole
