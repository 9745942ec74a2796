"""How clear a picture is by itself, before its camera's usual view is known: light that blinds, and veils.

The quality gate asks how a frame differs from what its camera usually shows. A camera that is being aimed shows nothing
usually yet, so this asks for what the front of any filled shelf has: something crisp and something dark near every
place, and no large white patches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.look import look_at, pixels_of
from edge.capture.quality.measure import FEATURELESS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.quality.look import Region

NEAR = 5  # cells across: wider than a pack, so that an edge and a dark gap are near
CRISP = 12.0  # grey levels of detail that something near every place has
DARK = 60.0  # level that something near every place is darker than
WHITE = 240  # of all three colours: light that the sensor could not take
PATCH = 9  # pixels across: smaller white patches are labels and lamps of the shelf
BLINDING = 235.0  # level of a window beside the fixture


@dataclass(frozen=True, slots=True)
class Clarity:
    """Figures of one picture, 0..1."""

    plain: float  # share of the whole picture without any detail
    veiled: float  # share of the goods near which nothing is crisp and nothing dark
    shade: float  # median level of the darkest that is near each place of the goods
    white: float  # share of the goods in large white patches
    beside: float  # share of what is beside the goods that blinds
    level: float  # median level of the goods


def find_clarity(image: NDArray[np.uint8], goods: Region) -> Clarity:
    """Measure a picture at the quality gate's size.

    Args:
        image: (height, width, 3) BGR.
        goods: corners of where the goods stand, as shares of width and height; empty: the whole picture.
    """
    look = look_at(image, goods)
    window = np.ones((NEAR, NEAR), np.uint8)
    crispest, darkest = cv2.dilate(look.detail, window), cv2.erode(look.dark, window)
    veiled = (crispest < CRISP) & (darkest > DARK)
    inside = pixels_of(look.inside, look.grey.shape)
    kernel = np.ones((PATCH, PATCH), np.uint8)
    white = cv2.morphologyEx((look.darkest >= WHITE).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return Clarity(
        plain=float(np.mean(look.detail < FEATURELESS)),
        veiled=float(veiled[look.inside].mean()),
        shade=float(np.median(darkest[look.inside])) / 255,
        white=float(white[inside].mean()),
        beside=float((look.grey >= BLINDING)[~inside].mean()) if not inside.all() else 0.0,
        level=float(np.median(look.grey[inside])) / 255,
    )
