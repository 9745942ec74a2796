"""People for the counters, without a tracker: who is where in each frame, in heights and seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.traffic.lines import CountingLine, Crossing, LineCounter, LineRules, count_lines
from edge.traffic.sightings import Sightings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


HEIGHT = 100.0
"""Pixels of everybody here, so that 10 pixels are a tenth of a height."""

LINE = CountingLine("gate", (100.0, 200.0), (300.0, 200.0), dead_band=0.1, min_path=0.35)
"""Level, from left to right: into is down."""

Who = tuple[int, float, float]
"""Id, x and y in pixels."""


def frame(at: float, people: Sequence[Who], *, doubtful: Iterable[int] = (), covered: float | None = None) -> Sightings:
    doubt = set(doubtful)
    return Sightings(
        at=at,
        covered=at if covered is None else covered,
        ids=np.array([who[0] for who in people], dtype=np.int64),
        points=np.array([who[1:] for who in people], dtype=np.float64).reshape(-1, 2),
        heights=np.full(len(people), HEIGHT),
        confirmed=np.array([who[0] not in doubt for who in people], dtype=np.bool_),
    )


def walk(*corners: tuple[float, float, float], rate: float = 10.0) -> list[tuple[float, float, float]]:
    """Time, x and y of somebody who goes straight from corner (time, x, y) to corner, at so many frames a second."""
    times, x, y = np.array(corners).T
    at = np.arange(round(times[0] * rate), round(times[-1] * rate) + 1) / rate
    return [(float(t), float(np.interp(t, times, x)), float(np.interp(t, times, y))) for t in at]


def crossings(
    frames: Iterable[Sightings], lines: Sequence[CountingLine] = (LINE,), rules: LineRules | None = None
) -> list[Crossing]:
    """Everything counted in the frames."""
    state, told = LineCounter(), []
    for one in frames:
        state, new = count_lines(state, one, lines, rules or LineRules())
        told += new
    return told


def one_person(path: Iterable[tuple[float, float, float]], track: int = 1) -> list[Sightings]:
    return [frame(at, [(track, x, y)]) for at, x, y in path]


def directions(frames: Iterable[Sightings]) -> list[str]:
    return [crossing.direction for crossing in crossings(frames)]
