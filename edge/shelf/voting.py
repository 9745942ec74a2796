"""Facings voted over the last captures, so that one bad frame changes no number.

A camera stands still, so that facings of two captures whose boxes overlap are one place. What most captures show there
counts: a facing missed once stays, one seen once is not believed yet, and a real change shows with the second capture
of three. How stock-outs are dated all the same to the first capture is told in `edge.shelf.evidence`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.facing import Facing
from edge.shelf.rows import find_shelves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Status

    Floats = npt.NDArray[np.float64]

SAME_PLACE = 0.5
"""Boxes of two captures that overlap this much (intersection over union) are one place: the camera stands still, and
units beside one another overlap by less than 0.3."""


@dataclass(frozen=True, slots=True)
class Voted:
    """What counts after the vote."""

    facings: tuple[Facing, ...]  # by shelf and position; boxes of the latest capture where it shows the place
    source: tuple[int | None, ...]  # of each, its index in the latest capture; None: no facing there, and kept

    def changed(self, latest: Sequence[Facing]) -> bool:
        """Whether the vote says anything else than the latest capture does."""
        return self.facings != tuple(latest)


@dataclass(slots=True)
class _Place:
    """The facings of one place, the latest capture's first."""

    facings: list[Facing]
    index: int | None  # in the latest capture
    captures: set[int] = field(default_factory=set)  # 0 is the latest


def hold_on(latest: Sequence[Facing], before: Sequence[Facing], faint: Floats, scores: Floats) -> Voted:
    """The latest facings, and those of the capture before that are still there faintly.

    A detection below the threshold is no facing by itself. At a place that was filled before it says that the place is
    filled still, though not with what: hysteresis on two thresholds, as Canny (1986) follows edges. Measured: of units
    that the detector missed 88 % were there faintly, of empty places none was (docs/models/stockouts.md).

    Args:
        latest: facings of the latest capture.
        before: facings of the capture before it, those held on there among them; boxes in the same pixels.
        faint: (n, 4) detections of the latest capture too faint for a facing.
        scores: (n,) of these.
    """
    taken = match_places(before, latest)
    left = [facing for number, facing in enumerate(before) if number not in taken]
    seen = [
        Facing((x1, y1, x2, y2), float(score), 1, 1, None, None, "unsure")
        for (x1, y1, x2, y2), score in zip(faint.tolist(), scores, strict=True)
    ]
    held: list[tuple[int | None, Facing]] = []
    for place, index in match_places(left, seen).items():
        status: Status = "unknown" if left[place].status == "unknown" else "unsure"
        held.append((None, replace(seen[index], sku=_name(left[place]), status=status)))
    if not held:
        return Voted(tuple(latest), tuple(range(len(latest))))
    every = _numbered([*enumerate(latest), *held])
    every.sort(key=lambda one: (one[1].shelf, one[1].position))
    return Voted(tuple(facing for _, facing in every), tuple(index for index, _ in every))


def vote_facings(captures: Sequence[Sequence[Facing]]) -> Voted:
    """What most of the last captures show.

    A place is filled when more than half of the captures show a facing there; with just half, the latest decides. It
    is named by more than half of those facings, or else by the greatest sum of their scores. Where one of those that
    agree was recognised, the others' doubt is lifted: the same guess at the same place is the same product.

    Args:
        captures: facings of the last captures of one camera, oldest first, boxes in the same pixels; an odd number of
            them, at least 3, lets one bad frame change nothing.

    Returns:
        The facings that count, with the latest capture's shelves and positions where it shows the same places, else
        with shelves and positions found anew.
    """
    if not captures:
        return Voted((), ())
    voted: list[tuple[int | None, Facing]] = []
    for place in _places(captures):
        count = len(place.captures)
        if 2 * count > len(captures) or (2 * count == len(captures) and place.index is not None):
            voted.append((place.index, _named(place)))
    latest = captures[-1]
    if {index for index, _ in voted} != set(range(len(latest))):
        voted = _numbered(voted)
    voted.sort(key=lambda one: (one[1].shelf, one[1].position))
    return Voted(tuple(facing for _, facing in voted), tuple(index for index, _ in voted))


def _named(place: _Place) -> Facing:
    """The place's facing with the name that its captures vote for."""
    count: dict[str | None, int] = defaultdict(int)
    weight: dict[str | None, float] = defaultdict(float)
    for facing in place.facings:
        name = _name(facing)
        score = facing.sku_score or 0.0  # of an unknown product it is the chance of the best SKU all the same
        count[name] += 1
        weight[name] += score if name is not None else 1.0 - score
    # Of equals the latest capture's name is first, since a dict keeps the order of arrival.
    winner = max(count, key=lambda name: (2 * count[name] > len(place.facings), weight[name]))
    agreeing = [facing for facing in place.facings if _name(facing) == winner]
    # The first that is sure, if any: it speaks for the others.
    speaker = next((facing for facing in agreeing if facing.status == "recognised"), agreeing[0])
    return replace(place.facings[0], sku=speaker.sku, sku_score=speaker.sku_score, status=speaker.status)


def _name(facing: Facing) -> str | None:
    return None if facing.status == "unknown" else facing.sku


def _numbered(voted: list[tuple[int | None, Facing]]) -> list[tuple[int | None, Facing]]:
    """The front-row units among these, with shelves and positions found anew."""
    if not voted:
        return []
    shelves = find_shelves(np.array([f.box for _, f in voted]), np.array([f.score for _, f in voted]))
    return [
        (index, replace(facing, shelf=int(shelf), position=int(position)))
        for (index, facing), shelf, position, front in zip(
            voted, shelves.shelf, shelves.position, shelves.front, strict=True
        )
        if front
    ]


def _places(captures: Sequence[Sequence[Facing]]) -> list[_Place]:
    places = [_Place([facing], index, {0}) for index, facing in enumerate(captures[-1])]
    for age, facings in enumerate(reversed(captures[:-1]), start=1):
        taken = match_places(facings, [place.facings[0] for place in places])
        for number, facing in enumerate(facings):
            if number in taken:
                places[taken[number]].facings.append(facing)
                places[taken[number]].captures.add(age)
            else:
                places.append(_Place([facing], None, {age}))
    return places


def match_places(first: Sequence[Facing], second: Sequence[Facing]) -> dict[int, int]:
    """For each facing of the first capture that stands at a place of the second, its index there.

    The most overlapping pair goes first, and each facing is in one pair.
    """
    if not first or not second:
        return {}
    overlap = _overlaps(np.array([f.box for f in first]), np.array([f.box for f in second]))
    candidates = np.argwhere(overlap >= SAME_PLACE)
    matched: dict[int, int] = {}
    used: set[int] = set()
    for one, other in candidates[np.argsort(-overlap[tuple(candidates.T)], kind="stable")].tolist():
        if one not in matched and other not in used:
            matched[one] = other
            used.add(other)
    return matched


def _overlaps(a: Floats, b: Floats) -> Floats:
    """(n, m) intersection over union."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a, area_b = np.prod(a[:, 2:] - a[:, :2], axis=1), np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(shared / (area_a[:, None] + area_b[None, :] - shared))
