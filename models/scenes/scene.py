"""What stands where: a fixture, its shelves, and columns of units behind one another."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from models.scenes.lettering import Colour
    from models.scenes.products import Product

FRONT_MARGIN_MM = 8.0  # the first row stands this far behind the shelf's front edge
ROW_GAP_MM = 3.0


@dataclass(frozen=True, slots=True)
class Fixture:
    """A cooler or an open rack; lengths in mm.

    `shelves` are the heights of the shelf boards' upper faces from the bottom up. `wire` shelves are rods that show
    what is below; `strip_mm` is the height of the price strip on each shelf's front edge.
    """

    kind: Literal["cooler", "rack"]
    width: float
    height: float
    depth: float
    shelves: tuple[float, ...]
    wire: bool = True
    strip_mm: float = 38.0
    strip_style: Literal["logo", "tags", "plain"] = "logo"
    header: str = ""
    header_mm: float = 190.0
    paint: Colour = (120, 45, 20)
    inside: Colour = (236, 236, 232)
    strip_paint: Colour = (140, 60, 25)
    door: bool = False
    seed: int = 0

    @property
    def frame_mm(self) -> float:
        """Width of the posts or the door frame about the opening."""
        return 42.0 if self.kind == "cooler" else 16.0

    @property
    def base_mm(self) -> float:
        """Height of what the opening stands on: a cooler's machine, a rack's plinth."""
        return 260.0 if self.kind == "cooler" else 80.0

    def clearance(self, shelf: int) -> float:
        """Free height above a shelf (numbered from 1 at the bottom), mm."""
        above = self.shelves[shelf] - self.strip_mm * 0.9 if shelf < len(self.shelves) else self.height
        return above - self.shelves[shelf - 1]


@dataclass(frozen=True, slots=True)
class Lighting:
    """Light of a scene: strengths of the cooler's top strip, its side strips and the room, and their colours."""

    top: float = 1.1
    side: float = 0.5
    room: float = 0.5
    cool: float = 0.0  # > 0: bluish strips, < 0: yellowish
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """One place on a shelf: units of a product behind one another, or a gap.

    `slot` counts the planned places of a shelf from the left, from 1, gaps included. `front_mm` is the free space
    in front of the first unit (none in coolers that feed forward). `expected` is the product that belongs here.
    """

    shelf: int
    slot: int
    x: float
    expected: Product
    product: Product | None
    units: int
    front_mm: float = 0.0
    turn_seed: int = 0
    stacked: int = 0


@dataclass(frozen=True)
class Scene:
    """A fixture, its light and all columns that stand in it."""

    fixture: Fixture
    columns: tuple[Column, ...]
    lighting: Lighting = field(default_factory=Lighting)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """All units, each with its place; unit ids are positions in this tuple."""
        found = [unit for index, column in enumerate(self.columns) for unit in _stand(self.fixture, index, column)]
        return tuple(sorted(found, key=lambda unit: (unit.row, unit.column)))


@dataclass(frozen=True, slots=True)
class Unit:
    """One package: the middle of its base in mm, its turn in radians, its row (0 is the front) and its tier."""

    column: int
    row: int
    tier: int
    product: Product
    base: tuple[float, float, float]
    yaw: float


def capacity(fixture: Fixture, product: Product) -> int:
    """How many units of a product stand behind one another on a shelf."""
    return max(1, int((fixture.depth - FRONT_MARGIN_MM - 10) // (product.package.depth_mm + ROW_GAP_MM)))


def _stand(fixture: Fixture, index: int, column: Column) -> list[Unit]:
    if column.product is None:
        return []
    package = column.product.package
    base_y = fixture.shelves[column.shelf - 1]
    units = []
    for row in range(column.units):
        # Counted from the back, so that a unit keeps its stance when those before it are sold and it moves forward.
        rng = np.random.default_rng((fixture.seed, column.turn_seed, column.units - row, 7))
        sway = rng.normal(0, (1.2, 2.0), 2)
        spread = 0.35 if package.kind != "carton" else 0.05
        yaw = float(rng.normal(0, spread))
        z = -FRONT_MARGIN_MM - column.front_mm - package.depth_mm / 2 - row * (package.depth_mm + ROW_GAP_MM)
        z -= abs(float(sway[1])) + (float(rng.exponential(3)) if row == 0 else 0.0)
        x = column.x + float(np.clip(sway[0], -2.5, 2.5))
        units.append(Unit(index, row, 0, column.product, (x, base_y, z), yaw))
        if row < column.stacked:
            lean = rng.normal(0, 1.0, 2)
            place = (x + float(lean[0]), base_y + package.height_mm, z + float(lean[1]))
            units.append(Unit(index, row, 1, column.product, place, float(rng.normal(0, spread))))
    return units
