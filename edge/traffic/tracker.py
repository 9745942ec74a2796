"""Who is who from frame to frame: a tracker of people as a pure state machine on boxes and seconds.

Detections are matched in two rounds, sure ones first, then unsure ones with the tracks that are left, so that
somebody half hidden keeps the track (ByteTrack: Zhang et al. 2022). The cost of a match is how unlikely it is under
the motion so far. All rules are in seconds and heights of a person: they hold at any frame rate and any distance.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.traffic.assignment import assign
from edge.traffic.columns import joined, only, put
from edge.traffic.motion import FEET, HEIGHT, NOBODY, Motion, MotionNoise, X, correct, first_seen, measured, predict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Indices = NDArray[np.intp]

IN_FRAME = 0.5
"""Share of a box that is in the frame, below which who is lost has left."""

SPARE = 2.0
"""Beyond the gate, for size and vagueness: pairs of a higher cost are better left single."""

VAGUE = 0.5
"""Weight of a track's vagueness. The likelihood has 1, but then who was hidden for a moment loses every box in reach to
a neighbour: two who meet on a line would turn round. With 0, lost tracks catch whatever comes by."""

BY_HEAD = 3.0
"""What it costs to be known by the upper edge alone: as much as feet off by root three standard deviations."""

MOST_FOR_SIZE = 12.0
"""A wrong size speaks against a match, but half hidden people are small for a while."""

MOST_GROWTH = 2.5
"""Of a box against the height so far, either way."""

SECOND = 0.45
"""Overlap (intersection over union) from which an unsure box is a second one of a sure one's person."""

LEAP = 3.0
"""Standard deviations from which an edge of a box has leapt."""

DOUBT_OF_SHRINKING = 200.0
"""How little a smaller height is believed at first; if it stays, it is believed after some seconds."""

DOUBT_OF_GROWTH = 30.0
"""The same of a greater height: what hid somebody is gone sooner than somebody shrinks."""


class OutOfOrderError(ValueError):
    """A frame that is not later than the one before it."""


@dataclass(frozen=True, slots=True)
class TrackerRules:
    """When a detection continues a track, and when a track begins, is believed and ends."""

    sure: float = 0.4  # score from which a detection begins a track and is matched first
    least: float = 0.1  # score from which it may continue one
    confirm_hits: int = 3  # detections before a track is believed
    confirm_seconds: float = 0.2  # from the first of them to the last
    doubtful_seconds: float = 0.5  # without a detection before a track that is not yet believed ends
    lost_seconds: float = 2.5  # without a detection before a believed track ends
    gate: float = 14.0  # squared deviations beyond which a match is impossible
    frame: tuple[float, float] | None = None  # width and height: who is lost beyond its edges has left
    most: int = 200  # tracks, and detections of one frame; the surest stay
    noise: MotionNoise = field(default_factory=MotionNoise)

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.sure <= 1:
            raise ValueError(f"scores of 0 <= least <= sure <= 1 are wanted, not {self.least} and {self.sure}")
        if self.confirm_hits < 1 or self.most < 1:
            raise ValueError("confirm_hits and most are at least 1")
        if not (self.confirm_seconds >= 0 and self.doubtful_seconds > 0 and self.lost_seconds > 0):
            raise ValueError("confirm_seconds are at least 0, doubtful_seconds and lost_seconds more than 0")


@dataclass(frozen=True, slots=True)
class Tracks:
    """The people followed, n of them, in the order of their ids."""

    ids: Ints  # (n,) unlike any other's since the tracker began; they grow
    boxes: Floats  # (n, 4) x1, y1, x2, y2 in pixels, smoothed; predicted where not seen
    scores: Floats  # (n,) of the last detection
    confirmed: Flags  # (n,) believed to be a person
    seen: Flags  # (n,) detected in this frame
    since: Floats  # (n,) when first detected, seconds
    last_seen: Floats  # (n,) when last detected, seconds


@dataclass(frozen=True, slots=True)
class People:
    """What is remembered of each of n people, in the order of their ids."""

    motion: Motion
    ids: Ints
    hits: Ints  # detections so far
    confirmed: Flags
    scores: Floats
    since: Floats
    last_seen: Floats

    def __len__(self) -> int:
        return len(self.ids)


_NO_TIMES = np.zeros(0)
_NO_ONE = People(
    NOBODY, _NO_TIMES.astype(np.int64), _NO_TIMES.astype(np.int64), _NO_TIMES > 0, _NO_TIMES, _NO_TIMES, _NO_TIMES
)


