"""People who walk, stop, turn back, go round, and come in groups: paths over the floor, and what they truly crossed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Random = np.random.Generator

Place = tuple[float, float]
"""x and z on the floor, in metres."""

LINES: dict[str, tuple[Place, Place]] = {
    "door": ((-2.2, 5.0), (2.2, 5.0)),  # across the way of those who come towards the camera or go away from it
    "aisle": ((0.0, 2.9), (0.0, 4.7)),  # across the way of those who pass before it
}
"""The lines of the floor. Looking from start to end in the picture, the near side of the door is on the right."""

NEAR, FAR, SIDE = 2.1, 10.0, 6.5
"""Where people come from and go to: out of sight below, at the back, and at the sides."""

CLEAR = 0.6
"""Metres on either side of a line that make a crossing clear. Paths that come to less, but not to nothing, are not
drawn: no two people would agree on them."""

STANDING = 0.3
"""Metres off a line within which somebody may be said to stand on it."""

NOTHING = 0.12
"""Metres over a line that are nothing: somebody who stands on it sways."""

END = 0.3
"""Metres from the end of a line within which it is open to dispute whether somebody went past it or over it."""

Story = Literal["through", "stop", "turn", "round", "pass"]
STORIES: dict[Story, float] = {"through": 0.42, "stop": 0.13, "turn": 0.12, "round": 0.08, "pass": 0.25}
"""What people do, and how often."""


@dataclass(frozen=True, slots=True)
class Walker:
    """One person on the way through the view."""

    times: Floats  # (k,) seconds at the corners of the path
    path: Floats  # (k, 2) places
    tall: float  # metres
    sway: Place  # metres to either side, and radians where the sway begins

    def places(self, at: Floats) -> Floats:
        """(n,) seconds -> (n, 2) where the person is, sway and all: with each step people go to and fro a little."""
        off = self.sway[0] * np.sin(self.sway[1] + 2 * np.pi * 0.9 * at)
        return np.stack([np.interp(at, self.times, self.path[:, axis]) + off for axis in (0, 1)], axis=1)


@dataclass(frozen=True, slots=True)
class TrueCrossing:
    """Somebody truly crossed a line, and stood on it for as long as it took."""

    line: str
    direction: Literal["into", "out"]
    since: float  # seconds, when last clearly off the line before
    until: float  # when first clearly off it after


def crowd(random: Random, *, groups_per_second: float) -> Iterator[tuple[Walker, list[TrueCrossing]]]:
    """People without end, by the time they come, and what each crosses."""
    at = 0.0
    while True:
        at += float(random.exponential(1 / groups_per_second))
        yield from _group(random, at)


def _group(random: Random, at: float) -> list[tuple[Walker, list[TrueCrossing]]]:
    """One to three people who do the same side by side, drawn until nobody's crossings are open to dispute."""
    size = int(random.choice([1, 2, 3], p=[0.7, 0.22, 0.08]))
    while True:
        story: Story = random.choice(list(STORIES), p=list(STORIES.values()))
        path, waits = _path(random, story)
        speed = float(random.uniform(0.9, 1.7)) if size == 1 else float(random.uniform(0.8, 1.3))
        walkers = [_walker(random, path + offset, waits, speed, at) for offset in _abreast(random, path, size)]
        crossings = [true_crossings(walker) for walker in walkers]
        if all(crossed is not None for crossed in crossings):
            return [(walker, crossed or []) for walker, crossed in zip(walkers, crossings, strict=True)]


