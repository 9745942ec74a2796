"""The eight ways a camera may store a picture, and the way back: pure functions on arrays and boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Turn:
    """How a stored picture becomes upright: first rows and columns change places, then it is mirrored, then flipped."""

    transposed: bool = False
    mirrored: bool = False  # left and right change places
    flipped: bool = False  # top and bottom change places

    def upright(self, stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(height, width, channels) as stored -> the picture as it is to be looked at; itself where nothing turns."""
        turned = stored.swapaxes(0, 1) if self.transposed else stored
        return np.ascontiguousarray(turned[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1])

    def stored_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture -> of the stored one."""
        return (height, width) if self.transposed else (width, height)

    def stored_box(
        self, box: tuple[float, float, float, float], *, width: int, height: int
    ) -> tuple[float, float, float, float]:
        """A box x1, y1, x2, y2 in pixels of the upright picture -> pixels of the stored one.

        Args:
            box: its corners.
            width: of the upright picture.
            height: of the upright picture.
        """
        x1, y1, x2, y2 = box
        if self.mirrored:
            x1, x2 = width - x2, width - x1
        if self.flipped:
            y1, y2 = height - y2, height - y1
        return (y1, x1, y2, x2) if self.transposed else (x1, y1, x2, y2)


NO_TURN = Turn()
# By orientation, as EXIF 2.3 counts them (tag 0x0112).
TURNS = {
    1: NO_TURN,
    2: Turn(mirrored=True),
    3: Turn(mirrored=True, flipped=True),
    4: Turn(flipped=True),
    5: Turn(transposed=True),
    6: Turn(transposed=True, mirrored=True),  # a phone held upright
    7: Turn(transposed=True, mirrored=True, flipped=True),
    8: Turn(transposed=True, flipped=True),
}