@dataclass(frozen=True, slots=True)
class Tracker:
    """What is remembered from frame to frame."""

    at: float | None = None  # seconds, of the latest frame
    next_id: int = 1
    people: People = _NO_ONE


def follow(state: Tracker, *, boxes: Floats, scores: Floats, at: float, rules: TrackerRules) -> tuple[Tracker, Tracks]:
    """Take the detections of one frame into account.

    Args:
        state: before the frame.
        boxes: (n, 4) x1, y1, x2, y2 of people in pixels of the frame.
        scores: (n,) of the detector, 0..1.
        at: when the frame was taken, in seconds of a clock that never goes back; later than the frame before.
        rules: of the tracker.

    Returns:
        The state after it, and everybody who is followed.

    Raises:
        OutOfOrderError: `at` is not later than the frame before.
        ValueError: boxes and scores do not fit each other, or are not finite.
    """
    if state.at is not None and not at > state.at:
        raise OutOfOrderError(f"the frame at {at} s is not later than the one at {state.at} s")
    boxes, scores = _usable(boxes, scores, rules)
    values = measured(boxes)
    people = _kept(state.people, at, rules)
    if state.at is not None:
        unseen = people.last_seen < state.at
        people = replace(people, motion=predict(people.motion, at - state.at, unseen, rules.noise))
        people = _in_frame(people, at, rules)

    track_of = np.full(len(boxes), -1, dtype=np.intp)
    taken = np.zeros(len(people), dtype=np.bool_)
    sure = scores >= rules.sure
    unsure = ~sure & ~_second(boxes, sure)
    recent = at - people.last_seen <= rules.doubtful_seconds
    for those, detected in (
        (people.confirmed, sure),
        (people.confirmed & recent, unsure),
        (~people.confirmed, sure),
    ):
        rows = np.flatnonzero(those & ~taken)
        columns = np.flatnonzero(detected & (track_of < 0))
        if rows.size and columns.size:
            costs = _costs(only(people.motion, rows), recent[rows], values[columns], rules)
            row, column = assign(costs, rules.gate + SPARE)
            track_of[columns[column]], taken[rows[row]] = rows[row], True

    found = np.flatnonzero(track_of >= 0)
    people = _seen(people, track_of[found], values[found], scores[found], at=at, rules=rules)
    new = np.flatnonzero((track_of < 0) & sure)[: max(0, rules.most - len(people))]
    people = joined(people, _newcomers(values[new], scores[new], first_id=state.next_id, at=at, rules=rules))
    after = Tracker(at, state.next_id + len(new), people)
    return after, Tracks(
        ids=people.ids,
        boxes=people.motion.boxes,
        scores=people.scores,
        confirmed=people.confirmed,
        seen=people.last_seen == at,
        since=people.since,
        last_seen=people.last_seen,
    )


