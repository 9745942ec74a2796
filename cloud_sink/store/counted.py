"""What one event counts, wherever and whenever it is placed. Pure: an observation becomes rows of whole numbers.

An event is counted as soon as it is read, and not kept: five hundred observations with all their facings are memory
that no cache holds, a third of the time of reading them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import singledispatch
from typing import TYPE_CHECKING

from cloud_sink.store.lanes import Lanes
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
    from edge.contract.payloads import Part


Rows = dict[tuple[str, ...], int]
"""By the row's key behind tenant, store, day and hour: counts in the lanes of the table."""

Counted = dict[str, Rows]
"""All that an event adds to the roll-ups, by table."""

LANES = {
    fixture_day.name: Lanes(fixture_day),
    rejection_day.name: Lanes(rejection_day),
    sku_day.name: Lanes(sku_day),
    traffic_hour.name: Lanes(traffic_hour, words=2),  # its milliseconds are those of any number of people
}
"""How the counts of each roll-up are packed."""

_LEVELS = tuple(Compliance.model_fields)
_FIXTURE, _REJECTION, _TRAFFIC = LANES["fixture_day"], LANES["rejection_day"], LANES["traffic_hour"]
_SKU = LANES["sku_day"].at
_RATIOS = {name: (_FIXTURE.at[f"{name}_part"], _FIXTURE.at[f"{name}_whole"]) for name in ("must", *_LEVELS)}
_SEEN, _CAPTURE_PLANNED = 1 << _SKU["captures_seen"], 1 << _SKU["captures_planned"]
_GAP, _PLANNED = 1 << _SKU["gaps"], _SKU["planned"]
_RECOGNISED = (1 << _SKU["facings"], _SKU["width_ppm"])
_DOUBTED = {
    "unsure": (1 << _SKU["unsure"], _SKU["unsure_width_ppm"]),
    "unknown": (1 << _SKU["unknown"], _SKU["unknown_width_ppm"]),
}
_PPM = 1_000_000


@singledispatch
def count(payload: Part) -> Counted:  # noqa: ARG001 - stock-outs, health and drops are kept as what they are
    """What an event adds to the roll-ups. What counts only in opening hours is in it, and left out as it is placed."""
    return {}


@count.register
def _(payload: ShelfObserved) -> Counted:
    kpis, opening = payload.counted_kpis, payload.opening
    row = _FIXTURE.pack(
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
    row += _ratio("must", kpis.must_stock)
    if kpis.compliance is not None:
        for level in _LEVELS:
            row += _ratio(level, getattr(kpis.compliance, level))
    fixture, view = payload.fixture, payload.view
    by_sku: Rows = {(fixture, view, sku): seen for sku, seen in _by_sku(payload).items()}
    return {"fixture_day": {(fixture, view): row}, "sku_day": by_sku}


@count.register
def _(payload: CaptureRejected) -> Counted:
    of = (payload.fixture, payload.view)
    return {
        "fixture_day": {of: _FIXTURE.pack(rejected=1)},
        "rejection_day": {(*of, payload.reason): _REJECTION.pack(captures=1)},
    }


@count.register
def _(payload: CoolerDoor) -> Counted:
    closed = payload.state == "closed"
    row = _FIXTURE.pack(
        door_words=1,
        door_openings=not closed,
        door_open_ms=round((payload.seconds_open or 0) * 1000) if closed else 0,
    )
    return {"fixture_day": {(payload.fixture, ""): row}}


@count.register
def _(payload: CoolerStatus) -> Counted:
    celsius, power = payload.cabinet_celsius, payload.power
    row = _FIXTURE.pack(
        cabinet_readings=celsius is not None,
        cabinet_millicelsius=0 if celsius is None else round(celsius * 1000),
        power_readings=power is not None,
        power_off=power is False,
    )
    return {"fixture_day": {(payload.fixture, ""): row}}


@count.register
def _(payload: TrafficCounted) -> Counted:
    observed_ms = round(payload.seconds_observed * 1000)
    row = _TRAFFIC.pack(
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


def _by_sku(payload: ShelfObserved) -> dict[str, int]:
    rows: dict[str, int] = defaultdict(int)
    recognised = set()
    for facing in payload.counted_facings:
        status, sku = facing.status, facing.sku or ""
        if status == "recognised":
            recognised.add(sku)
            one, width = _RECOGNISED
        else:
            one, width = _DOUBTED[status]
            if status == "unknown":
                sku = ""
        x1, _, x2, _ = facing.box
        rows[sku] += one + (round((x2 - x1) * _PPM) << width)
    for sku in recognised:
        rows[sku] += _SEEN
    for gap in payload.counted_gaps:
        rows[gap.sku or ""] += _GAP
    for sku, planned in payload.planned.items():
        rows[sku] += (planned << _PLANNED) + _CAPTURE_PLANNED if planned else 0
    if payload.opening is not None:
        fell, rose = ("removed", "refilled") if payload.opening.refill else ("taken", "added")
        for name, moved in ((fell, payload.opening.taken), (rose, payload.opening.added)):
            for sku, facings in moved.items():
                rows[sku] += facings << _SKU[name]
    return rows


def _ratio(name: str, ratio: Ratio | None) -> int:
    if ratio is None:
        return 0
    part, whole = _RATIOS[name]
    return (ratio.part << part) + (ratio.whole << whole)
