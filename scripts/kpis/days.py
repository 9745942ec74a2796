"""Business days of a store, counted from its events: what was due and seen, how each SKU fared, who came by."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, zip_longest
from statistics import median
from typing import TYPE_CHECKING

from kpis.told import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kpis.told import Event, Hours, Told

Span = tuple[datetime, datetime]
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
LATE = 1.5
"""A capture so many steps after the one before still watched the time between."""


@dataclass(frozen=True)
class Episode:
    """A stock-out."""

    fixture: str
    sku: str
    since: datetime
    until: datetime | None
    name: str


@dataclass
class Day:
    """One business day."""

    day: date
    open: Span
    events: list[Event] = field(default_factory=list)
    due: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))  # by fixture, of each camera
    fared: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    watched: float = 0.0
    began: int = 0  # stock-outs

    def of(self, kind: str, fixture: str | None = None) -> list[Event]:
        """Its events of a type, of one fixture or all."""
        return [one for one in self.events if one.kind == kind and fixture in {None, one.data.get("fixture")}]

    @property
    def fixtures(self) -> list[str]:
        """Those of which something was said, or due."""
        kinds = {"shelf.observed.v1", "capture.rejected.v1", "cooler.door.v1", "cooler.status.v1"}
        return sorted({one.data["fixture"] for one in self.events if one.kind in kinds} | self.due.keys())

    @property
    def seconds_open(self) -> float:
        """How long it was open."""
        return (self.open[1] - self.open[0]).total_seconds()

    def kept(self, fixture: str, hours: Hours) -> int:
        """Scheduled captures of a fixture that were accepted in opening hours."""
        seen = self.of("shelf.observed.v1", fixture)
        return sum(one.data["trigger"] == "scheduled" and hours.is_open(one.at) for one in seen)


def episodes(told: Told) -> list[Episode]:
    """Stock-outs, each from the event of its end where that came."""
    found: dict[tuple[str, str], Episode] = {}
    for kind in ("stockout.opened.v1", "stockout.closed.v1"):
        for one in told.of(kind):
            data = one.data
            until = moment(data["until"]) + one.shift if "until" in data else None
            since = moment(data["since"]) + one.shift
            found[one.device, data["episode"]] = Episode(data["fixture"], data["sku"], since, until, data["episode"])
    return sorted(found.values(), key=lambda one: (one.fixture, one.since, one.sku, one.name))


def days(told: Told, since: date, until: date, hours: Hours) -> dict[date, Day]:
    """The days of a period of which anything came, worked out."""
    found: dict[date, Day] = {}
    for event in told.events:
        if since <= event.day <= until:
            found.setdefault(event.day, Day(event.day, hours.open(event.day))).events.append(event)
    for (day, _, _), (_, fixture, due) in _due(told).items():
        if since <= day <= until:
            found.setdefault(day, Day(day, hours.open(day))).due[fixture].append(due)
    known = episodes(told)
    for one in found.values():
        begins, ends = hours.whole(one.day)
        touching = [out for out in known if _touches(out, begins, ends)]
        one.began = sum(begins <= out.since for out in touching)
        for fixture in one.fixtures:
            _availability(one, fixture, [out for out in touching if out.fixture == fixture])
            _depletion(one, fixture)
    return dict(sorted(found.items()))


def _touches(one: Episode, begins: datetime, ends: datetime) -> bool:
    return one.since < ends and (one.until is None or one.until > begins)


def _due(told: Told) -> dict[tuple[date, str, str], tuple[Event, str, int]]:
    """By day, device and camera the captures due, as the last report says; within an outbox the number tells."""
    found: dict[tuple[date, str, str], tuple[Event, str, int]] = {}
    for one in told.of("device.health.v1"):
        for camera in one.data.get("cameras", []):
            named = camera.get("business_day")
            if camera.get("fixture") is None or (named is None and not camera.get("due")):
                continue
            key = date.fromisoformat(named) if named else one.day, one.device, camera["camera"]
            before = found[key][0] if key in found else None
            if before is None or _is_later(one, before):
                found[key] = one, camera["fixture"], camera.get("due", 0)
    return found


def _is_later(one: Event, before: Event) -> bool:
    if one.epoch == before.epoch:
        return one.seq > before.seq
    return (one.at, one.epoch) > (before.at, before.epoch)


def watched_spans(moments: list[datetime], step: float, hours: Span) -> list[Span]:
    """The parts of opening hours that captures watched: until the next, or one step of the schedule."""
    found: list[Span] = []
    for at, after in zip_longest(moments, moments[1:]):
        near = after is not None and (after - at).total_seconds() <= step * LATE
        ends = after if near and after is not None else at + timedelta(seconds=step)
        found.append((at, ends))
    return union([(max(a, hours[0]), min(b, hours[1])) for a, b in found])


def union(spans: Iterable[Span]) -> list[Span]:
    """Spans, those that touch put together."""
    found: list[Span] = []
    for begins, ends in sorted(span for span in spans if span[0] < span[1]):
        if found and begins <= found[-1][1]:
            found[-1] = found[-1][0], max(ends, found[-1][1])
        else:
            found.append((begins, ends))
    return found


def common(one: Iterable[Span], other: list[Span]) -> float:
    """Seconds that two lists of spans have in common."""
    return sum(max(0.0, (min(b, d) - max(a, c)).total_seconds()) for a, b in one for c, d in other)


def _availability(day: Day, fixture: str, known: list[Episode]) -> None:
    """OSA: planned SKU x time that captures watched, and of it the time of stock-outs."""
    seen = day.of("shelf.observed.v1", fixture)
    moments = [one.at for one in seen]
    due = max(day.due.get(fixture, [0]))
    apart = [(b - a).total_seconds() for a, b in pairwise(moments) if b > a]
    step = day.seconds_open / due if due else median(apart) if apart else 0.0
    spans = watched_spans(moments, step, day.open)
    watched = sum((b - a).total_seconds() for a, b in spans)
    day.watched += watched
    told = {f["sku"] for one in seen for f in one.data["facings"] if f["status"] == "recognised"}
    told |= {one.sku for one in known}
    captures = Counter(one.data["view"] for one in seen)
    plans = Counter((one.data["view"], sku) for one in seen for sku, n in one.data.get("planned", {}).items() if n)
    for sku in {sku for _, sku in plans} & told:
        share = max(plans[view, sku] / count for view, count in captures.items())
        out = union((one.since, one.until or FOREVER) for one in known if one.sku == sku)
        row = day.fared[fixture, sku]
        row["observed"] += watched * share  # type: ignore[assignment]  # a Counter adds floats as well
        row["out"] += min(common(out, spans), watched * share)  # type: ignore[assignment]


def _depletion(day: Day, fixture: str) -> None:
    """Facings that fell: in openings of the door where captures tell them, else from capture to capture."""
    seen = day.of("shelf.observed.v1", fixture)
    openings = [one.data["opening"] for one in seen if one.data.get("opening")]
    for one in openings:
        for name, sold, filled in (("taken", "taken", "removed"), ("added", "added", "refilled")):
            for sku, count in one.get(name, {}).items():
                day.fared[fixture, sku][filled if one["refill"] else sold] += count
    if openings:
        return
    views: dict[str, list[Counter[str]]] = defaultdict(list)
    for one in seen:
        views[one.data["view"]].append(Counter(f["sku"] for f in one.data["facings"] if f["sku"] is not None))
    for stands in views.values():
        for before, after in pairwise(stands):
            for sku in before.keys() | after.keys():
                change = after[sku] - before[sku]
                day.fared[fixture, sku]["added" if change > 0 else "taken"] += abs(change)
