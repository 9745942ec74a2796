"""The goods of a profile: facings, shares of shelf, stock-outs, compliance."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kpis.figures import LEVELS, Value, ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from kpis.days import Day, Episode
    from kpis.told import Json

Group = tuple[str, str | None]
COUNTS = ("facings", "own", "foreign", "unknown", "unsure", "gaps", "assortment")


@dataclass
class SkuSum:
    """One SKU: means over the captures of each view, added up over views and fixtures."""

    facings: float = 0.0
    unsure: float = 0.0
    planned: float = 0.0
    width: float = 0.0
    seen: float = 0.0
    is_planned: bool = False


@dataclass
class Shelf:
    """Some fixtures together."""

    captures: int = 0
    means: Counter[str] = field(default_factory=Counter)
    kpis: list[Json] = field(default_factory=list)
    skus: dict[str, SkuSum] = field(default_factory=lambda: defaultdict(SkuSum))
    unsure_width: float = 0.0
    fared: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def shelf(days: Sequence[Day], fixtures: Iterable[str]) -> Shelf:
    """What stood on some fixtures."""
    found = Shelf()
    for fixture in fixtures:
        plans: Counter[str] = Counter()
        views: dict[str, list[Json]] = defaultdict(list)
        for day in days:
            for one in day.of("shelf.observed.v1", fixture):
                views[one.data["view"]].append(one.data)
            for (name, sku), row in day.fared.items():
                if name == fixture:
                    found.fared[sku].update(row)
        for seen in views.values():
            _add_view(found, seen, plans)
        for sku, planned in plans.items():
            found.skus[sku].planned += planned
    return found


def _add_view(found: Shelf, seen: list[Json], plans: Counter[str]) -> None:
    captures = len(seen)
    found.captures += captures
    found.kpis += [one["kpis"] for one in seen]
    for name in COUNTS:
        found.means[name] += sum(one["kpis"][name] for one in seen) / captures
    for one in seen:
        for facing in one["facings"]:
            _add_facing(found, facing, captures)
        for sku in _named(one):
            found.skus[sku].seen += 0.0  # it has a line
    showing = Counter(sku for one in seen for sku in {f["sku"] for f in one["facings"] if f["status"] == "recognised"})
    for sku, count in showing.items():
        found.skus[sku].seen = max(found.skus[sku].seen, count / captures)
    planned = Counter[str]()
    for one in seen:
        planned.update(one.get("planned", {}))
    for sku, count in (+planned).items():
        plans[sku] = max(plans[sku], count / captures)  # type: ignore[assignment]  # a Counter holds floats as well
        found.skus[sku].is_planned = True


def _add_facing(found: Shelf, facing: Json, captures: int) -> None:
    if facing["status"] == "recognised":
        found.skus[facing["sku"]].facings += 1 / captures
        found.skus[facing["sku"]].width += _width(facing) / captures
    elif facing["status"] == "unsure":
        found.unsure_width += _width(facing) / captures
        if facing["sku"] is not None:
            found.skus[facing["sku"]].unsure += 1 / captures


def _named(one: Json) -> set[str]:
    """SKUs that are named where none stands: in gaps, and in openings of the door."""
    opening = one.get("opening") or {}
    moved = {sku for name in ("taken", "added") for sku, count in opening.get(name, {}).items() if count}
    return moved | {gap["sku"] for gap in one.get("gaps", []) if gap.get("sku")}


def _width(facing: Json) -> float:
    return float(facing["box"][2] - facing["box"][0])


@dataclass(frozen=True)
class Known:
    """What is known beside the events of the period."""

    products: Mapping[str, Json]
    opened: Sequence[tuple[datetime, datetime]]
    now: datetime
    before: frozenset[str] | None  # SKUs seen in the 90 days before; None: nobody looked


def goods(shelf: Shelf, episodes: Sequence[Episode], known: Known, osa_watched: Value = None) -> Json:
    """The goods of a fixture or a store."""
    product = known.products.get
    by_brand = {sku: (one["brand"], one["category"]) for sku, one in known.products.items()}
    return {
        "kpis": _kpis(shelf, osa_watched),
        "skus": [_sku(shelf, sku, episodes, known) for sku in sorted(shelf.skus)],
        "brands": _groups(shelf, by_brand, episodes, within=True),
        "categories": _groups(shelf, _all(known, "category"), episodes),
        "owners": _groups(shelf, _all(known, "owner"), episodes),
        "stockouts": [
            {
                "fixture": one.fixture,
                "sku": one.sku,
                "name": (product(one.sku) or {}).get("name"),
                "since": one.since,
                "until": one.until,
                "minutes": sum(
                    max(0.0, (min(one.until or max(known.now, one.since), b) - max(one.since, a)).total_seconds())
                    for a, b in known.opened
                )
                / 60,
            }
            for one in episodes
        ],
    }


def _all(known: Known, name: str) -> dict[str, Group]:
    return {sku: (one[name], None) for sku, one in known.products.items()}


def _kpis(shelf: Shelf, osa_watched: Value) -> Json:
    if not shelf.captures:
        names = ("facings", "purity", "occupancy", "assortment", "must_stock", "compliance", "osa", "own_share")
        return dict.fromkeys((*names, "osa_watched"))
    own, foreign, unknown, unsure, all_, gaps = (
        sum(one[name] for one in shelf.kpis) for name in ("own", "foreign", "unknown", "unsure", "facings", "gaps")
    )
    everything = own + foreign + unknown + unsure
    levels = {
        level: _level([(one.get("compliance") or {}).get(level) for one in shelf.kpis]) for level in LEVELS.values()
    }
    return {
        "facings": {"all": shelf.means["facings"]}
        | {name: shelf.means[name] for name in ("own", "foreign", "unknown", "unsure", "gaps")},
        "purity": {
            "value": ratio(own, own + foreign),
            "low": ratio(own, everything),
            "high": ratio(own + unknown + unsure, everything),
        },
        "occupancy": ratio(all_, all_ + gaps),
        "assortment": shelf.means["assortment"],
        "must_stock": _level([one.get("must_stock") for one in shelf.kpis]),
        "compliance": levels if all(levels.values()) else None,
        "osa": _osa(shelf.fared.values()),
        "osa_watched": osa_watched,
        "own_share": ratio(own, own + foreign + unsure),
    }


def _level(ratios: list[Any]) -> Json | None:
    part, whole = (sum(one[name] for one in ratios if one) for name in ("part", "whole"))
    return {"value": part / whole, "part": part, "whole": whole} if whole else None


def _osa(fared: Iterable[Counter[str]]) -> Value:
    rows = list(fared)
    observed = sum(row["observed"] for row in rows)
    return 1 - sum(row["out"] for row in rows) / observed if observed else None


def _sku(shelf: Shelf, sku: str, episodes: Sequence[Episode], known: Known) -> Json:
    one, product, fared = shelf.skus[sku], known.products.get(sku, {}), shelf.fared[sku]
    rivals = sum(
        other.facings
        for name, other in shelf.skus.items()
        if known.products.get(name, {}).get("category") == product.get("category") and name in known.products
    )
    return {
        "sku": sku,
        **{name: product.get(name) for name in ("name", "brand", "owner", "category", "gtin")},
        "facings": one.facings,
        "unsure": one.unsure,
        "share_of_shelf": ratio(one.facings, rivals + shelf.means["unsure"]) if product else None,
        "planned": one.planned if one.is_planned else None,
        "seen": one.seen,
        "osa": _osa([fared]),
        "stockouts": sum(episode.sku == sku for episode in episodes),
        "minutes_out": fared["out"] / 60,
        "taken": fared["taken"],
        "refilled": fared["refilled"],
        "new": None if known.before is None else one.seen > 0 and sku not in known.before,
    }


def _groups(shelf: Shelf, of: Mapping[str, Group], episodes: Sequence[Episode], *, within: bool = False) -> list[Json]:
    members: dict[Group, set[str]] = defaultdict(set)
    for sku, one in shelf.skus.items():
        if sku in of and (one.facings or one.is_planned):
            members[of[sku]].add(sku)
    facings = {group: sum(shelf.skus[sku].facings for sku in skus) for group, skus in members.items()}
    widths = {group: sum(shelf.skus[sku].width for sku in skus) for group, skus in members.items()}
    found = []
    for group, skus in members.items():
        rivals = [other for other in members if not within or other[1] == group[1]]
        found.append(
            {
                "name": group[0],
                "category": group[1],
                "facings": facings[group],
                "share_of_shelf": ratio(facings[group], sum(facings[one] for one in rivals) + shelf.means["unsure"]),
                "linear_share": ratio(widths[group], sum(widths[one] for one in rivals) + shelf.unsure_width),
                "osa": _osa(shelf.fared[sku] for sku in skus),
                "stockouts": sum(one.sku in skus for one in episodes),
            }
        )
    return sorted(found, key=lambda one: (one["category"] or "", one["name"]))
