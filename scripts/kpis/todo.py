"""What is to be done in a store, by what it would give; of the last day of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kpis.days import Day, Episode
    from kpis.goods import Shelf
    from kpis.told import Event, Json

BLIND = 0.8
BROKEN = {"missing", "void", "misplaced", "too_few"}


def actions(
    day: Day | None,
    shelf: Shelf,
    fixtures: Sequence[Json],
    *,
    grade: Json,
    episodes: Sequence[Episode],
    products: Mapping[str, Json],
) -> list[Json]:
    """Actions, the most worthwhile first."""
    worth = {part["kpi"]: part["points"] + part["missing"] for part in grade["parts"]}
    lasting = [one for one in episodes if one.until is None]
    looks = _looks(day)
    found = [
        *_refills(shelf, worth.get("osa", 0.0), lasting, looks, products),
        *_shelves(worth, looks, {one.sku for one in lasting}),
        *_cameras(fixtures, day),
    ]
    return sorted(found, key=lambda one: (-round(one["points"], 9), one["kind"], one["fixture"], one["sku"] or ""))


Looks = dict[str, dict[str, tuple["Event", "Event | None"]]]
"""By fixture and view the last capture, and the last that was photographed."""


def _looks(day: Day | None) -> Looks:
    found: Looks = {}
    for one in day.of("shelf.observed.v1") if day else ():
        views = found.setdefault(one.data["fixture"], {})
        before = views.get(one.data["view"], (one, None))[1]
        views[one.data["view"]] = one, one if one.data.get("evidence") else before
    return {fixture: dict(sorted(views.items())) for fixture, views in sorted(found.items())}


def _action(kind: str, fixture: str, points: float, look: tuple[Event, Event | None] | None, **more: Any) -> Json:
    last, shown = look or (None, None)
    return {
        "kind": kind,
        "fixture": fixture,
        "sku": None,
        "name": None,
        "count": None,
        "since": None,
        "points": points,
        "capture": last.data["capture"] if last else None,
        "event": last.id if last else None,
        "evidence": shown.data["evidence"] if shown else None,
        "photographed": shown.data["capture"] if shown else None,
    } | more


def _refills(
    shelf: Shelf, worth: float, lasting: Sequence[Episode], looks: Looks, products: Mapping[str, Json]
) -> list[Json]:
    observed = sum(row["observed"] for row in shelf.fared.values())
    return [
        _action(
            "refill",
            one.fixture,
            worth * shelf.fared[one.sku]["out"] / observed if observed else 0.0,
            next(iter(looks.get(one.fixture, {}).values()), None),
            sku=one.sku,
            name=products.get(one.sku, {}).get("name"),
            since=one.since,
        )
        for one in lasting
    ]


def _shelves(worth: Mapping[str, float], looks: Looks, out: set[str]) -> list[Json]:
    every = [look for views in looks.values() for look, _ in views.values()]
    known = sum(one.data["kpis"]["own"] + one.data["kpis"]["foreign"] for one in every)
    planned = sum(sum(one.data.get("planned", {}).values()) for one in every)
    found = []
    for fixture, views in looks.items():
        seen = list(views.values())
        foreign = sum(one.data["kpis"]["foreign"] for one, _ in seen)
        if foreign:
            shown = max(seen, key=lambda look: look[0].data["kpis"]["foreign"])
            points = worth.get("purity", 0.0) * foreign / known
            found.append(_action("remove_foreign", fixture, points, shown, count=foreign))
        broken = sum(
            max(0, one.get("planned", 0) - one.get("seen", 0))
            for look, _ in seen
            for one in look.data.get("deviations", [])
            if one["kind"] in BROKEN and one.get("sku") not in out
        )
        if broken and planned:
            shown = max(seen, key=lambda look: len(look[0].data.get("deviations", [])))
            points = worth.get("compliance", 0.0) * min(1.0, broken / planned)
            found.append(_action("reset_planogram", fixture, points, shown, count=broken))
    return found


def _cameras(fixtures: Sequence[Json], day: Day | None) -> list[Json]:
    found = []
    for one in fixtures:
        seen = one["completeness"]["value"]
        if seen is None or seen >= BLIND:
            continue
        reasons = sorted(one["rejected"].items(), key=lambda item: (-item[1], item[0]))
        last = (day.of("capture.rejected.v1", one["fixture"]) if day else [])[-1:]
        found.append(
            _action(
                "repair_camera",
                one["fixture"],
                100 * (1 - seen) / len(fixtures),
                None,
                name=reasons[0][0] if reasons else None,
                count=one["completeness"]["due"] - one["completeness"]["accepted"],
                event=last[0].id if last else None,
                capture=last[0].data["capture"] if last else None,
            )
        )
    return found
