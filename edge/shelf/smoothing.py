"""Facings voted over the last captures, so that one bad frame changes no number."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.rows import find_shelves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Facing

    Floats = npt.NDArray[np.float64]

SAME_PLACE = 0.5
"""Boxes of two captures that overlap this much (intersection over union) are one place: the camera stands still, and
units beside one another overlap by less than 0.3."""


@dataclass(slots=True)
class _Place:
    """The facings of one place, the latest capture's first."""

    facings: list[Facing]
    captures: set[int] = field(default_factory=set)  # 0 is the latest


def vote_facings(captures: Sequence[Sequence[Facing]]) -> tuple[Facing, ...]:
    """What most of the last captures show.

    A place is filled when more than half of the captures show a facing there; with just half, the latest decides. It
    holds what most of those facings are, the latest of equals, with the box and score of the latest that says so.

    Args:
        captures: facings of the last captures of one camera, oldest first; an odd number of them, at least 3, lets one
            bad frame change nothing.

    Returns:
        Facings with shelves and positions found anew, by shelf and position.
    """
    voted: list[Facing] = []
    for place in _places(captures):
        if 2 * len(place.captures) > len(captures) or (
            2 * len(place.captures) == len(captures) and 0 in place.captures
        ):
            votes = Counter((facing.status, facing.sku) for facing in place.facings)
            # Counter keeps the order of arrival, so that of equals the latest capture's is first.
            (winner, _), *_ = votes.most_common(1)
            voted.append(next(f for f in place.facings if (f.status, f.sku) == winner))
    if not voted:
        return ()
    shelves = find_shelves(np.array([f.box for f in voted]), np.array([f.score for f in voted]))
    numbered = [
        replace(facing, shelf=int(shelf), position=int(position))
        for facing, shelf, position, front in zip(voted, shelves.shelf, shelves.position, shelves.front, strict=True)
        if front
    ]
    return tuple(sorted(numbered, key=lambda facing: (facing.shelf, facing.position)))


def _places(captures: Sequence[Sequence[Facing]]) -> list[_Place]:
    places: list[_Place] = []
    for age, facings in enumerate(reversed(captures)):
        taken = _match(places, facings)
        for number, facing in enumerate(facings):
            if number in taken:
                places[taken[number]].facings.append(facing)
                places[taken[number]].captures.add(age)
            else:
                places.append(_Place([facing], {age}))
    return places


def _match(places: Sequence[_Place], facings: Sequence[Facing]) -> dict[int, int]:
    """The place of each facing that has one, the most overlapping first, each place once."""
    if not places or not facings:
        return {}
    overlap = _overlaps(np.array([f.box for f in facings]), np.array([place.facings[0].box for place in places]))
    candidates = np.argwhere(overlap >= SAME_PLACE)
    matched: dict[int, int] = {}
    used: set[int] = set()
    for facing, place in candidates[np.argsort(-overlap[tuple(candidates.T)], kind="stable")].tolist():
        if facing not in matched and place not in used:
            matched[facing] = place
            used.add(place)
    return matched


def _overlaps(a: Floats, b: Floats) -> Floats:
    """(n, m) intersection over union."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a, area_b = np.prod(a[:, 2:] - a[:, :2], axis=1), np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(shared / (area_a[:, None] + area_b[None, :] - shared))
