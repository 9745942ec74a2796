"""What a store's profile has to say, counted step by step from what happened and without the collector's code.

The shape is that of the profile as JSON, with every field that the events decide; names of events and captures, which
only say where to look, are left out.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fleet_events import FIXTURE, FOREIGN, OPEN_HOURS, SKUS, ZONE

from edge.contract.catalogue import Sku
from fleet.day import INTERVAL, PLANNED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from fleet.day import Day, People

WEIGHTS = {"osa": 35, "compliance": 25, "must_stock": 15, "purity": 15, "occupancy": 10}
"""What the grade weighs where nobody configured it."""

MISSING = "not there"
LETTERS = ((85, "A"), (70, "B"), (50, "C"), (0, "D"))
OPEN_SECONDS = OPEN_HOURS * 3600
PRODUCTS: Mapping[str, Sku] = {
    sku: Sku(
        id=sku,
        name=sku.upper(),
        brand=f"Brand {number % 4}",
        owner="Rival Co." if sku in FOREIGN else "Own Co.",
        category="tea" if number % 3 else "water",
    )
    for number, sku in enumerate(SKUS)
}
"""The catalogue that the profile is asked with."""


def profile_of(day: Day) -> dict[str, Any]:
    """The profile of a day that is over."""
    counted = _Counted(day)
    score = 100 * sum(weight * counted.weighed[name] for name, weight in WEIGHTS.items()) / sum(WEIGHTS.values())
    completeness = {
        "value": counted.accepted / day.count,
        "accepted": counted.accepted,
        "due": day.count,
        "unknown_days": 0,
    }
    fixture: dict[str, Any] = counted.fixture() | {"completeness": completeness}
    return {
        "tenant": day.address.tenant,
        "store": day.address.store,
        "simulated": True,
        "completeness": completeness,
        "silent_days": 0,
        "figures": counted.figures(),
        "people": counted.people(),
        "goods": counted.goods(),
        "grade": {"score": score, "letter": next(letter for least, letter in LETTERS if score >= least)},
        "todo": {_key(one) for one in counted.todo()},
        "fixtures": [fixture],
        "place": {
            "name": day.address.store.title(),
            "devices": [{"device": day.address.device, "state": "offline", "missing_events": 0}],
        },
    }


def differences(wanted: object, found: object, where: str = "") -> list[str]:
    """Every field that is not what it has to be; numbers are compared to the ninth digit.

    Args:
        wanted: what `profile_of` gives; fields that it does not name are not looked at.
        found: the profile as JSON.
        where: the path so far.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        below = [(f"{where}.{name}".lstrip("."), value, found.get(name, MISSING)) for name, value in wanted.items()]
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        below = [(f"{where}[{place}]", one, found[place]) for place, one in enumerate(wanted)]
    elif isinstance(wanted, set) and isinstance(found, list):
        return differences(sorted(wanted), sorted(_key(one) for one in found), where)
    else:
        return [] if _same(wanted, found) else [f"{where}: {found!r}, in truth {wanted!r}"]
    return [line for path, one, other in below for line in differences(one, other, path)]


def _same(wanted: object, found: object) -> bool:
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return math.isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-9)
    return wanted == found


def _key(action: Mapping[str, Any]) -> str:
    return " ".join(str(action[name]) for name in ("kind", "fixture", "sku", "count"))


