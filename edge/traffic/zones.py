"""Zones: visits, dwell, loitering, occupancy and stopping, as a pure state machine.

A visit begins when a confirmed person has been inside for a moment and ends when the person has been outside, or
unseen, for some seconds: somebody on the edge, or hidden for a moment, makes one visit. Dwell counts seconds of looking
between two sightings inside the zone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.traffic.columns import joined, only, put, rows_of
from edge.traffic.geometry import inside
from edge.traffic.sightings import nobody

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.traffic.geometry import Flags, Floats
    from edge.traffic.sightings import Sightings

    Ints = NDArray[np.int64]
    Point = tuple[float, float]

ZoneEventKind = Literal["entered", "loitering", "stopped", "left"]

HIDDEN_SECONDS = 1.0
"""For so long somebody who is not detected still counts as present; dwell waits for the next sighting."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon on the floor, as the camera sees it."""

    name: str
    corners: tuple[Point, ...]  # pixels of the frame, in order
    loiter_seconds: float = 60.0  # of a visit, from which it is loitering
    stop_seconds: float = 3.0  # inside and slow, from which somebody has stopped
    stop_speed: float = 0.2  # heights of the person a second: slower, on the mean of `stop_seconds`, is slow

    def __post_init__(self) -> None:
        if not (self.loiter_seconds > 0 and self.stop_seconds > 0 and self.stop_speed > 0):
            raise ValueError(f"zone {self.name}: loiter_seconds, stop_seconds and stop_speed are more than 0")
        if len(self.corners) < 3:  # noqa: PLR2004 - a triangle is the least area
            raise ValueError(f"zone {self.name} has {len(self.corners)} corners; it takes at least three")


@dataclass(frozen=True, slots=True)
class ZoneRules:
    """When a visit begins and ends."""

    enter_seconds: float = 0.3  # inside, before a visit begins
    leave_seconds: float = 2.5  # outside or unseen, before it has ended

    def __post_init__(self) -> None:
        if not (self.enter_seconds >= 0 and self.leave_seconds >= 0):
            raise ValueError("enter_seconds and leave_seconds are at least 0")


@dataclass(frozen=True, slots=True)
class ZoneEvent:
    """Something about one visit. Each kind is told once of a visit, `entered` first and `left` last."""

    zone: str
    kind: ZoneEventKind
    track: int
    at: float  # when it came about, seconds: the first and last sighting inside for `entered` and `left`


@dataclass(frozen=True, slots=True)
class Stays:
    """How n people stay in m zones; times are seconds, nan where nothing happened."""

    ids: Ints  # (n,)
    at: Floats  # (n,) when last seen
    covered: Floats  # (n,) seconds of looking then
    within: Flags  # (n, m) inside when last seen
    first: Floats  # (n, m) first sighting inside
    last: Floats  # (n, m) last sighting inside
    owed: Floats  # (n, m) dwell before the visit was believed
    rest: Floats  # (n, m, 3) since when somebody lingers, and x, y around which
    visiting: Flags  # (n, m)
    loitering: Flags  # (n, m) told
    stopped: Flags  # (n, m) told


@dataclass(frozen=True, slots=True)
class ZoneCounter:
    """What is remembered from frame to frame."""

    stays: Stays | None = None


@dataclass(frozen=True, slots=True)
class ZoneStep:
    """What one frame added."""

    events: tuple[ZoneEvent, ...]
    dwell: Floats  # (m,) person-seconds
    present: Ints  # (m,) visitors inside now