def _second(boxes: Floats, sure: Flags) -> Flags:
    """(n,) which boxes lie so much on a sure one that they are a second box of the same person.

    Who was lost a moment ago would walk on in somebody else's second boxes, and be counted with them.
    """
    low = np.maximum(boxes[:, None, :2], boxes[None, sure, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, sure, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    second: Flags = (shared > SECOND * (area[:, None] + area[None, sure] - shared)).any(axis=1)
    return second


def _usable(boxes: Floats, scores: Floats, rules: TrackerRules) -> tuple[Floats, Floats]:
    boxes, scores = np.asarray(boxes, dtype=np.float64).reshape(-1, 4), np.asarray(scores, dtype=np.float64)
    if scores.shape != (len(boxes),):
        raise ValueError(f"{len(boxes)} boxes have scores of shape {scores.shape}")
    if not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        raise ValueError("a box or a score is not finite")
    good = (scores >= rules.least) & (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    boxes, scores = boxes[good], scores[good]
    if len(boxes) > rules.most:
        surest = np.sort(np.argsort(-scores, kind="stable")[: rules.most])
        boxes, scores = boxes[surest], scores[surest]
    return boxes, scores


def _kept(people: People, at: float, rules: TrackerRules) -> People:
    allowed = np.where(people.confirmed, rules.lost_seconds, rules.doubtful_seconds)
    return only(people, at - people.last_seen <= allowed)


def _in_frame(people: People, at: float, rules: TrackerRules) -> People:
    """Without those who were not seen for a moment and are by now more out of the frame than in it."""
    if rules.frame is None:
        return people
    boxes = people.motion.boxes
    inside = np.minimum(boxes[:, 2:], rules.frame) - np.maximum(boxes[:, :2], 0)
    share = (np.maximum(inside, 0) / (boxes[:, 2:] - boxes[:, :2])).prod(axis=1)
    return only(people, (share >= IN_FRAME) | (at - people.last_seen < rules.doubtful_seconds))


def _costs(motion: Motion, recent: Flags, values: Floats, rules: TrackerRules) -> Floats:
    """(tracks, detections) how unlikely each pair is: squared deviations, and how vague the track is."""
    height = motion.mean[:, HEIGHT, None]
    usual = (height * np.array(rules.noise.boxes)) ** 2
    total = motion.spread[..., 0] + usual
    off = values[None] - motion.mean[:, None]
    top_off = off[..., FEET] - off[..., HEIGHT]
    # Legs behind a shelf, or a raised arm: the edge that fits tells where the person is.
    off_y = np.abs(off[..., FEET])
    off_y = off_y**2 / total[:, FEET, None]
    by_head = top_off**2 / total[:, FEET, None] + BY_HEAD
    off_y = np.where(recent[:, None], np.minimum(off_y, by_head), off_y)
    away = off[..., X] ** 2 / total[:, X, None] + off_y
    size = np.minimum(off[..., HEIGHT] ** 2 / total[:, HEIGHT, None], MOST_FOR_SIZE)
    vague = np.log(total[:, [X, FEET]] / usual[:, [X, FEET]]).sum(axis=1, keepdims=True)
    ratio = values[None, :, HEIGHT] / height
    able = (away < rules.gate) & (ratio > 1 / MOST_GROWTH) & (ratio < MOST_GROWTH)
    return np.where(able, away + size + VAGUE * vague, np.inf)


def _seen(people: People, rows: Indices, values: Floats, scores: Floats, *, at: float, rules: TrackerRules) -> People:
    before = only(people, rows)
    values, doubt = _mended(before.motion, values, rules)
    hits = before.hits + 1
    enough = (hits >= rules.confirm_hits) & (at - before.since >= rules.confirm_seconds)
    after = replace(
        before,
        motion=correct(before.motion, values, doubt, rules.noise),
        hits=hits,
        confirmed=before.confirmed | enough,
        scores=scores,
        last_seen=np.full(len(rows), at),
    )
    return put(people, rows, after)


def _mended(motion: Motion, values: Floats, rules: TrackerRules) -> tuple[Floats, Floats]:
    """Values whose feet stand where the person's are, also when the box was cut or grew at once, and their doubt.

    Where one edge of the box leaps and the other does not, the person has not moved: something hides the legs or the
    head, or another person is in the box. The feet then follow the edge that stayed.
    """
    mean = motion.mean
    sigma = np.sqrt(motion.spread[:, FEET, 0] + (mean[:, HEIGHT] * rules.noise.boxes[FEET]) ** 2)
    feet_off = np.abs(values[:, FEET] - mean[:, FEET])
    top_off = np.abs((values[:, FEET] - values[:, HEIGHT]) - (mean[:, FEET] - mean[:, HEIGHT]))
    leapt = np.maximum(feet_off, top_off) > LEAP * sigma
    feet_leapt = leapt & (feet_off > 2 * top_off)
    top_leapt = leapt & (top_off > 2 * feet_off)
    mended = values.copy()
    mended[feet_leapt, FEET] = (values[:, FEET] - values[:, HEIGHT] + mean[:, HEIGHT])[feet_leapt]
    doubt = np.ones_like(values)
    smaller = values[:, HEIGHT] < mean[:, HEIGHT]
    doubt[feet_leapt | top_leapt, HEIGHT] = np.where(smaller, DOUBT_OF_SHRINKING, DOUBT_OF_GROWTH)[
        feet_leapt | top_leapt
    ]
    return mended, doubt


def _newcomers(values: Floats, scores: Floats, *, first_id: int, at: float, rules: TrackerRules) -> People:
    count = len(values)
    hits = np.ones(count, dtype=np.int64)
    times = np.full(count, at)
    return People(
        motion=first_seen(values, rules.noise),
        ids=first_id + np.arange(count, dtype=np.int64),
        hits=hits,
        confirmed=(hits >= rules.confirm_hits) & (rules.confirm_seconds <= 0),
        scores=scores,
        since=times,
        last_seen=times,
    )