def _path(random: Random, story: Story) -> tuple[Floats, Floats]:
    """Corners of a path, and the seconds waited at each."""
    turned = random.random() < 0.5
    near, far = (float(random.uniform(-1.6, 1.6)), NEAR), (float(random.uniform(-4, 4)), FAR)
    door = (float(random.uniform(-1.8, 1.8)), 5.0)
    if story == "pass":
        z = float(random.uniform(3.2, 8.5))
        corners, waits = [(-SIDE, z), (SIDE, z + float(random.uniform(-0.8, 0.8)))], [0.0, 0.0]
    elif story == "round":
        x = float(random.uniform(2.9, 3.3)) * (1 if turned else -1)
        corners = [(x + float(random.uniform(0, 1)) * np.sign(x), FAR), (x, 5.6), (x, 4.4), (np.sign(x) * SIDE, 3.0)]
        waits = [0.0] * 4
    elif story == "turn":
        z = 5.0 + float(random.uniform(0.6, 2.0)) * (1 if turned else -1)
        start = far if turned else near
        corners, waits = [start, (door[0], z), start], [0.0, float(random.uniform(0, 4)), 0.0]
    elif story == "stop":
        stand = (door[0], float(random.choice([5.0, random.uniform(3.0, 8.0)])))
        corners, waits = [near, stand, far], [0.0, float(random.uniform(2, 10)), 0.0]
    else:
        corners, waits = [near, door, far], [0.0, 0.0, 0.0]
    path, rests = np.array(corners), np.array(waits)
    return (path[::-1], rests[::-1]) if random.random() < 0.5 else (path, rests)


def _abreast(random: Random, path: Floats, size: int) -> list[Floats]:
    """Where each of a group walks beside its path: about two feet from one to the next, across the way."""
    way = path[-1] - path[0] if len(path) == 2 or not np.allclose(path[0], path[-1]) else path[1] - path[0]
    across = np.array([-way[1], way[0]]) / max(float(np.hypot(*way)), 1e-9)
    along = np.array([across[1], -across[0]])
    return [
        across * 0.65 * (number - (size - 1) / 2) + along * float(random.uniform(-0.12, 0.12)) for number in range(size)
    ]


def _walker(random: Random, path: Floats, waits: Floats, speed: float, at: float) -> Walker:
    own = speed * float(random.uniform(0.97, 1.03))
    legs = np.hypot(*np.diff(path, axis=0).T) / own
    times, corners = [at], [path[0]]
    for corner, leg, wait in zip(path[1:], legs, waits[1:], strict=True):
        times.append(times[-1] + float(leg))
        corners.append(corner)
        if wait > 0:
            times.append(times[-1] + float(wait))
            corners.append(corner)
    tall = float(np.clip(random.normal(1.68, 0.1), 1.35, 1.95))
    return Walker(np.array(times), np.array(corners), tall, (0.025, float(random.uniform(0, 2 * np.pi))))


def true_crossings(walker: Walker) -> list[TrueCrossing] | None:
    """What a person crosses, from the path itself; None when a crossing is open to dispute.

    A crossing passes the line between its ends, and goes clear of it on both sides.
    """
    at = np.arange(walker.times[0], walker.times[-1], 0.04)
    places = walker.places(at)
    found: list[TrueCrossing] = []
    for name, ends in LINES.items():
        crossed = _crossed(name, np.array(ends), at, places)
        if crossed is None:
            return None
        found += crossed
    return found


def _crossed(name: str, ends: Floats, at: Floats, places: Floats) -> list[TrueCrossing] | None:
    way = ends[1] - ends[0]
    length = float(np.hypot(*way))
    off = places - ends[0]
    side = (off[:, 0] * way[1] - off[:, 1] * way[0]) / length  # z goes away from the camera: the right is positive
    along = off @ way / length
    turns = np.flatnonzero(np.diff(side > 0)) + 1
    far = np.abs(side) >= STANDING
    found: list[TrueCrossing] = []
    before = 0.0
    left = 0
    for first, last in zip([0, *turns], [*turns, len(side)], strict=True):
        deepest = first + int(np.argmax(np.abs(side[first:last])))
        deep = float(side[deepest])
        if abs(deep) < NOTHING and first > 0 and last < len(side):
            continue
        if abs(deep) < CLEAR:
            return None
        standing = first + np.flatnonzero(far[first:last])
        if before * deep < 0:
            inside = min(along[first], length - along[first])
            if abs(inside) < END:
                return None
            if inside > 0:
                direction: Literal["into", "out"] = "into" if deep > 0 else "out"
                found.append(TrueCrossing(name, direction, float(at[left]), float(at[standing[0]])))
        before, left = deep, int(standing[-1])
    return found
