"""When an agent begins anew: what slowly grew in a year, in whichever library it did, is given back with the process.

Sessions made anew would give back their arena alone. A process that replaces itself gives back everything, keeps its id
and its supervisor, and needs none: outbox and cursors are on disk, so nothing is lost and no picture is read twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.contract.config.recycle import RecycleSection

LEAST_SECONDS = 3600.0
"""Under a limit below what the agent needs it would begin anew for ever; once in an hour the shop is still seen."""


def reason_to_begin_anew(
    section: RecycleSection, *, captures: int, resident_mb: float, up_seconds: float
) -> str | None:
    """Why to begin anew now; None when there is no reason.

    Args:
        section: the configured limits.
        captures: frames read since the start.
        resident_mb: what the process holds.
        up_seconds: since the start.
    """
    if section.captures is not None and captures >= section.captures:
        return f"{captures} captures"
    if section.memory_mb is not None and up_seconds >= LEAST_SECONDS and resident_mb > section.memory_mb:
        return f"{resident_mb:.0f} MB held, over {section.memory_mb}"
    return None
