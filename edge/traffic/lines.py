"""Counting lines: who crossed which line, and which way, as a pure state machine.

Somebody crosses a line who was clearly on one side of it and is clearly on the other: each side has a dead band, and
from the deepest place on the one side to the deepest on the other there must be a minimum path. So jitter on the line,
standing on it and turning on it count nothing. What counts is where the line itself was passed: past its ends is
round it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.traffic.columns import joined, only, put, rows_of
from edge.traffic.geometry import beside
from edge.traffic.sightings import nobody

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge.traffic.geometry import Flags, Floats
    from edge.traffic.sightings import Sightings

    Ints = NDArray[np.int64]
    Point = tuple[float, float]

Direction = Literal["into", "out"]
DIRECTIONS: tuple[Direction, Direction] = ("into", "out")

MOST_WAITING = 8
"""Crossings of one doubtful track that wait for its confirmation; the first ones stay."""


@dataclass(frozen=True, slots=True)
class CountingLine:
    """A line to be crossed. Looking from start to end, `into` is from the left-hand to the right-hand side."""

    name: str
    start: Point  # pixels of the frame
    end: Point
    dead_band: float = 0.1  # heights of the person, on both sides, within which nobody is on either
    min_path: float = 0.35  # heights across the line, from the deepest place before it to the deepest after it

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"line {self.name} starts where it ends")
        if not (self.dead_band >= 0 and self.min_path >= 0):
            raise ValueError(f"line {self.name}: dead_band and min_path are at least 0")


@dataclass(frozen=True, slots=True)
class LineRules:
    """When an id is still the same person."""

    max_speed: float = 4.0  # heights a second; faster, an id has become another person's
    forget_seconds: float = 3.0  # not seen for longer, an id is somebody new

    def __post_init__(self) -> None:
        if not (self.max_speed > 0 and self.forget_seconds > 0):
            raise ValueError("max_speed and forget_seconds are more than 0")


LEAP = 0.6
"""Heights by which a point may leap at once on top of `max_speed`: boxes are cut and grow."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a line."""

    line: str
    direction: Direction
    track: int
    at: float  # seconds, when the line itself was passed
    point: Point  # where, pixels


@dataclass(frozen=True, slots=True)
class Stands:
    """Where n people stand against m lines."""

    ids: Ints  # (n,)
    at: Floats  # (n,) when last seen, seconds
    points: Floats  # (n, 2) where
    side: Ints  # (n, m) -1 or 1 where settled, 0 not yet
    depth: Floats  # (n, m) heights, the deepest place on that side
    passed: Floats  # (n, m, 4) when the line was last passed: time, place along the line, x, y; nan if never


@dataclass(frozen=True, slots=True)
class LineCounter:
    """What is remembered from frame to frame."""

    stands: Stands | None = None
    waiting: Mapping[int, tuple[Crossing, ...]] = field(default_factory=dict)  # of doubtful tracks


def count_lines(
    state: LineCounter, seen: Sightings, lines: Sequence[CountingLine], rules: LineRules
) -> tuple[LineCounter, list[Crossing]]:
    """Take one frame into account.

    A crossing of a doubtful track is told once the track is confirmed. An id that leaps further than anybody runs, or
    was not seen for long, begins anew.

    Args:
        state: before the frame.
        seen: the people of the frame.
        lines: the same in every call.
        rules: when an id is still the same person.

    Returns:
        The state after it, and the crossings.
    """
    stands = _strangers(nobody(seen.at), len(lines)) if state.stands is None else state.stands
    before, continued = _before(stands, seen, len(lines), rules)
    after, crossed = _moved(before, seen, lines)

    told: list[Crossing] = []
    away = only(stands, (rows_of(stands.ids, seen.ids) < 0) & (seen.at - stands.at <= rules.forget_seconds))
    waiting = {int(track): state.waiting[int(track)] for track in away.ids if int(track) in state.waiting}
    for row, track in enumerate(int(track) for track in seen.ids):
        fresh = (
            _crossing(line, after.side[row, column], track, after.passed[row, column])
            for column, line in enumerate(lines)
            if crossed[row, column]
        )
        mine = [*(state.waiting.get(track, ()) if continued[row] else ()), *fresh]
        if seen.confirmed[row]:
            told += mine
        elif mine:
            waiting[track] = tuple(mine[:MOST_WAITING])
    return LineCounter(joined(away, after), waiting), told


def _before(stands: Stands, seen: Sightings, lines: int, rules: LineRules) -> tuple[Stands, Flags]:
    """What is known of the people seen, row by row, and of whom anything is; strangers have always been here."""
    rows = rows_of(seen.ids, stands.ids)
    known = np.flatnonzero(rows >= 0)
    old = only(stands, rows[known])
    seconds = seen.at - old.at
    moved = np.hypot(*(seen.points[known] - old.points).T)
    same = (seconds <= rules.forget_seconds) & (moved <= (rules.max_speed * seconds + LEAP) * seen.heights[known])
    continued = np.zeros(len(rows), dtype=np.bool_)
    continued[known[same]] = True
    return put(_strangers(seen, lines), known[same], only(old, same)), continued


def _strangers(seen: Sightings, lines: int) -> Stands:
    count = len(seen.ids)
    return Stands(
        ids=seen.ids,
        at=np.full(count, seen.at),
        points=seen.points,
        side=np.zeros((count, lines), dtype=np.int64),
        depth=np.zeros((count, lines)),
        passed=np.full((count, lines, 4), np.nan),
    )


def _moved(before: Stands, seen: Sightings, lines: Sequence[CountingLine]) -> tuple[Stands, Flags]:
    """Where the people stand now, and (n, m) who crossed which line."""
    starts = np.array([line.start for line in lines], dtype=np.float64).reshape(-1, 2)
    ends = np.array([line.end for line in lines], dtype=np.float64).reshape(-1, 2)
    now = np.full(len(seen.ids), seen.at)
    old_distance, then = _against(before.points, before.at, starts, ends)
    distance, there = _against(seen.points, now, starts, ends)

    changed = (distance > 0) != (old_distance > 0)
    share = np.where(changed, old_distance, 0.0) / np.where(changed, old_distance - distance, 1.0)
    passed = np.where(changed[..., None], then + share[..., None] * (there - then), before.passed)

    off = np.abs(distance) / seen.heights[:, None]
    side, clear = np.where(distance > 0, 1, -1), off > np.array([line.dead_band for line in lines])
    across = clear & (before.side == -side) & (before.depth + off >= np.array([line.min_path for line in lines]))
    settled = across | (clear & (before.side == 0))
    deeper = np.where(before.side == side, np.maximum(before.depth, off), before.depth)
    after = Stands(
        ids=seen.ids,
        at=now,
        points=seen.points,
        side=np.where(settled, side, before.side),
        depth=np.where(settled, off, deeper),
        passed=passed,
    )
    return after, across & (passed[..., 1] >= 0) & (passed[..., 1] <= 1)


def _against(points: Floats, at: Floats, starts: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """(n, m) signed distances, and (n, m, 4) time, place along the line, x and y."""
    distance, place = beside(points, starts, ends)
    times = np.broadcast_to(at[:, None], place.shape)
    x, y = (np.broadcast_to(points[:, axis, None], place.shape) for axis in (0, 1))
    return distance, np.stack([times, place, x, y], axis=2)


def _crossing(line: CountingLine, side: int, track: int, passed: Floats) -> Crossing:
    at, _, x, y = (float(value) for value in passed)
    return Crossing(line.name, "into" if side > 0 else "out", track, at, (x, y))
