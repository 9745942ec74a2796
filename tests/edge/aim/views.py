"""Views of an aimed camera as values: four filled shelves in a picture of 800 x 600, and what may be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.aim.clarity import Clarity
from edge.aim.view import AimedView
from edge.capture.quality.measure import Measured
from edge.capture.quality.still import take_print
from edge.contract.config import QualityRules
from edge.shelf.facing import Box, Facing, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = 800, 600
SHELVES, COLUMNS = 4, 8
PICTURE = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)

MEASURED = Measured(brightness=0.5, sharpness=900.0, blown=0.0, edges=3.2, contrast=0.2, blackest=0.02, featureless=0.1)
CLEAR = Clarity(plain=0.1, veiled=0.0, shade=0.1, white=0.0, beside=0.0, level=0.5)
SLOTS = tuple(
    Slot(shelf, column, f"sku-{shelf}-{column}", 1)
    for shelf in range(1, SHELVES + 1)
    for column in range(1, COLUMNS + 1)
)


def facings(*, left: float = 60.0, top: float = 40.0, across: float = 85.0, down: float = 130.0) -> tuple[Facing, ...]:
    """Four shelves of eight units, by shelf from the bottom.

    Args:
        left: of the first column, pixels.
        top: of the upmost shelf's units.
        across: from one column to the next.
        down: from one shelf to the next.
    """
    found = []
    for shelf in range(1, SHELVES + 1):
        y = top + (SHELVES - shelf) * down
        for column in range(1, COLUMNS + 1):
            x = left + (column - 1) * across
            box = (x, y, x + 0.8 * across, y + 0.7 * down)
            found.append(Facing(box, 0.9, shelf, column, f"sku-{shelf}-{column}", 0.9, "recognised"))
    return tuple(found)


def good(**changes: Any) -> AimedView:
    """A view with nothing wrong, but for what is given."""
    view = AimedView(
        camera="cam-1",
        rules=QualityRules(),
        at=1000.0,
        picture=PICTURE,
        print=take_print(PICTURE, 1000.0),
        repeated=0.1,
        measured=MEASURED,
        clarity=CLEAR,
        tilt=0.6,
        facings=facings(),
        people=(),
        slots=SLOTS,
        named=True,
    )
    return replace(view, **changes)


def within(units: tuple[Facing, ...], *, move: tuple[float, float] = (0, 0)) -> tuple[Facing, ...]:
    """The units moved, as far as they are in the picture still, and cut off at its edges."""

    def clipped(box: Box) -> Box:
        x1, y1, x2, y2 = box[0] + move[0], box[1] + move[1], box[2] + move[0], box[3] + move[1]
        return max(x1, 0.0), max(y1, 0.0), min(x2, float(WIDTH)), min(y2, float(HEIGHT))

    moved = ((unit, clipped(unit.box)) for unit in units)
    return tuple(replace(unit, box=box) for unit, box in moved if box[2] - box[0] > 1 and box[3] - box[1] > 1)


def without(units: tuple[Facing, ...], out: Callable[[Facing], bool]) -> tuple[Facing, ...]:
    """All units but some."""
    return tuple(unit for unit in units if not out(unit))


def mirrored(view: AimedView) -> AimedView:
    """What the same camera would have shown in a mirror."""
    flipped = tuple(
        replace(one, box=(WIDTH - one.box[2], one.box[1], WIDTH - one.box[0], one.box[3])) for one in view.facings
    )
    left, top, right, bottom = view.part
    tilt = None if view.tilt is None else -view.tilt
    return replace(view, facings=flipped, tilt=tilt, part=(1 - right, top, 1 - left, bottom))