class _Counted:
    """A day, counted."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._step = day.step.total_seconds()
        self._seen = [Counter(sku for sku in one.seen if sku) for one in day.captures if one.seen is not None]
        self._numbers = [one.number for one in day.captures if one.seen is not None]
        self.accepted = len(self._seen)
        self.rejected = day.count - self.accepted
        self._of_sku = sum(self._seen, start=Counter[str]())
        self._facings = self._of_sku.total()
        self._gaps = sum(one.seen.count(None) for one in day.captures if one.seen is not None)
        self._foreign = sum(self._of_sku[sku] for sku in FOREIGN)
        self._own = self._facings - self._foreign
        self._there = sum(sum(seen[sku] > 0 for sku in PLANNED) for seen in self._seen)
        self._told = [sku for sku in PLANNED if self._of_sku[sku] or any(out.sku == sku for out in day.outs)]
        satisfied = self._there / (len(PLANNED) * self.accepted)
        self.weighed = {
            "osa": 1 - sum(map(self._out, self._told)) / (self._watched * len(self._told)),
            "compliance": satisfied,
            "must_stock": satisfied,
            "purity": self._own / self._facings,
            "occupancy": self._facings / (self._facings + self._gaps),
        }

    @property
    def _watched(self) -> float:
        """Seconds: an accepted capture watches until the next one is due."""
        return self.accepted * self._step

    def _out(self, sku: str) -> float:
        """Seconds that a SKU was out of stock while somebody watched."""
        return self._step * sum(
            one.since <= number and (one.until is None or number < one.until)
            for one in self._day.outs
            if one.sku == sku
            for number in self._numbers
        )

    def figures(self) -> dict[str, object]:
        """The KPIs by which stores are ranked."""
        people, weighed = self.people(), self.weighed
        passers = people["passers"]
        return {
            "completeness": self.accepted / self._day.count,
            "people_completeness": len(self._day.people) * INTERVAL.total_seconds() / OPEN_SECONDS,
            "osa": weighed["osa"],
            "osa_watched": self._watched / OPEN_SECONDS,
            "stockouts": len(self._day.outs),
            "own_share": weighed["purity"],
            "purity": weighed["purity"],
            "unknown_share": 0,
            "occupancy": weighed["occupancy"],
            **dict.fromkeys(("must_stock", "present", "shelf", "order", "compliance"), weighed["must_stock"]),
            "footfall": people["footfall"],
            "passers": passers,
            "stoppers": people["stoppers"],
            "stop_rate": people["stoppers"] / passers,
            "dwell_seconds": people["dwell_seconds"],
            "door_open_rate": len(self._day.doors) / passers,
        }

    def people(self) -> dict[str, Any]:
        """Who walked by."""
        walked = self._day.people
        visits, dwell = sum(one.visits for one in walked), sum(one.dwell_seconds for one in walked)
        observed = 2 * len(walked) * INTERVAL.total_seconds()  # by two cameras
        hours = self._hours()
        return {
            **_crowd(walked),
            "dwell_seconds": dwell / visits if visits else None,
            "withheld_intervals": sum(one.into is None for one in walked),
            "loitering": 0 if visits else None,
            "occupancy": dwell / observed if visits else None,
            "peak_hours": _peaks(hours),
            "seconds_observed": observed,
            "hours": hours,
        }

    def _hours(self) -> list[dict[str, Any]]:
        opens, hour = self._day.opens, timedelta(hours=1)
        walked: dict[datetime, list[People]] = {opens + hour * number: [] for number in range(OPEN_HOURS)}
        for one in self._day.people:
            walked[opens + hour * ((one.since - opens) // hour)].append(one)
        return [
            {
                "clock": f"{since.astimezone(ZoneInfo(ZONE)):%H:%M}",
                **(_crowd(some) if some else dict.fromkeys(("footfall", "passers", "stoppers"))),
                "completeness": len(some) * INTERVAL / hour,
            }
            for since, some in walked.items()
        ]

    def goods(self) -> dict[str, Any]:
        """What stood on the shelf."""
        return {
            "kpis": self._kpis(),
            "skus": [self._sku(sku) for sku in SKUS],
            "categories": self._shares("category"),
            "owners": self._shares("owner"),
            "stockouts": self._stockouts(),
        }

    def _kpis(self) -> dict[str, Any]:
        satisfied = {"part": self._there, "whole": len(PLANNED) * self.accepted, "value": self.weighed["must_stock"]}
        pure = self.weighed["purity"]
        return {
            "facings": {
                "all": self._facings / self.accepted,
                "own": self._own / self.accepted,
                "foreign": self._foreign / self.accepted,
                "unknown": 0,
                "unsure": 0,
                "gaps": self._gaps / self.accepted,
            },
            "purity": {"value": pure, "low": pure, "high": pure},
            "occupancy": self.weighed["occupancy"],
            "assortment": self._there / self.accepted,
            "must_stock": satisfied,
            "compliance": dict.fromkeys(("present", "shelf", "order", "facings"), satisfied),
            "osa": self.weighed["osa"],
            "osa_watched": self._watched / OPEN_SECONDS,
            "own_share": pure,
        }

    def _sku(self, sku: str) -> dict[str, Any]:
        rivals = [other for other in SKUS if PRODUCTS[other].category == PRODUCTS[sku].category]
        return {
            "sku": sku,
            "owner": PRODUCTS[sku].owner,
            "facings": self._of_sku[sku] / self.accepted,
            "unsure": 0,
            "share_of_shelf": self._of_sku[sku] / sum(self._of_sku[other] for other in rivals),
            "planned": 1 if sku in PLANNED else None,
            "seen": sum(seen[sku] > 0 for seen in self._seen) / self.accepted,
            "osa": 1 - self._out(sku) / self._watched if sku in self._told else None,
            "stockouts": sum(out.sku == sku for out in self._day.outs),
            "minutes_out": self._out(sku) / 60,
            "taken": sum(max(0, before[sku] - after[sku]) for before, after in pairwise(self._seen)),
            "refilled": 0,
            "new": None,
        }

    def _shares(self, kind: str) -> list[dict[str, Any]]:
        """Categories or owners, the largest first."""
        groups: dict[str, int] = {}
        for sku in SKUS:
            name = getattr(PRODUCTS[sku], kind)
            groups[name] = groups.get(name, 0) + self._of_sku[sku]
        ranked = sorted(groups.items(), key=lambda one: (-one[1], one[0]))
        return [
            {"name": name, "facings": facings / self.accepted, "share_of_shelf": facings / self._facings}
            for name, facings in ranked
        ]

    def _stockouts(self) -> list[dict[str, Any]]:
        found = []
        for out in sorted(self._day.outs, key=lambda one: (one.since, one.sku)):
            since = self._day.moment(out.since)
            until = None if out.until is None else self._day.moment(out.until)
            seconds = ((until or self._day.closes) - since).total_seconds()
            found.append(
                {
                    "fixture": FIXTURE,
                    "sku": out.sku,
                    "since": _moment(since),
                    "until": None if until is None else _moment(until),
                    "minutes": seconds / 60,
                }
            )
        return found

    def fixture(self) -> dict[str, Any]:
        """The cooler: captures, door and sensors."""
        told = [one for one in self._day.readings if not one.lost]
        return {
            "fixture": FIXTURE,
            "captures": self.accepted,
            "rejected": {"blurred": self.rejected} if self.rejected else {},
            "door_openings": len(self._day.doors),
            "door_open_seconds": sum(door.seconds for door in self._day.doors),
            "refills": 0,
            "cabinet_celsius": sum(round(1000 * one.celsius) for one in told) / len(told) / 1000,
            "power": sum(one.power for one in told) / len(told),
        }

    def todo(self) -> list[dict[str, Any]]:
        """What is to be done in the store."""
        refill = [{"kind": "refill", "sku": one.sku, "count": None} for one in self._day.outs if one.until is None]
        foreign = sum(self._seen[-1][sku] for sku in FOREIGN)
        remove = [{"kind": "remove_foreign", "sku": None, "count": foreign}] if foreign else []
        blind = self.accepted / self._day.count < 0.8  # noqa: PLR2004 - the profile's bound for a camera's repair
        repair = [{"kind": "repair_camera", "sku": None, "count": self.rejected}] if blind else []
        found: list[dict[str, Any]] = [*refill, *remove, *repair]
        return [{"fixture": FIXTURE} | one for one in found]


def _crowd(walked: Iterable[People]) -> dict[str, Any]:
    some = list(walked)
    entered = [one.into for one in some if one.into is not None]
    return {
        "footfall": sum(entered) if entered else None,
        "passers": sum(one.passers for one in some),
        "stoppers": sum(one.stoppers for one in some),
    }


def _peaks(hours: Sequence[Mapping[str, Any]]) -> list[str]:
    """Up to three busiest hours that have at least half as many people as the first; by who entered, if it is known."""
    by = "footfall" if any(one["footfall"] is not None for one in hours) else "passers"
    busy = [(one[by], one["clock"]) for one in hours]
    ranked = sorted((one for one in busy if one[0]), key=lambda one: (-one[0], one[1]))
    return [clock for people, clock in ranked[:3] if 2 * people >= ranked[0][0]]


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"
