"""A planogram against what was seen: which planned place holds which facing.

Shelves are matched in order, and on each shelf the planned places with what stands there from left to right. Beside
facings, empty places and stretches hidden from the camera take part, so that each planned place ends as filled, filled
by a facing that could be it, hidden, or empty.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from edge.shelf.hidden import hidden_places, line_of_unseen, shelf_lines
from edge.shelf.sequence import align_sequences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.shelf.facing import Box, Facing, Gap, Slot

NEVER = 2.0**20
"""More than any alignment costs, and exact beside it."""

Outcome = Literal["filled", "unsure", "hidden", "empty"]
"""What a planned place holds: its SKU; a facing that could be it; what cannot be told; something else or nothing."""


@dataclass(frozen=True, slots=True)
class AlignmentCosts:
    """What a difference between plan and shelf costs.

    Two skips cost a little more than a wrong SKU, which keeps a foreign product at the place it took; an order that
    fits costs nothing, so a swap is two skips and not two wrong SKUs. The values are exact in binary: ties stay ties.
    """

    skip: float = 1.0  # a planned place without a facing, a facing without a place
    wrong: float = 1.75  # a facing of another SKU
    unsure: float = 0.875  # a facing that could be any: half of wrong
    unsure_guess: float = 0.75  # the same, when its best guess is the planned SKU
    empty: float = 0.75  # a gap in the shelf: surer than a skip
    hidden: float = 0.5  # a stretch that the camera could not see


@dataclass(frozen=True, slots=True)
class Place:
    """One planned facing of a slot, and what was seen there."""

    slot: Slot
    outcome: Outcome
    facing: Facing | None = None  # what fills it, or could; the wrong product when empty of its own
    gap: Gap | None = None  # the empty place seen there


@dataclass(frozen=True, slots=True)
class Alignment:
    """A plan and what was seen, matched. Shelves are numbered as in the plan where that can be told."""

    places: tuple[Place, ...]  # every planned facing, by shelf, position and number
    strays: tuple[Facing, ...]  # facings that fill no place of their own SKU, unsure ones that could be it left out
    facings: tuple[Facing, ...]  # all, with the shelf numbers of the plan
    gaps: tuple[Gap, ...]  # all, with the shelf numbers of the plan and the SKU expected there
    shelf_of: Mapping[int, int] = field(default_factory=dict)  # seen -> planned


@dataclass(frozen=True, slots=True)
class _Sight:
    """What is at one place along a shelf: a facing, a gap, or, with neither, a hidden place."""

    x: float
    facing: Facing | None = None
    gap: Gap | None = None


def align_planogram(
    slots: Sequence[Slot],
    facings: Sequence[Facing],
    gaps: Sequence[Gap] = (),
    *,
    hidden: Sequence[Box] = (),
    costs: AlignmentCosts | None = None,
) -> Alignment:
    """Match a planogram with what was seen.

    With as many shelves seen as planned they are matched one to one from the bottom. With fewer, as when a shelf is
    empty, or more, the surplus is left out where that costs least. O(planned facings * facings seen).

    Args:
        slots: the plan, in any order.
        facings: front-row units with shelf and position.
        gaps: empty places, their shelves numbered as those of the facings.
        hidden: boxes that the camera could not see into (an arm, a person, a sticker on the glass).
        costs: of differences; the defaults are meant for all fixtures.
    """
    costs = costs or AlignmentCosts()
    planned = _planned_shelves(slots)
    seen = _seen_shelves(facings, gaps, hidden)
    shelf_of = _match_shelves(planned, seen, costs)
    if len(seen) <= len(planned):
        facings = [replace(facing, shelf=shelf_of[facing.shelf]) for facing in facings]
        gaps = [replace(gap, shelf=shelf_of[gap.shelf]) for gap in gaps]
        seen = _seen_shelves(facings, gaps, hidden)
        shelf_of = {shelf: shelf for shelf in seen}
    number_of = {plan: shelf for shelf, plan in shelf_of.items()}
    lines = {shelf_of[s]: line for s, line in shelf_lines(facings).items() if s in shelf_of}
    places: list[Place] = []
    expected: dict[int, str] = {}
    for shelf, slots_here in planned.items():
        if shelf in number_of:
            sights = seen[number_of[shelf]]
        else:
            line = line_of_unseen(lines, shelf)
            sights = [_Sight(x) for x in hidden_places(line, (), hidden)] if line else []
        _, pairs = _align_shelf(slots_here, sights, costs)
        met = {place: sights[sight] for place, sight in pairs}
        places += [_place(slot, met.get(number)) for number, slot in enumerate(slots_here)]
        expected |= {id(sight.gap): slots_here[number].sku for number, sight in met.items() if sight.gap}
    # By identity, as two facings may be equal in every value.
    placed = {id(place.facing) for place in places if place.outcome in {"filled", "unsure"}}
    return Alignment(
        places=tuple(places),
        strays=tuple(facing for facing in facings if id(facing) not in placed),
        facings=tuple(facings),
        gaps=tuple(replace(gap, sku=expected.get(id(gap))) for gap in gaps),
        shelf_of=shelf_of,
    )


def _planned_shelves(slots: Sequence[Slot]) -> dict[int, list[Slot]]:
    """The slot of each planned facing, from the left, for each shelf from the bottom."""
    shelves: dict[int, list[Slot]] = {}
    for slot in sorted(slots, key=lambda slot: (slot.shelf, slot.position)):
        shelves.setdefault(slot.shelf, []).extend([slot] * slot.facings)
    return shelves


def _seen_shelves(facings: Sequence[Facing], gaps: Sequence[Gap], hidden: Sequence[Box]) -> dict[int, list[_Sight]]:
    """What stands on each shelf from the left, for each shelf from the bottom."""
    shelves: dict[int, list[_Sight]] = {}
    for facing in facings:
        shelves.setdefault(facing.shelf, []).append(_Sight(_middle(facing.box), facing=facing))
    if hidden:
        for shelf, line in shelf_lines(facings).items():
            standing = [sight.facing.box for sight in shelves[shelf] if sight.facing]
            shelves[shelf] += [_Sight(x) for x in hidden_places(line, standing, hidden)]
    for gap in gaps:
        shelves.setdefault(gap.shelf, []).append(_Sight(_middle(gap.box), gap=gap))
    return {shelf: sorted(shelves[shelf], key=lambda sight: sight.x) for shelf in sorted(shelves)}


def _match_shelves(
    planned: Mapping[int, list[Slot]], seen: Mapping[int, list[_Sight]], costs: AlignmentCosts
) -> dict[int, int]:
    """The planned shelf of each seen one; seen shelves beyond the plan are left out."""
    if len(planned) == len(seen):
        return dict(zip(seen, planned, strict=True))
    if not planned or not seen:
        return {}
    pair = np.array([[_align_shelf(p, s, costs)[0] for s in seen.values()] for p in planned.values()])
    skip_planned = np.array([costs.skip * len(places) for places in planned.values()])
    skip_seen = np.array([costs.skip * sum(sight.facing is not None for sight in s) for s in seen.values()])
    # Only the surplus side may be left out.
    if len(planned) < len(seen):
        skip_planned += NEVER
    else:
        skip_seen += NEVER
    _, pairs = align_sequences(pair, skip_planned, skip_seen)
    planned_numbers, seen_numbers = list(planned), list(seen)
    return {seen_numbers[j]: planned_numbers[i] for i, j in pairs}


def _align_shelf(
    places: Sequence[Slot], sights: Sequence[_Sight], costs: AlignmentCosts
) -> tuple[float, list[tuple[int, int]]]:
    planned = np.array([slot.sku for slot in places], dtype=np.str_)
    seen = np.array([(sight.facing and sight.facing.sku) or "" for sight in sights], dtype=np.str_)
    prices = np.array([_pair_costs(sight, costs) for sight in sights]).reshape(-1, 2)
    pair = np.where(planned[:, None] == seen[None, :], prices[:, 0], prices[:, 1])
    skip_sight = np.array([costs.skip if sight.facing else 0.0 for sight in sights])
    return align_sequences(pair, np.full(len(places), costs.skip), skip_sight)


def _pair_costs(sight: _Sight, costs: AlignmentCosts) -> tuple[float, float]:
    """Cost of a place whose SKU is that of the facing, and of any other place."""
    if sight.gap:
        return costs.empty, costs.empty
    if sight.facing is None:
        return costs.hidden, costs.hidden
    if sight.facing.status == "unsure":
        return costs.unsure_guess, costs.unsure
    return (0.0 if sight.facing.status == "recognised" else costs.wrong), costs.wrong


def _place(slot: Slot, sight: _Sight | None) -> Place:
    if sight is None:
        return Place(slot, "empty")
    if sight.gap:
        return Place(slot, "empty", gap=replace(sight.gap, sku=slot.sku))
    if sight.facing is None:
        return Place(slot, "hidden")
    if sight.facing.status == "unsure":
        return Place(slot, "unsure", sight.facing)
    fills = sight.facing.status == "recognised" and sight.facing.sku == slot.sku
    return Place(slot, "filled" if fills else "empty", sight.facing)


def _middle(box: Box) -> float:
    return (box[0] + box[2]) / 2
