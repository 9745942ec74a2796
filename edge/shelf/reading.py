"""What a fixture's facings say: gaps, the plan matched, KPIs, deviations, and evidence for stock-outs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.shelf.alignment import align_planogram
from edge.shelf.deviations import find_deviations
from edge.shelf.evidence import gather_evidence
from edge.shelf.gaps import find_gaps
from edge.shelf.hidden import line_of_unseen, shelf_lines
from edge.shelf.kpis import compute_kpis

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    import numpy as np
    import numpy.typing as npt

    from edge.shelf.alignment import Alignment
    from edge.shelf.deviations import Deviation
    from edge.shelf.evidence import Evidence
    from edge.shelf.facing import Box, Facing, Gap, Slot
    from edge.shelf.hidden import ShelfLine
    from edge.shelf.kpis import ShelfKpis

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What of a fixture can be seen, in the pixels of the facings."""

    frame: tuple[float, float] | None = None  # width and height; None: all of it is in view
    region: Floats | None = None  # (k, 2) corners of what the fixture is; None where nobody said
    hidden: tuple[Box, ...] = ()  # what the camera could not see into
    doubtful: tuple[Box, ...] = ()  # detections too faint for a facing: nothing is known to be empty there


EVERYTHING = Outlook()


@dataclass(frozen=True, slots=True)
class Reading:
    """What the facings of one capture, or those voted over several, say. Shelves are numbered as in the plan."""

    facings: tuple[Facing, ...]
    gaps: tuple[Gap, ...]
    deviations: tuple[Deviation, ...]
    kpis: ShelfKpis
    evidence: Evidence | None  # of planned SKUs; None without a plan


def read_shelf(
    facings: Sequence[Facing],
    *,
    slots: Sequence[Slot],
    owner_of: Mapping[str, str],
    own: AbstractSet[str],
    must_stock: Collection[str] | None,
    ever_seen: AbstractSet[str],
    outlook: Outlook = EVERYTHING,
) -> Reading:
    """Work out all that facings say.

    Args:
        facings: front-row units with shelf and position, boxes in pixels.
        slots: the plan; none without a plan.
        owner_of: owner of each SKU of the catalogue.
        own: the owners whose products the fixture is for.
        must_stock: SKUs that must be there; None without a list.
        ever_seen: planned SKUs seen since the plan began; one that never was is void rather than missing.
        outlook: what of the fixture can be seen.
    """
    gaps: Sequence[Gap] = _gaps(facings, outlook)
    alignment = align_planogram(slots, facings, gaps, hidden=outlook.hidden) if slots else None
    if alignment is not None:
        alignment = _with_empty_shelves(alignment, slots, outlook)
        facings, gaps = alignment.facings, alignment.gaps
    kpis = compute_kpis(
        facings,
        gaps,
        owner_of=owner_of,
        own=own,
        alignment=alignment,
        must_stock=must_stock,
        blind=bool(outlook.hidden),
    )
    if alignment is None:
        return Reading(tuple(facings), tuple(gaps), (), kpis, None)
    deviations = find_deviations(alignment, ever_seen=ever_seen, owner_of=owner_of, own=own)
    return Reading(tuple(facings), tuple(gaps), deviations, kpis, gather_evidence(alignment))


def _with_empty_shelves(alignment: Alignment, slots: Sequence[Slot], outlook: Outlook) -> Alignment:
    """The same with gaps on planned shelves on which nothing stands: only a plan tells them from head room."""
    lines = shelf_lines(facing for facing in alignment.facings if facing.shelf in alignment.shelf_of)
    planned: Counter[int] = Counter()
    for slot in slots:
        planned[slot.shelf] += slot.facings
    seen = set(alignment.shelf_of)
    unseen = {shelf: line_of_unseen(lines, shelf) for shelf in sorted(set(planned) - set(alignment.shelf_of.values()))}
    if seen != set(alignment.shelf_of.values()) or not unseen:  # more shelves seen than planned keep their numbers
        return alignment
    empty = {shelf: line for shelf, line in unseen.items() if line is not None}
    gaps = [gap for gap in _gaps(alignment.facings, outlook, empty=empty, fits=planned) if gap.shelf in empty]
    if not gaps:
        return alignment
    return align_planogram(slots, alignment.facings, (*alignment.gaps, *gaps), hidden=outlook.hidden)


def _gaps(
    facings: Sequence[Facing],
    outlook: Outlook,
    *,
    empty: Mapping[int, ShelfLine] | None = None,
    fits: Mapping[int, int] | None = None,
) -> list[Gap]:
    hidden = (*outlook.hidden, *outlook.doubtful)
    return find_gaps(facings, hidden=hidden, region=outlook.region, empty=empty, fits=fits, frame=outlook.frame)
