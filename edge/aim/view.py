"""What an aimed camera was seen to show: everything a diagnosis needs, measured once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.aim.clarity import Clarity
    from edge.capture.quality.measure import Measured
    from edge.capture.quality.still import Print
    from edge.contract.config import QualityRules
    from edge.shelf.facing import Box, Facing, Gap, Slot

WHOLE = (0.0, 0.0, 1.0, 1.0)
"""The part of a fixture that a camera looks at, where nothing else is configured: left, top, right, bottom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AimedView:
    """One frame of a camera that is being aimed, and what the models see in it. Boxes are pixels of the frame."""

    camera: str
    rules: QualityRules
    at: float  # when the frame was taken or asked for, seconds since 1970
    picture: NDArray[np.uint8] | None = None  # (height, width, 3) BGR, people painted over; None: the camera gave none
    trouble: str = ""  # why there is no picture, as the camera's reader says it
    print: Print | None = None
    repeated: float | None = None  # share of pixels with the very level of the frame before
    measured: Measured | None = None
    clarity: Clarity | None = None
    turn: int = 0  # degrees by which the picture must be turned clockwise to stand upright: 0, 90, 180 or 270
    tilt: float | None = None  # degrees that upright and level edges lean clockwise; None: too few edges to say
    facings: tuple[Facing, ...] = ()  # front-row units; shelves numbered as planned, where that can be told
    gaps: tuple[Gap, ...] = ()
    people: tuple[Box, ...] | None = None  # None: nobody was looked for
    hidden: tuple[Box, ...] = ()  # where something that is no person seems to stand before the shelves
    slots: tuple[Slot, ...] = ()  # the planogram's; empty without one
    named: bool = False  # whether a catalogue names what is found
    region: tuple[tuple[float, float], ...] = ()  # corners of the fixture as shares of width and height
    part: tuple[float, float, float, float] = WHOLE  # of the fixture, that this camera looks at

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frame, pixels; (0, 0) without one."""
        return (0, 0) if self.picture is None else (self.picture.shape[1], self.picture.shape[0])