def count_zones(
    state: ZoneCounter, seen: Sightings, zones: Sequence[Zone], rules: ZoneRules
) -> tuple[ZoneCounter, ZoneStep]:
    """Take one frame into account.

    Somebody has stopped who stays within `stop_seconds * stop_speed` heights of one place for `stop_seconds`.

    Args:
        state: before the frame.
        seen: the people of the frame; those not yet confirmed are remembered, and counted once they are.
        zones: the same in every call.
        rules: when a visit begins and ends.

    Returns:
        The state after it, and what it added.
    """
    stays = _strangers(nobody(seen.at), len(zones)) if state.stays is None else state.stays
    stays, left = _ended(stays, seen.at, zones, rules)
    rows = rows_of(seen.ids, stays.ids)
    known = np.flatnonzero(rows >= 0)
    was = put(_strangers(seen, len(zones)), known, only(stays, rows[known]))

    within = np.zeros((len(seen.ids), len(zones)), dtype=np.bool_)
    for column, zone in enumerate(zones):
        within[:, column] = inside(seen.points, np.array(zone.corners))
    now = np.full(within.shape, seen.at)
    first, last = np.where(within & np.isnan(was.first), now, was.first), np.where(within, now, was.last)
    owed = was.owed + np.where(within & was.within, (seen.covered - was.covered)[:, None], 0.0)
    stayed = np.where(within, now - first, 0.0)
    visiting = was.visiting | (within & seen.confirmed[:, None] & (stayed >= rules.enter_seconds))
    rest = _rest(was.rest, seen, within, zones)
    loiters = visiting & within & (stayed >= np.array([zone.loiter_seconds for zone in zones]))
    stops = visiting & within & (now - rest[..., 0] >= np.array([zone.stop_seconds for zone in zones]))
    is_now = Stays(
        ids=seen.ids,
        at=np.full(len(seen.ids), seen.at),
        covered=np.full(len(seen.ids), seen.covered),
        within=within,
        first=first,
        last=last,
        owed=np.where(visiting, 0.0, owed),
        rest=rest,
        visiting=visiting,
        loitering=was.loitering | loiters,
        stopped=was.stopped | stops,
    )
    events = [
        *left,
        *_events("entered", zones, seen.ids, visiting & ~was.visiting, first),
        *_events("stopped", zones, seen.ids, is_now.stopped & ~was.stopped, now),
        *_events("loitering", zones, seen.ids, is_now.loitering & ~was.loitering, now),
    ]
    after = joined(only(stays, (rows_of(stays.ids, seen.ids) < 0)), is_now)
    here = after.visiting & after.within & (seen.at - after.at <= HIDDEN_SECONDS)[:, None]
    return ZoneCounter(after), ZoneStep(tuple(events), np.where(visiting, owed, 0.0).sum(axis=0), here.sum(axis=0))


def _strangers(seen: Sightings, zones: int) -> Stays:
    count = len(seen.ids)
    never, nothing = np.full((count, zones), np.nan), np.zeros((count, zones))
    no = np.zeros((count, zones), dtype=np.bool_)
    at, covered = np.full(count, seen.at), np.full(count, seen.covered)
    return Stays(seen.ids, at, covered, no, never, never, nothing, np.full((count, zones, 3), np.nan), no, no, no)


def _ended(stays: Stays, at: float, zones: Sequence[Zone], rules: ZoneRules) -> tuple[Stays, list[ZoneEvent]]:
    """The people who may still go on with a visit, and whose visits have ended."""
    over = at - stays.last > rules.leave_seconds
    events = _events("left", zones, stays.ids, over & stays.visiting, stays.last)
    begun = replace(
        stays,
        within=stays.within & ~over,
        first=np.where(over, np.nan, stays.first),
        last=np.where(over, np.nan, stays.last),
        owed=np.where(over, 0.0, stays.owed),
        rest=np.where(over[..., None], np.nan, stays.rest),
        visiting=stays.visiting & ~over,
        loitering=stays.loitering & ~over,
        stopped=stays.stopped & ~over,
    )
    return only(begun, at - stays.at <= rules.leave_seconds), events


def _rest(rest: Floats, seen: Sightings, within: Flags, zones: Sequence[Zone]) -> Floats:
    """Since when each stays about one place of the zone, and which; who moves on begins anew."""
    radius = seen.heights[:, None] * np.array([zone.stop_seconds * zone.stop_speed for zone in zones])
    moved = np.hypot(seen.points[:, None, 0] - rest[..., 1], seen.points[:, None, 1] - rest[..., 2])
    anew = np.concatenate([np.full((len(seen.ids), 1), seen.at), seen.points], axis=1)[:, None, :]
    kept = np.where((moved <= radius)[..., None], rest, anew)  # nan is never within
    return np.where(within[..., None], kept, np.nan)


def _events(kind: ZoneEventKind, zones: Sequence[Zone], ids: Ints, flags: Flags, times: Floats) -> list[ZoneEvent]:
    return [
        ZoneEvent(zones[column].name, kind, int(ids[row]), float(times[row, column]))
        for row, column in zip(*np.nonzero(flags), strict=True)
    ]
