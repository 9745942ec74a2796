"""How well a crowd is counted: simulated detections in, precision and recall of crossings out."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.traffic.footfall import Footfall, FootfallRules, observe
from edge.traffic.lines import CountingLine
from edge.traffic.tracker import TrackerRules
from models.scenes.crowd.noise import DetectorNoise, detect
from models.scenes.crowd.people import LINES, TrueCrossing, Walker, crowd
from models.scenes.crowd.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from edge.traffic.lines import Crossing

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

TOLERANCE = 1.0
"""Seconds by which a counted crossing may come before or after the true one that it stands for."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated."""

    frames: float = 10.0  # a second, on the mean; each comes somewhat early or late
    groups_per_second: float = 0.2  # a thousand people an hour
    noise: DetectorNoise = field(default_factory=DetectorNoise)
    view: View = field(default_factory=View)


@dataclass(frozen=True, slots=True)
class CrowdFrame:
    """One frame of a crowd as a detector tells it."""

    at: float
    boxes: Floats
    scores: Floats
    who: Ints  # (n,) the number of the person each box is of, -1 for nobody
    people: int  # truly there


@dataclass(slots=True)
class Stage:
    """Who is in the scene."""

    come: int = 0  # people so far
    numbers: list[int] = field(default_factory=list)
    walkers: list[Walker] = field(default_factory=list)
    missing: list[bool] = field(default_factory=list)


def rules_of(view: View) -> FootfallRules:
    """What is counted in a crowd: the lines of its floor, seen by the camera."""
    lines = []
    for name, ends in LINES.items():
        start, end = ((float(x), float(y)) for x, y in view.floor_line(ends))
        lines.append(CountingLine(name, start, end))
    return FootfallRules(lines=tuple(lines), tracker=TrackerRules(frame=(view.width, view.height)))


def play(setting: Setting, seed: int, until: Callable[[int], bool]) -> Iterator[tuple[CrowdFrame, list[TrueCrossing]]]:
    """The frames of a crowd, and the true crossings of those who come in at each; `until` is asked with their number.

    Once it says yes nobody else comes, and the play ends when the last has left.
    """
    random = np.random.default_rng(seed)
    coming = crowd(random, groups_per_second=setting.groups_per_second)
    walker, crossings = next(coming)
    stage, at, true = Stage(), 0.0, 0
    while True:
        step = float(random.uniform(0.7, 1.3)) / setting.frames
        at += step
        new: list[TrueCrossing] = []
        while walker.times[0] <= at and not until(true):
            stage.numbers.append(stage.come)
            stage.come += 1
            stage.walkers.append(walker)
            stage.missing.append(False)
            new += crossings
            true += len(crossings)
            walker, crossings = next(coming)
        left = [row for row, one in enumerate(stage.walkers) if one.times[-1] > at]
        stage.walkers = [stage.walkers[row] for row in left]
        stage.numbers = [stage.numbers[row] for row in left]
        places = np.array([one.places(np.array([at]))[0] for one in stage.walkers]).reshape(-1, 2)
        tall = np.array([one.tall for one in stage.walkers])
        boxes = setting.view.boxes(places, tall)
        missing = np.array([stage.missing[row] for row in left], dtype=np.bool_)
        seen, missing = detect(random, boxes, missing, seconds=step, view=setting.view, noise=setting.noise)
        stage.missing = list(missing)
        who = np.array([*stage.numbers, -1])[seen.who]
        yield CrowdFrame(at, seen.boxes, seen.scores, who, len(places)), new
        if until(true) and not stage.walkers:
            return


def matched(true: Sequence[TrueCrossing], counted: Sequence[Crossing]) -> int:
    """Crossings counted at the right line, in the right direction and at the right time; each stands for one."""
    hits = 0
    for line in LINES:
        for direction in ("into", "out"):
            spans = sorted((one.until, one.since) for one in true if (one.line, one.direction) == (line, direction))
            told = sorted(one.at for one in counted if (one.line, one.direction) == (line, direction))
            # Whose time is up first takes the earliest that fits: it leaves the others the most.
            for until, since in spans:
                place = bisect_left(told, since - TOLERANCE)
                if place < len(told) and told[place] <= until + TOLERANCE:
                    del told[place]
                    hits += 1
    return hits


def score(setting: Setting, *, crossings: int, seed: int) -> dict[str, Any]:
    """Count a crowd with so many true crossings, and compare."""
    rules, state = rules_of(setting.view), Footfall()
    true: list[TrueCrossing] = []
    counted: list[Crossing] = []
    frames, people = 0, 0
    for frame, new in play(setting, seed, lambda number: number >= crossings):
        true += new
        state, told = observe(state, boxes=frame.boxes, scores=frame.scores, at=frame.at, rules=rules)
        counted += told.crossings
        frames, people = frames + 1, people + frame.people
    hits = matched(true, counted)
    return {
        "crossings": len(true),
        "counted": len(counted),
        "matched": hits,
        "precision": round(hits / max(1, len(counted)), 4),
        "recall": round(hits / max(1, len(true)), 4),
        "frames": frames,
        "people_per_frame": round(people / max(1, frames), 2),
        "tracks": state.tracker.next_id - 1,
    }
