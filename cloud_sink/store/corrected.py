"""An observation as people corrected it. Pure: the event and its corrections in, what counts out.

An event holds no plan, only how many facings of each SKU were planned and what deviated. So of the compliance `present`
and `facings` follow from the counts; `shelf` and `order` follow where a deviation tells the place that was planned.
Must-stock compliance stays as the device told it: the event does not hold the list.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edge.contract.payloads import Compliance, FacingRecord, Kpis, Ratio, ShelfObserved, Widths

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

Standing = Literal["own", "foreign", "unknown", "unsure"]
"""What a facing counts as."""

LEVELS = ("present", "shelf", "order", "facings")
_LACKS = frozenset({"missing", "void", "too_few"})


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody says of one facing of one event.

    What the facing was and is are written down when it is made: a catalogue that changes later changes no sums.
    """

    tenant: str
    store: str
    device: str
    epoch: str
    seq: int
    fixture: str
    facing: int  # its place among the facings that count, from 0; added ones are numbered on
    was: Standing | None  # as the device told it; None for an added one
    standing: Standing | Literal["removed"]
    sku: str | None
    record: FacingRecord | None  # of an added facing
    at: datetime
    who: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """A facing before and after; None where there is none."""

    old: FacingRecord | None
    was: Standing | None
    new: FacingRecord | None
    now: Standing | None


def count_facings(seen: ShelfObserved, corrections: Iterable[Correction]) -> int:
    """How many facings can be named: those that count, and those that people added."""
    return max([len(seen.counted_facings), *(one.facing + 1 for one in corrections)])


def corrected(seen: ShelfObserved, corrections: Collection[Correction]) -> ShelfObserved:
    """The observation with what people say of it, as if the device had seen it so.

    Args:
        seen: what the device said.
        corrections: of this event, in the order in which they were made; of several for a facing the last holds.

    Returns:
        The same observation where nothing is corrected; else one without a vote, whose facings are those that count.
    """
    if not corrections:
        return seen
    told = seen.counted_facings
    added = {one.facing: one.record for one in corrections if one.record is not None}
    changes = {}
    for facing, said in {one.facing: one for one in corrections}.items():
        old = told[facing] if facing < len(told) else None
        changes[facing] = _change(old, said, old or added.get(facing))
    facings = [changes[place].new if place in changes else facing for place, facing in enumerate(told)]
    facings += [changes[place].new for place in sorted(changes) if place >= len(told)]
    stand = [facing for facing in facings if facing is not None]
    arrived = [one.new for one in changes.values() if one.old is None and one.new is not None]
    gaps = [gap for gap in seen.counted_gaps if not any(_covers(facing, gap.box) for facing in arrived)]
    kpis = _kpis(seen, list(changes.values()), stand, len(gaps))
    return seen.model_copy(update={"facings": stand, "gaps": gaps, "kpis": kpis, "vote": None})


def standing_before(seen: ShelfObserved, facing: int, corrections: Iterable[Correction], *, is_own: bool) -> Standing:
    """What a facing counted as when the device told it.

    Only the device knew whose a recognised facing is: where its counts leave one answer, that one holds, else `is_own`,
    the sink's own knowledge.
    """
    record = seen.counted_facings[facing]
    if record.status != "recognised":
        return record.status
    kpis = seen.counted_kpis
    others = Counter(one.was for one in {one.facing: one for one in corrections}.values() if one.facing != facing)
    if others["own"] >= kpis.own:
        return "foreign"
    if others["foreign"] >= kpis.foreign:
        return "own"
    return "own" if is_own else "foreign"


def _change(old: FacingRecord | None, said: Correction, record: FacingRecord | None) -> _Change:
    if said.standing == "removed" or record is None:
        return _Change(old, said.was, None, None)
    status = said.standing if said.standing in {"unknown", "unsure"} else "recognised"
    new = record.model_copy(update={"sku": said.sku, "status": status, "sku_score": None})
    return _Change(old, said.was, new, said.standing)


def _covers(facing: FacingRecord, gap: list[float]) -> bool:
    """Whether a facing stands where a gap was seen: its centre lies in it."""
    x1, y1, x2, y2 = facing.box
    return gap[0] <= (x1 + x2) / 2 <= gap[2] and gap[1] <= (y1 + y2) / 2 <= gap[3]


def _kpis(seen: ShelfObserved, changes: list[_Change], facings: list[FacingRecord], gaps: int) -> Kpis:
    kpis = seen.counted_kpis
    counts = {"own": kpis.own, "foreign": kpis.foreign, "unknown": kpis.unknown, "unsure": kpis.unsure}
    widths: dict[str, float] = (kpis.widths or Widths()).model_dump()
    for change in changes:
        for sign, facing, standing in ((-1, change.old, change.was), (1, change.new, change.now)):
            if facing is not None and standing is not None:
                counts[standing] += sign
                widths[standing] += sign * (facing.box[2] - facing.box[0])
    before, after = _names(seen.counted_facings), _names(facings)
    mine = {one.old.sku for one in changes if one.old and one.was == "own"}
    mine |= {one.new.sku for one in changes if one.new and one.now == "own"}
    compliance = kpis.compliance and _compliance(kpis.compliance, seen, changes, before, after)
    return kpis.model_copy(
        update={
            "facings": len(facings),
            **counts,
            "gaps": gaps,
            "assortment": max(0, kpis.assortment + len(mine & after.keys()) - len(mine & before.keys())),
            "widths": kpis.widths and Widths(**{name: max(0.0, width) for name, width in widths.items()}),
            "compliance": compliance,
        }
    )


def _names(facings: Iterable[FacingRecord]) -> Counter[str | None]:
    return Counter(one.sku for one in facings if one.status == "recognised")


def _compliance(
    told: Compliance,
    seen: ShelfObserved,
    changes: list[_Change],
    before: Counter[str | None],
    after: Counter[str | None],
) -> Compliance:
    """What changes at each level: SKUs that came or went, and facings up to what was planned of them."""
    moved = dict.fromkeys(LEVELS, 0)
    placed = {one.new.sku for one in changes if one.new and _is_in_place(seen, one.new)}
    for sku, planned in seen.planned.items():
        came = bool(after[sku]) - bool(before[sku])
        filled = min(after[sku], planned) - min(before[sku], planned)
        moved["present"] += came * planned
        if filled < 0 or sku in placed:
            moved["facings"] += filled
            moved["shelf"] += came * planned
            moved["order"] += came * planned
    levels, most = {}, told.present.whole
    for name in LEVELS:  # each asks for more than the one before
        ratio: Ratio = getattr(told, name)
        most = min(most, max(0, ratio.part + moved[name]))
        levels[name] = Ratio(part=most, whole=ratio.whole)
    return Compliance(**levels)


def _is_in_place(seen: ShelfObserved, facing: FacingRecord) -> bool:
    """Whether the plan lacked this SKU on the shelf where it is said to stand."""
    return any(one.kind in _LACKS and (one.sku, one.shelf) == (facing.sku, facing.shelf) for one in seen.deviations)
