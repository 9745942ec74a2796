"""What differs between a plan and a shelf, in the words a merchandiser acts on. Each difference is told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from edge.shelf.alignment import Alignment
    from edge.shelf.facing import Facing, Slot

DeviationKind = Literal["missing", "void", "misplaced", "too_few", "extra", "foreign", "gap"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference between plan and shelf.

    - `missing`: a slot's SKU is nowhere on the fixture; `void`: nor was it ever, since its plan began;
    - `too_few`: a slot lacks facings that stand nowhere else;
    - `misplaced`: facings of a planned SKU on another shelf, or out of its order, that their slots lack;
    - `extra`: facings beyond the plan; `foreign`: facings of other owners that are not planned;
    - `gap`: an empty place.

    Shelf and position are those of the plan for `missing`, `void`, `too_few` and `gap`, else of the first facing seen.
    """

    kind: DeviationKind
    sku: str | None
    shelf: int | None
    position: int | None
    planned: int  # facings of the slot, or of the SKU on the whole fixture for what was seen elsewhere
    seen: int  # facings found in the slot, or those the deviation is about


def find_deviations(
    alignment: Alignment,
    *,
    owner_of: Mapping[str, str] | None = None,
    own: AbstractSet[str] = frozenset(),
    ever_seen: AbstractSet[str] | None = None,
) -> tuple[Deviation, ...]:
    """Tell what differs between plan and shelf.

    Unsure and unknown facings are no deviation of their own, and a place that is hidden or holds a facing that could be
    its SKU lacks nothing that is proven.

    Args:
        alignment: plan and shelf, matched.
        owner_of: owner of each SKU; None when unknown, then nothing is `foreign`.
        own: owners whose products the fixture is for.
        ever_seen: SKUs seen on the fixture since the plan began; None when unknown, then nothing is `void`.
    """
    lacking = Counter(place.slot for place in alignment.places if place.outcome == "empty")
    misplaced, surplus = _explain_strays(alignment, lacking)
    planned = Counter(place.slot.sku for place in alignment.places)
    foreign: list[Facing] = []
    extra: list[Facing] = []
    for facing in surplus:
        owner = (owner_of or {}).get(facing.sku or "")
        is_foreign = owner is not None and owner not in own and facing.sku not in planned
        (foreign if is_foreign else extra).append(facing)
    return (
        *_lacking(alignment, lacking, ever_seen),
        *_grouped("misplaced", misplaced, planned),
        *_grouped("extra", extra, planned),
        *_grouped("foreign", foreign, planned),
        *_gaps(alignment),
    )


def _explain_strays(alignment: Alignment, lacking: Counter[Slot]) -> tuple[list[Facing], list[Facing]]:
    """Part stray facings into those that a slot lacks, which then lacks them no more, and the rest.

    What stands on its own shelf out of order goes first, then the rest from the bottom left.
    """
    strays = [facing for facing in alignment.strays if facing.status == "recognised"]
    misplaced: list[Facing] = []
    rest: list[Facing] = []
    for own_shelf in (True, False):
        left: list[Facing] = []
        for facing in sorted(strays, key=lambda facing: (facing.shelf, facing.position)):
            shelf = alignment.shelf_of.get(facing.shelf)
            slots = [s for s, n in lacking.items() if n and s.sku == facing.sku and (s.shelf == shelf or not own_shelf)]
            if slots:
                lacking[slots[0]] -= 1
                misplaced.append(facing)
            else:
                left.append(facing)
        strays = rest = left
    return misplaced, rest


def _lacking(alignment: Alignment, lacking: Mapping[Slot, int], ever_seen: AbstractSet[str] | None) -> list[Deviation]:
    filled = Counter(place.slot for place in alignment.places if place.outcome == "filled")
    # A hidden place, or a facing in doubt, may be the SKU: it is then not proven to be missing.
    perhaps = {facing.sku for facing in alignment.facings if facing.status != "unknown"}
    perhaps |= {place.slot.sku for place in alignment.places if place.outcome in {"unsure", "hidden"}}
    deviations = []
    for slot, count in sorted(lacking.items(), key=lambda item: (item[0].shelf, item[0].position)):
        if not count:
            continue
        kind: DeviationKind = "too_few"
        if slot.sku not in perhaps:
            kind = "missing" if ever_seen is None or slot.sku in ever_seen else "void"
        deviations.append(Deviation(kind, slot.sku, slot.shelf, slot.position, slot.facings, filled[slot]))
    return deviations


def _grouped(kind: DeviationKind, facings: list[Facing], planned: Mapping[str, int]) -> list[Deviation]:
    """One deviation for each SKU on each shelf."""
    groups: dict[tuple[int, str], list[Facing]] = {}
    for facing in sorted(facings, key=lambda facing: (facing.shelf, facing.position)):
        groups.setdefault((facing.shelf, facing.sku or ""), []).append(facing)
    return [
        Deviation(kind, sku, shelf, group[0].position, planned.get(sku, 0), len(group))
        for (shelf, sku), group in groups.items()
    ]


def _gaps(alignment: Alignment) -> list[Deviation]:
    return [
        Deviation("gap", place.slot.sku, place.slot.shelf, place.slot.position, place.slot.facings, 0)
        for place in alignment.places
        if place.gap
    ] + [Deviation("gap", None, gap.shelf, None, 0, 0) for gap in alignment.gaps if gap.sku is None]
