"""A release beside the one that runs: what both made of the same frames, and whether that is near enough. Pure."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from edge.contract.releases import Limits

OVERLAP = 0.5
"""Intersection over union from which two boxes are one facing."""

BRIEF_MS = 20.0
"""Milliseconds by which a frame may always take longer: less is the noise of a busy device."""

SMALL_MB = 64.0
"""Megabytes that may always be taken more."""


class Unit(BaseModel):
    """A facing that was seen: its box in pixels, and its SKU or None."""

    model_config = ConfigDict(frozen=True)

    box: tuple[float, float, float, float]
    sku: str | None


class Tried(BaseModel):
    """What one version made of the stored frames."""

    model_config = ConfigDict(frozen=True)

    frames: dict[str, list[Unit]]  # by the frame's name
    milliseconds: list[float]  # of the processor, for each frame: the agent works beside, and makes the clock's longer
    memory_mb: float  # at most, of the whole process
    outbox_reads: int = 1  # the newest version of its tables that it knows
    outbox_writes: int = 1  # the one that it makes of them


def misfit(running: Tried, candidate: Tried, limits: Limits) -> str:
    """Why a release may not take the place of the one that runs; empty when it may."""
    if not candidate.frames.keys() >= running.frames.keys():
        return "it did not read every frame"
    if candidate.outbox_writes > running.outbox_reads:
        known = f"what runs reads {running.outbox_reads} at most"
        return f"its outbox is of version {candidate.outbox_writes}, and {known}: there would be no way back"
    if candidate.milliseconds and running.milliseconds:
        new, old = median(candidate.milliseconds), median(running.milliseconds)
        if new > max(old * limits.latency, old + BRIEF_MS):
            return f"{new:.0f} ms of processor a frame, {old:.0f} before; at most {limits.latency:g} times as long"
    if candidate.memory_mb > max(running.memory_mb * limits.memory, running.memory_mb + SMALL_MB):
        times = f"at most {limits.memory:g} times as much"
        return f"{candidate.memory_mb:.0f} MB of memory, {running.memory_mb:.0f} before; {times}"
    agreed = agreement(running, candidate)
    if agreed is not None and agreed < limits.agreement:
        return f"agrees in {agreed:.2f} of the facings; at least {limits.agreement:g}"
    return ""


def better(one: Tried, other: Tried) -> Tried:
    """The same version tried twice: the faster, since whatever disturbed it made it slower."""
    return min(one, other, key=lambda tried: sum(tried.milliseconds))


def agreement(running: Tried, candidate: Tried) -> float | None:
    """Share of facings, over all frames, that both have in one place under one name: 2 x both / (one + other).

    What had no name before may get one: that is what new catalogues are for. None where neither saw any.
    """
    alike = total = 0
    for name, before in running.frames.items():
        after = candidate.frames.get(name, [])
        alike += _alike(before, after)
        total += len(before) + len(after)
    return None if total == 0 else 2 * alike / total


def _alike(before: list[Unit], after: list[Unit]) -> int:
    """Facings of the same place and name, each taken once, the greatest overlaps first."""
    pairs = sorted(
        ((overlap, i, j) for i, one in enumerate(before) for j, two in enumerate(after) if (overlap := _iou(one, two))),
        reverse=True,
    )
    taken: tuple[set[int], set[int]] = set(), set()
    found = 0
    for overlap, i, j in pairs:
        if overlap < OVERLAP or i in taken[0] or j in taken[1]:
            continue
        taken[0].add(i)
        taken[1].add(j)
        found += before[i].sku in {None, after[j].sku}
    return found


def _iou(one: Unit, two: Unit) -> float:
    width = min(one.box[2], two.box[2]) - max(one.box[0], two.box[0])
    height = min(one.box[3], two.box[3]) - max(one.box[1], two.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    areas = ((unit.box[2] - unit.box[0]) * (unit.box[3] - unit.box[1]) for unit in (one, two))
    return both / (sum(areas) - both)
