"""What each event adds to the roll-ups. Pure and additive: a batch is the sum of its events, in any order."""

from __future__ import annotations

from collections import Counter
from functools import singledispatch
from typing import TYPE_CHECKING

from cloud_sink.store.facts import Place
from edge.contract.payloads import CaptureRejected, CoolerDoor, CoolerStatus, Ratio, ShelfObserved, TrafficCounted

if TYPE_CHECKING:
    from edge.contract.events import Payload
    from edge.contract.payloads import Part

FIXTURE, REJECTION, SKU, TRAFFIC = "fixture_day", "rejection_day", "sku_day", "traffic_hour"

RowKey = tuple[object, ...]


class Sums:
    """Counts by roll-up table, row and column. Integers only: their sum does not depend on the order."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[RowKey, Counter[str]]] = {FIXTURE: {}, REJECTION: {}, SKU: {}, TRAFFIC: {}}

    def add(self, table: str, key: RowKey, sign: int, counts: dict[str, int]) -> None:
        """Add `counts` to a row, or take them away with `sign` -1."""
        row = self.rows[table].setdefault(key, Counter())
        for name, count in counts.items():
            row[name] += sign * count


def add_event(sums: Sums, payload: Payload, *, tenant: str, store: str, place: Place, sign: int = 1) -> None:
    """Add what one event counts; with `sign` -1 take away what it added when it was placed there."""
    _add(payload, sums, (tenant, store, place.day), place, sign)


@singledispatch
def _add(payload: Part, sums: Sums, day: RowKey, place: Place, sign: int) -> None:
    """Events that add nothing: stock-outs, health and drops are kept as what they are."""


@_add.register
def _(payload: ShelfObserved, sums: Sums, day: RowKey, place: Place, sign: int) -> None:
    kpis, key = payload.kpis, (*day, payload.fixture, payload.view)
    counts = {
        "accepted": 1,
        "accepted_due": int(place.in_hours and payload.trigger == "scheduled"),
        "simulated": int(payload.simulated),
        "facings": kpis.facings,
        "own": kpis.own,
        "foreign": kpis.foreign,
        "unknown": kpis.unknown,
        "unsure": kpis.unsure,
        "gaps": kpis.gaps,
        "assortment": kpis.assortment,
        **_ratio("must", kpis.must_stock),
    }
    if kpis.compliance is not None:
        for level in ("present", "shelf", "order", "facings"):
            counts |= _ratio(level, getattr(kpis.compliance, level))
    sums.add(FIXTURE, key, sign, counts)
    for sku, seen in _by_sku(payload).items():
        sums.add(SKU, (*key, sku), sign, seen)


@_add.register
def _(payload: CaptureRejected, sums: Sums, day: RowKey, place: Place, sign: int) -> None:  # noqa: ARG001 - one shape for all
    key = (*day, payload.fixture, payload.view)
    sums.add(FIXTURE, key, sign, {"rejected": 1})
    sums.add(REJECTION, (*key, payload.reason), sign, {"captures": 1})


@_add.register
def _(payload: CoolerDoor, sums: Sums, day: RowKey, place: Place, sign: int) -> None:  # noqa: ARG001 - one shape for all
    counts = {
        "door_openings": int(payload.state == "opened"),
        "door_open_ms": round((payload.seconds_open or 0) * 1000) if payload.state == "closed" else 0,
    }
    sums.add(FIXTURE, (*day, payload.fixture, ""), sign, counts)


@_add.register
def _(payload: CoolerStatus, sums: Sums, day: RowKey, place: Place, sign: int) -> None:  # noqa: ARG001 - one shape for all
    counts: dict[str, int] = {}
    if payload.cabinet_celsius is not None:
        counts |= {"cabinet_readings": 1, "cabinet_millicelsius": round(payload.cabinet_celsius * 1000)}
    if payload.power is not None:
        counts |= {"power_readings": 1, "power_off": int(not payload.power)}
    sums.add(FIXTURE, (*day, payload.fixture, ""), sign, counts)


@_add.register
def _(payload: TrafficCounted, sums: Sums, day: RowKey, place: Place, sign: int) -> None:
    counts = {
        "intervals": 1,
        "observed_ms": round(payload.seconds_observed * 1000),
        "into": sum(line.into for line in payload.lines),
        "out": sum(line.out for line in payload.lines),
        "passers": payload.passers or 0,
        "passers_intervals": int(payload.passers is not None),
        "stoppers": payload.stoppers or 0,
        "stoppers_intervals": int(payload.stoppers is not None),
        "visits": sum(zone.visits for zone in payload.zones),
        "dwell_ms": sum(round(zone.dwell_seconds * 1000) for zone in payload.zones),
    }
    sums.add(TRAFFIC, (*day, place.hour, payload.fixture or ""), sign, counts)


def _by_sku(payload: ShelfObserved) -> dict[str, Counter[str]]:
    rows: dict[str, Counter[str]] = {}
    for facing in payload.facings:
        named = facing.sku if facing.status != "unknown" else None
        row = rows.setdefault(named or "", Counter())
        row["facings" if facing.status == "recognised" else facing.status] += 1
        width = round((facing.box[2] - facing.box[0]) * 1_000_000)
        row["width_ppm" if facing.status == "recognised" else f"{facing.status}_width_ppm"] += width
        if facing.status == "recognised":
            row["captures_seen"] = 1
    for gap in payload.gaps:
        rows.setdefault(gap.sku or "", Counter())["gaps"] += 1
    for sku, planned in payload.planned.items():
        row = rows.setdefault(sku, Counter())
        row["planned"] += planned
        row["captures_planned"] = int(planned > 0)
    return rows


def _ratio(name: str, ratio: Ratio | None) -> dict[str, int]:
    return {} if ratio is None else {f"{name}_part": ratio.part, f"{name}_whole": ratio.whole}
