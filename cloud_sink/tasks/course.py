"""The course of a task: which step may follow which, and what a capture proves. Pure.

open -> done -> verified, where the next capture shows it; else disputed, and then done again, or dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from edge.contract.payloads import ShelfObserved

Kind = Literal["refill", "remove_foreign", "reset_planogram", "repair_camera"]
State = Literal["open", "done", "verified", "disputed", "dropped"]

FOLLOWS: dict[State, tuple[State, ...]] = {
    "open": ("done", "dropped"),
    "done": ("verified", "disputed", "open"),
    "disputed": ("done", "verified", "dropped"),
    "verified": ("disputed",),
    "dropped": (),
}
"""Which states a task may come to from each. People may dispute what a capture showed, and confirm what it did not."""

OVER = frozenset({"verified", "dropped"})

_BROKEN = frozenset({"missing", "void", "misplaced", "too_few"})


def is_shown_done(kind: Kind, sku: str, seen: ShelfObserved) -> bool:
    """Whether an accepted capture, taken after a task was done, shows that it is.

    A camera is repaired when it gives an accepted capture at all. What hides from the camera counts against nobody: an
    unsure facing leaves a refill undecided only where no facing of the SKU is sure.

    Args:
        kind: of the task.
        sku: of a refill, or of a part of the plan; empty for the whole fixture.
        seen: the capture, with what people corrected.
    """
    if kind == "repair_camera":
        return True
    if kind == "refill":
        return any(one.sku == sku and one.status == "recognised" for one in seen.counted_facings)
    if kind == "remove_foreign":
        return seen.counted_kpis.foreign == 0
    return not any(one.kind in _BROKEN and sku in {"", one.sku} for one in seen.deviations)
