"""What a camera usually shows: the picture later frames are laid over, and what of it stays whatever is sold.

Kept between captures. The cells' figures are small and travel with the rest of a camera's memory; the picture is kept
apart and, once written, shows only what stays: who walked through it is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.look import Look, details, mean_of_cells, pixels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Grey

WINDOW = 13
"""Pixels of the window in which two views are correlated: somewhat more than a cell."""

NOISE = 4.0  # variance, grey levels squared: what is flatter than noise correlates with nothing
AGREES = 0.5  # correlation at which a cell shows what it showed
STEADY = 0.7  # share of the frames in which a cell must have done so
MEMORY = 12
"""Frames over which usual figures are averaged: a day or so, so that a new season's stock becomes usual."""

TEXTURED = 3.0
"""Usual detail from which a cell has something to lose, grey levels."""

KNOWN_FROM = 3
"""Frames of a view from which it is known what stays: before, whatever is sold looks like somebody in front."""

SEEN = 4
"""Frames whose median is the picture that is kept."""

WORN = 0.04
"""Share of the cells that must be textured and steady for a view to be recognised by; with less it begins anew."""


@dataclass(frozen=True, slots=True)
class View:
    """A camera's usual view, in the geometry of its first frame."""

    picture: NDArray[np.uint8]  # (h, w) grey
    steady: Grey  # (rows, columns): share of the frames that showed there what the picture shows
    detail: Grey  # (rows, columns): usual detail of a cell
    dark: Grey  # (rows, columns): usual darkness of a cell
    frames: int = 1  # that agreed with it, itself included
    seen: tuple[NDArray[np.uint8], ...] = ()  # the first of them

    @classmethod
    def first(cls, look: Look) -> View:
        """A view of which one frame is known."""
        picture = np.clip(np.round(look.grey), 0, 255).astype(np.uint8)
        return cls(picture, np.ones_like(look.detail), look.detail, look.dark, seen=(picture,))

    @property
    def steady_cells(self) -> NDArray[np.bool_]:
        """(rows, columns): what stays whatever is sold."""
        return np.asarray(self.steady >= STEADY)

    @property
    def steady_pixels(self) -> NDArray[np.bool_]:
        """(h, w) of the same."""
        return pixels_of(self.steady_cells, self.picture.shape)

    def seen_again(self, look: Look) -> View:
        """After one more accepted frame, already laid over it."""
        part = 1 / min(self.frames, MEMORY)
        usual = 1 / min(self.frames + 1, MEMORY)
        if (self.steady_cells & (self.detail >= TEXTURED)).mean() < WORN:
            return View.first(look)
        agrees = (agreement(self.picture, look.grey) >= AGREES).astype(np.float32)
        return replace(
            self,
            steady=self.steady + part * (agrees - self.steady),
            detail=self.detail + usual * (look.detail - self.detail),
            dark=self.dark + usual * (look.dark - self.dark),
            frames=self.frames + 1,
            seen=(*self.seen, np.clip(np.round(look.grey), 0, 255).astype(np.uint8))[:SEEN],
        )

    def without_what_changes(self) -> View:
        """The same, with nothing in the picture but what stays: what may be written down.

        The median of the first frames, so that who passed in one of them leaves no trace beside what stays either.
        """
        picture = np.median(np.stack(self.seen), axis=0).astype(np.uint8) if self.seen else self.picture
        changing = (~self.steady_pixels).astype(np.uint8)
        # Filled in from the border of what stays (Telea 2004): a blank would have an edge of its own.
        return replace(
            self, picture=np.asarray(cv2.inpaint(picture, changing, 3, cv2.INPAINT_TELEA), np.uint8), seen=()
        )


def agreement(picture: NDArray[np.uint8], grey: Grey) -> Grey:
    """(rows, columns): how well each cell shows the same, -1..1.

    Correlation of details within a window, which neither light nor a slow shadow changes; what is flat in both views
    correlates with nothing.
    """
    before, now = details(picture.astype(np.float32)), details(grey)
    mean_b, mean_n = _mean(before), _mean(now)
    var_b = np.maximum(_mean(before * before) - mean_b * mean_b, 0)
    var_n = np.maximum(_mean(now * now) - mean_n * mean_n, 0)
    shared = _mean(before * now) - mean_b * mean_n
    return mean_of_cells(np.asarray(shared / np.sqrt((var_b + NOISE) * (var_n + NOISE)), np.float32))


def _mean(picture: Grey) -> Grey:
    return np.asarray(cv2.boxFilter(picture, -1, (WINDOW, WINDOW)), np.float32)
