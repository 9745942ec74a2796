"""What the API tells: raw events, when they happened, and what people corrected in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]

AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
LONGEST_INTERVAL = timedelta(days=31)


@dataclass(frozen=True)
class Hours:
    """The clock of a store: its zone, and when its business day begins and its door opens and closes."""

    zone: ZoneInfo
    day_starts: time
    opens: time
    closes: time

    def moment(self, day: date, clock: time) -> datetime:
        """When the wall clock shows `clock` on `day`, in UTC."""
        return datetime.combine(day, clock, self.zone).astimezone(UTC)

    def day_of(self, at: datetime) -> date:
        """The business day of a moment."""
        day = at.astimezone(self.zone).date()
        return day if at >= self.moment(day, self.day_starts) else day - timedelta(days=1)

    def whole(self, day: date) -> tuple[datetime, datetime]:
        """When a business day begins and ends."""
        return self.moment(day, self.day_starts), self.moment(day + timedelta(days=1), self.day_starts)

    def open(self, day: date) -> tuple[datetime, datetime]:
        """When the store opens and closes."""
        return self.moment(day, self.opens), self.moment(day, self.closes)

    def is_open(self, at: datetime) -> bool:
        """Whether a moment lies in opening hours."""
        since, until = self.open(self.day_of(at))
        return since <= at < until


@dataclass(frozen=True)
class Event:
    """One event, dated."""

    device: str
    kind: str
    epoch: str
    seq: int
    at: datetime  # by clock, boot or arrival
    counts_at: datetime  # the moment that it counts for: a traffic interval's beginning
    day: date
    shift: timedelta  # by how much its own time was wrong
    data: Json

    @property
    def id(self) -> str:
        """As actions and evidence name it."""
        return f"{self.epoch}-{self.seq}"

    @property
    def order(self) -> tuple[datetime, str, str, int]:
        """In the order in which things happened."""
        return self.at, self.device, self.epoch, self.seq


@dataclass
class Told:
    """All events of a store in some time, in their order."""

    events: list[Event] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)  # where the API dates an event otherwise

    def of(self, *kinds: str) -> list[Event]:
        """Those of some types."""
        return [one for one in self.events if one.kind in kinds]


def read(lines: Iterable[Json], corrections: Iterable[Json], hours: Hours) -> Told:
    """Date events by their own words, and check that against the dates the API gives.

    Args:
        lines: items of `GET /api/v1/events`.
        corrections: items of `GET /api/v1/corrections`, in their order.
        hours: of the store.
    """
    lines = list(lines)
    boots = _boots(lines)
    said: dict[tuple[str, str, int], list[Json]] = {}
    for one in corrections:
        said.setdefault((one["device"], one["epoch"], one["seq"]), []).append(one)
    found = Told()
    for line in lines:
        event = line["event"]
        at, how = _dated(line, boots)
        data = event["data"]
        if event["type"] == "shelf.observed.v1":
            data = counted(data, said.get((line["device"], event["epoch"], event["seq"]), []))
        counts_at = at
        if event["type"] == "traffic.counted.v1":
            ahead = moment(data["since"]) - moment(event["time"])
            counts_at = at + ahead if abs(ahead) <= LONGEST_INTERVAL else at
        day = hours.day_of(counts_at)
        if (day.isoformat(), how) != (line["day"], line["dated"]) or _apart(at, line["at"]):
            found.faults.append(f"event {event['id']}: counted for {day} at {at} by {how}, the API says {line['at']}")
        shift = at - moment(event["time"])
        found.events.append(
            Event(line["device"], event["type"], event["epoch"], event["seq"], at, counts_at, day, shift, data)
        )
    found.events.sort(key=lambda one: one.order)
    return found


def moment(text: str) -> datetime:
    """A moment in RFC 3339."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _apart(at: datetime, said: str) -> bool:
    return abs(at - moment(said)) >= timedelta(milliseconds=2)


def _is_synced(line: Json) -> bool:
    event = line["event"]
    return event["clock"] == "synced" and EARLIEST <= moment(event["time"]) <= moment(line["received"]) + AHEAD


def _boots(lines: Iterable[Json]) -> dict[tuple[str, str], datetime]:
    """When boots began, each by the synced event nearest to its beginning."""
    best: dict[tuple[str, str], tuple[tuple[int, str, int], datetime]] = {}
    for line in filter(_is_synced, lines):
        event = line["event"]
        key, near = (line["device"], event["boot"]), (event["up"], event["epoch"], event["seq"])
        if key not in best or near < best[key][0]:
            best[key] = near, moment(event["time"]) - timedelta(seconds=event["up"])
    return {key: began for key, (_, began) in best.items()}


