"""A planogram drawn as a shelf: the lowest shelf below, positions from the left, each facing a pack. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.contract.catalogue import Sku
    from edge.contract.planogram import Planogram, Slot

WIDTH = 640.0
SHELF = 92.0
BOARD = 8.0
EDGE = 6.0
"""Of the drawing, in its own units: its width, a shelf's height, a board's thickness, the rim."""

USUAL_WIDTH = 66.0
"""Millimetres of a facing whose width nobody told: a can's."""

SHADES = 6
"""Colours that brands take turns in; neighbours of one brand have one colour."""

LETTER = 6.2
"""Units that a letter of a label takes."""

Mark = Literal["missing", "void", "misplaced", "too_few", "extra", "foreign", "gap"]


@dataclass(frozen=True, slots=True)
class SlotDrawing:
    """One place of the plan, drawn."""

    sku: str
    name: str
    facings: int
    shelf: int
    position: int
    x: float
    y: float
    width: float  # of all facings
    height: float
    shade: int  # 1 to SHADES
    label: str  # what there is room for
    marks: tuple[Mark, ...] = ()

    @property
    def packs(self) -> tuple[float, ...]:
        """Where each facing begins."""
        return tuple(round(self.x + self.width * number / self.facings, 1) for number in range(self.facings))


@dataclass(frozen=True, slots=True)
class PlanDrawing:
    """A whole planogram, drawn."""

    height: float
    boards: tuple[tuple[int, float], ...]  # number of each shelf and the upper edge of its board
    slots: tuple[SlotDrawing, ...]
    width: float = WIDTH


def draw(
    plan: Planogram, products: Mapping[str, Sku], marks: Mapping[tuple[int, int], Sequence[Mark]] | None = None
) -> PlanDrawing:
    """Draw a planogram to scale: the widest shelf fills the drawing.

    Args:
        plan: the planogram.
        products: names and brands by SKU; of one that is not there the SKU itself is told.
        marks: what a capture found to be otherwise, by shelf and position of the plan.
    """
    shelves: dict[int, list[Slot]] = {}
    for slot in plan.slots:
        shelves.setdefault(slot.shelf, []).append(slot)
    widest = max(sum(map(_millimetres, slots)) for slots in shelves.values())
    scale = (WIDTH - 2 * EDGE) / widest
    shades = _shades(plan, products)
    boards, drawn = [], []
    for row, number in enumerate(sorted(shelves, reverse=True)):
        top = EDGE + row * (SHELF + BOARD)
        boards.append((number, top + SHELF))
        x = EDGE
        for slot in shelves[number]:
            width = _millimetres(slot) * scale
            found = tuple((marks or {}).get((slot.shelf, slot.position), ()))
            place = _slot(slot, products.get(slot.sku), x=x, y=top, width=width, shade=shades[slot.sku])
            drawn.append(replace(place, marks=found))
            x += width
    return PlanDrawing(2 * EDGE + len(shelves) * (SHELF + BOARD), tuple(boards), tuple(drawn))


def _slot(slot: Slot, product: Sku | None, *, x: float, y: float, width: float, shade: int) -> SlotDrawing:
    name = product.name if product is not None else slot.sku
    room = int(width / LETTER)
    label = name if len(name) <= room else f"{name[: room - 1]}\N{HORIZONTAL ELLIPSIS}" if room > 2 else ""  # noqa: PLR2004 - a letter and the dots
    height = round(SHELF * 0.86, 1)
    return SlotDrawing(
        sku=slot.sku,
        name=name,
        facings=slot.facings,
        shelf=slot.shelf,
        position=slot.position,
        x=round(x, 1),
        y=round(y + SHELF - height, 1),
        width=round(width, 1),
        height=height,
        shade=shade,
        label=label,
    )


def _millimetres(slot: Slot) -> float:
    return slot.facings * (slot.width_mm or USUAL_WIDTH)


def _shades(plan: Planogram, products: Mapping[str, Sku]) -> dict[str, int]:
    """A colour for each SKU by its brand, in the order in which brands come."""
    brands: dict[str, int] = {}
    shades = {}
    for slot in plan.slots:
        product = products.get(slot.sku)
        brand = product.brand if product is not None else slot.sku
        shades[slot.sku] = brands.setdefault(brand, len(brands)) % SHADES + 1
    return shades
