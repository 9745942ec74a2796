"""A month of one store as its devices might tell it on bad lines: everything happens at least once.

Two fixtures, one of them with two views and the other with a door; an entrance camera; captures by schedule, door and
command, rejected, voted on, with unsure and unknown facings; stock-outs over night, over weeks, never ended, of which
only the end came; clocks that are wrong, put right later or never; the last Sunday of March in Berlin.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from edge.contract.topics import Address
from tests.cloud_sink.words import envelope, facing, health, observed, rejected, rfc3339, stockout, traffic

ZONE = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
SILENT = date(2026, 3, 12)
UNREPORTED = date(2026, 3, 5)
NEVER = "2026-03-17"
"""Its clock was never put right: it counts when it arrives."""

SKUS = ("cola", "lime", "water", "rival", "stray")
PLAN = {"cola": 3, "lime": 2, "water": 1, "never": 1}
OWN = {"cola", "lime", "water"}
SHELF, DOOR = Address("acme", "s1", "shelf"), Address("acme", "s1", "entrance")
Event = dict[str, Any]


class Story:
    """What one device says, numbered."""

    def __init__(self, device: Address, seed: int) -> None:
        self.device = device
        self.chance = random.Random(seed)
        self.events: list[Event] = []

    @property
    def seq(self) -> int:
        """The next number."""
        return len(self.events) + 1

    def say(self, event: Event) -> None:
        self.events.append(event)

    def tell(self, kind: str, data: Event, at: datetime) -> None:
        self.say(envelope(self.seq, kind, data, at=at, device=self.device, **self.clock(at)))

    def clock(self, at: datetime) -> dict[str, Any]:
        """A boot a day; on three of them the clock is wrong, on one it is never put right."""
        began = datetime.combine(at.date(), time(2), UTC)
        up = int((at - began).total_seconds())
        return {"boot": f"{at.toordinal():08x}", "up": max(0, up), "clock": "synced"}


def month() -> list[tuple[Address, Event]]:
    """All events, device by device."""
    shelf, door = Story(SHELF, 1), Story(DOOR, 2)
    day = FIRST - timedelta(days=3)
    while day <= LAST + timedelta(days=1):
        if day != SILENT:
            _shelf_day(shelf, day)
            _door_day(door, day)
        day += timedelta(days=1)
    for event in _stockouts(shelf):
        shelf.say(event)
    shelf.tell("outbox.dropped.v1", {"ranges": [[90_000, 90_010]], "kind": "health", "reason": "full"}, _at(LAST, 20))
    return [(one.device, event) for one in (shelf, door) for event in _with_wrong_clocks(one.events)]


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def _with_wrong_clocks(events: list[Event]) -> list[Event]:
    """On the 9th little is synced, on the 17th nothing; on the 20th the clock is years behind."""
    for one in events:
        day = one["time"][:10]
        if day == "2026-03-09":
            one["clock"] = "synced" if "T12" in one["time"] else "unsynced"
            if one["clock"] == "unsynced":
                _move(one, timedelta(days=-40))
        elif day == NEVER:
            one["clock"] = "unsynced"
            _move(one, timedelta(days=-40))
        elif day == "2026-03-20" and one["seq"] % 5:
            _move(one, timedelta(days=-3000))
    return events


def _move(event: Event, by: timedelta) -> None:
    """The event and all moments in it, as a wrong clock tells them."""
    event["time"] = rfc3339(datetime.fromisoformat(event["time"]) + by)
    for name in ("since", "until"):
        if name in event["data"]:
            event["data"][name] = rfc3339(datetime.fromisoformat(event["data"][name]) + by)


def _shelf_day(story: Story, day: date) -> None:
    chance = story.chance
    if day != UNREPORTED:
        for due, hour in ((4, 7), (6, 13)):  # the schedule is changed on the way
            cameras = [
                {"camera": f"cam-{name}", "fixture": fixture, "schedule": "s", "business_day": str(day), "due": due}
                for name, fixture in (("front", "f1"), ("side", "f1"), ("cooler", "f2"))
            ]
            report = health(story.seq, due, at=_at(day, hour), device=story.device, **story.clock(_at(day, hour)))
            report["data"]["cameras"] = cameras
            story.say(report)
    for step in range(6):
        at = _at(day, 8) + timedelta(minutes=140 * step + chance.randrange(3))
        for view in ("front", "side"):
            _capture(story, at + timedelta(seconds=view == "side"), "f1", view)
        _capture(story, at, "f2", "front")
        if day.day % 2 and step in {1, 3}:
            _opening(story, at + timedelta(minutes=30), step)
        reading = {"fixture": "f2", "cabinet_celsius": round(chance.uniform(-2, 6), 2), "power": chance.random() < 0.9}
        story.tell("cooler.status.v1", reading, at + timedelta(minutes=5))
    _capture(story, _at(day, 23, 30), "f1", "front", trigger="command")  # after closing
    _capture(story, _at(day + timedelta(days=1), 2, 30), "f2", "front")  # of the same business day


def _capture(story: Story, at: datetime, fixture: str, view: str, **more: Any) -> None:
    chance = story.chance
    known: dict[str, Any] = {"fixture": fixture, "at": at, "device": story.device, **story.clock(at)}
    if chance.random() < 0.12:
        story.say(rejected(story.seq, reason=chance.choice(["dark", "blurred", "fogged"]), **known))
        return
    standing = _standing(chance)
    plan = PLAN if at.day < 20 else PLAN | {"cola": 4, "late": 1}
    gaps = chance.randrange(3)
    event = observed(story.seq, standing, planned=plan, own=_own(standing), view=view, gaps=gaps, **known, **more)
    data = event["data"]
    data["gaps"] = [gap | {"sku": chance.choice(["cola", "gone", None])} for gap in data["gaps"]]
    data["kpis"] |= _levels(standing, plan, whole=fixture == "f1" and view == "front")
    if chance.random() < 0.1:
        data["evidence"] = f"{story.seq:064x}"
    if chance.random() < 0.5:
        data["deviations"] = [
            {"kind": "missing", "sku": "water", "shelf": 1, "position": 2, "planned": 1, "seen": 0},
            {"kind": "too_few", "sku": "cola", "shelf": 2, "position": 1, "planned": 3, "seen": 1},
            {"kind": "extra", "sku": "stray", "shelf": 1, "position": 4, "planned": 0, "seen": 1},
        ]
    if standing and chance.random() < 0.25:
        _vote(story, data, plan)
    story.say(event)


def _standing(chance: random.Random) -> list[Event]:
    found = []
    for sku in SKUS:
        for _ in range(chance.randrange(4)):
            status = chance.choices(["recognised", "unsure", "unknown"], [8, 1, 1])[0]
            named = None if status == "unknown" or (status == "unsure" and chance.random() < 0.4) else sku
            one = facing(named, status=status, width=round(chance.uniform(0.03, 0.08), 4))
            found.append(one | {"shelf": chance.randrange(1, 3)})
    return found


def _own(standing: list[Event]) -> int:
    return sum(one["status"] == "recognised" and one["sku"] in OWN for one in standing)


def _levels(standing: list[Event], plan: dict[str, int], *, whole: bool) -> Event:
    if not whole:  # of several views one tells must-stock and compliance
        return {}
    seen = [one["sku"] for one in standing if one["status"] == "recognised"]
    total = sum(plan.values())
    present = sum(count for sku, count in plan.items() if sku in seen)
    filled = sum(min(count, seen.count(sku)) for sku, count in plan.items())
    ratios = [present, max(0, present - 1), max(0, present - 2), min(filled, max(0, present - 2))]
    names = ("present", "shelf", "order", "facings")
    return {
        "must_stock": {"part": len({"cola", "lime"} & set(seen)), "whole": 2},
        "compliance": {name: {"part": part, "whole": total} for name, part in zip(names, ratios, strict=True)},
    }


def _vote(story: Story, data: Event, plan: dict[str, int]) -> None:
    """The last captures say that one facing is another, one is none, and one more was missed."""
    facings = data["facings"]
    kept = [facing("lime") | {"box": [0.6, 0.5, 0.65, 0.6]}]
    dropped = [0]
    renamed = [{"facing": len(facings) - 1, "sku": "rival", "status": "recognised"}] if len(facings) > 1 else []
    held = [one | (renamed[0] if renamed and at == len(facings) - 1 else {}) for at, one in enumerate(facings)]
    standing = [*held[1:], *kept]
    again = observed(1, standing, own=_own(standing), gaps=1)["data"]
    data["vote"] = {
        "captures": [f"c{story.seq - 9}", data["capture"]],
        "kept": kept,
        "dropped": dropped,
        "renamed": renamed,
        "gaps": again["gaps"],
        "kpis": again["kpis"] | _levels(standing, plan, whole="compliance" in data["kpis"]),
    }


def _opening(story: Story, at: datetime, number: int) -> None:
    opening = f"o{story.seq}"
    refill = number == 3
    words = {"fixture": "f2", "opening": opening}
    story.tell("cooler.door.v1", words | {"state": "opened"}, at)
    story.tell("cooler.door.v1", words | {"state": "closed", "seconds_open": 8.25 + 200 * refill}, at)
    moved = {"taken": {"cola": 1, "water": 2}, "added": {"lime": 1}} if not refill else {"added": {"cola": 3}}
    standing = _standing(story.chance)
    event = observed(
        story.seq,
        standing,
        planned=PLAN,
        own=_own(standing),
        fixture="f2",
        trigger="door_after",
        at=at + timedelta(seconds=20),
        device=story.device,
        **story.clock(at),
    )
    event["data"]["opening"] = {"before": "c1", "openings": [opening], "refill": refill, **moved}
    story.say(event)


def _stockouts(story: Story) -> list[Event]:
    told = [
        ("cola", "f1", _at(date(2026, 2, 27), 12), _at(date(2026, 3, 2), 10), "both"),
        ("cola", "f1", _at(date(2026, 3, 4), 9), _at(date(2026, 3, 4), 15), "both"),
        ("cola", "f1", _at(date(2026, 3, 4), 14), _at(date(2026, 3, 4), 17), "both"),  # overlaps
        ("lime", "f2", _at(date(2026, 3, 8), 20), _at(date(2026, 3, 9), 12), "both"),
        ("never", "f1", _at(date(2026, 3, 13), 8), _at(date(2026, 3, 16), 9), "end"),
        ("water", "f2", _at(date(2026, 3, 28), 21), _at(date(2026, 3, 29), 11), "both"),  # the clocks change
        ("late", "f1", _at(date(2026, 3, 30), 18), _at(date(2026, 4, 1), 10), "both"),
        ("water", "f1", _at(date(2026, 3, 31), 16), None, "beginning"),
    ]
    found: list[Event] = []
    for number, (sku, fixture, since, until, which) in enumerate(told):
        for end in ([None] if which != "end" else []) + ([until] if until is not None else []):
            at = end or since
            known = {"episode": f"e{number}", "at": at, "device": story.device, **story.clock(at)}
            event = stockout(story.seq + len(found), sku, since, end, **known)
            event["data"]["fixture"] = fixture
            found.append(event)
    return found


def _door_day(story: Story, day: date) -> None:
    chance = story.chance
    if day.day % 7 == 3:
        return  # nobody counts
    for step in range(32):
        since = _at(day, 7) + timedelta(minutes=30 * step)
        zones = [
            {
                "zone": f"z{number}",
                "visits": chance.randrange(6),
                "dwell_seconds": round(chance.uniform(0, 90), 3),
                "occupancy_mean": round(chance.uniform(0, 2), 4),
                "occupancy_peak": 3,
                "loitering": chance.choice([None, 1]),
            }
            for number in range(chance.randrange(3))
        ]
        for fixture in (None, "f1"):
            event = traffic(story.seq, since, fixture=fixture, into=chance.randrange(30), zones=zones)
            event |= story.clock(since + timedelta(minutes=15)) | {"source": story.device.source}
            _count(event["data"], chance, fixture)
            story.say(event)
    report = health(story.seq, 0, at=_at(day, 21), device=story.device, **story.clock(_at(day, 21)))
    report["data"]["cameras"] = [{"camera": "door", "schedule": "always"}]
    story.say(report)


def _count(data: Event, chance: random.Random, fixture: str | None) -> None:
    data["seconds_observed"] = round(chance.uniform(600, 900), 3)
    if fixture is None:
        data["lines"].append({"line": "back", "into": chance.randrange(9), "out": 2})
        for held in (["lines.back"], ["lines.door"]):
            if chance.random() < 0.2:
                data["lines"].pop()
                data["withheld"] = [*data.get("withheld", []), *held]
        return
    data["lines"] = []
    data["passers"] = chance.choice([None, 10, 25])
    if data["passers"]:
        data["stoppers"] = chance.choice([None, chance.randrange(9)])