def _dated(line: Json, boots: dict[tuple[str, str], datetime]) -> tuple[datetime, str]:
    event = line["event"]
    if _is_synced(line):
        return moment(event["time"]), "clock"
    began = boots.get((line["device"], event["boot"]))
    if began is not None:
        return began + timedelta(seconds=event["up"]), "boot"
    return moment(line["received"]), "arrival"


def counted(data: Json, said: list[Json]) -> Json:
    """An observation as it counts: after the device's vote, and after people's corrections."""
    facings, gaps, kpis = data["facings"], data.get("gaps", []), data["kpis"]
    vote = data.get("vote")
    if vote:
        renamed = {one["facing"]: one for one in vote.get("renamed", [])}
        dropped = set(vote.get("dropped", []))
        facings = [one | renamed.get(at, {}) for at, one in enumerate(facings) if at not in dropped]
        facings, gaps, kpis = [*facings, *vote.get("kept", [])], vote.get("gaps", []), vote["kpis"]
    seen = data | {"facings": facings, "gaps": gaps, "kpis": kpis}
    return _corrected(seen, said) if said else seen


def _corrected(seen: Json, said: list[Json]) -> Json:
    facings, boxes = seen["facings"], {one["facing"]: one for one in said if one["box"]}
    new: dict[int, Json | None] = dict(enumerate(facings))
    kpis = dict(seen["kpis"])
    added = []
    mine: set[str | None] = set()
    for place, one in {one["facing"]: one for one in said}.items():
        before = new.get(place)
        if one["standing"] == "removed":
            new[place] = None
        else:
            status = "recognised" if one["standing"] in {"own", "foreign"} else one["standing"]
            base = before or {key: boxes[place][key] for key in ("box", "shelf", "position")}
            new[place] = base | {"sku": one["sku"], "status": status}
            kpis[one["standing"]] += 1
            mine |= {one["sku"]} if one["standing"] == "own" else set()
            if before is None:
                added.append(new[place])
        if before is not None:
            kpis[one["was"]] -= 1
            mine |= {before["sku"]} if one["was"] == "own" else set()
    stand = [new[place] for place in sorted(new) if new[place] is not None]
    old, now = _recognised(facings), _recognised(stand)
    kpis["facings"] = len(stand)
    kpis["assortment"] += len(mine & now.keys()) - len(mine & old.keys())
    gaps = [gap for gap in seen["gaps"] if not any(_covers(one, gap["box"]) for one in added)]
    kpis["gaps"] = len(gaps)
    if kpis.get("compliance"):
        changed = [new[one["facing"]] for one in said if new[one["facing"]]]
        kpis["compliance"] = _complied(kpis["compliance"], seen, changed, old, now)
    return seen | {"facings": stand, "gaps": gaps, "kpis": kpis}


def _recognised(facings: Iterable[Any]) -> Counter[str]:
    return Counter(one["sku"] for one in facings if one["status"] == "recognised")


def _covers(facing: Any, gap: list[float]) -> bool:
    left, top, right, bottom = facing["box"]
    return bool(gap[0] <= (left + right) / 2 <= gap[2] and gap[1] <= (top + bottom) / 2 <= gap[3])


def _complied(told: Json, seen: Json, changed: list[Any], old: Counter[str], now: Counter[str]) -> Json:
    """Levels of compliance: each asks for more than the one before."""
    lacking = {
        (one.get("sku"), one.get("shelf"))
        for one in seen.get("deviations", [])
        if one["kind"] in {"missing", "void", "too_few"}
    }
    placed = {one["sku"] for one in changed if (one["sku"], one["shelf"]) in lacking}
    moved: Counter[str] = Counter()
    for sku, planned in seen.get("planned", {}).items():
        came = (now[sku] > 0) - (old[sku] > 0)
        filled = min(now[sku], planned) - min(old[sku], planned)
        moved["present"] += came * planned
        if filled < 0 or sku in placed:
            moved["facings"] += filled
            moved["shelf"] += came * planned
            moved["order"] += came * planned
    levels: Json = {}
    most = told["present"]["whole"]
    for name in ("present", "shelf", "order", "facings"):
        most = min(most, max(0, told[name]["part"] + moved[name]))
        levels[name] = told[name] | {"part": most}
    return levels
