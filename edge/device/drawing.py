"""A frame with what was read off it drawn over it, in colours that the colour-blind can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.pictures import as_jpeg
from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.device.analysis import Analysis
    from edge.device.plan import Plan
    from edge.shelf.facing import Box, Facing

# Okabe & Ito (2008), as BGR.
OWN = (178, 114, 0)
FOREIGN = (0, 94, 213)
UNSURE = (66, 228, 240)
UNKNOWN = (167, 121, 204)
GAP = (115, 158, 0)
LEGEND = (("own", OWN), ("foreign", FOREIGN), ("unsure", UNSURE), ("unknown", UNKNOWN), ("gap", GAP))

DRAWN_EDGE = 1280
"""Smaller frames are enlarged to this many pixels of their longer edge, so that labels can be read."""

FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(image: NDArray[np.uint8], analysis: Analysis, plan: Plan) -> NDArray[np.uint8]:
    """Draw an analysis over its frame.

    Args:
        image: (height, width, 3) BGR, the frame that was analysed.
        analysis: what was read off it.
        plan: tells own from foreign.

    Returns:
        a new picture, at least DRAWN_EDGE pixels long, with a legend below.
    """
    scale = max(1.0, DRAWN_EDGE / max(image.shape[:2]))
    canvas = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    for facing in analysis.facings:
        colour = _colour(facing, plan)
        x1, y1, x2, y2 = _scaled(facing.box, scale)
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2, cv2.LINE_AA)
        _label(canvas, f"{facing.shelf}.{facing.position} {facing.sku or ''}", (x1, y1, x2, y2), colour)
    for gap in analysis.gaps:
        x1, y1, x2, y2 = _scaled(gap.box, scale)
        _dashed(canvas, (x1, y1, x2, y2))
    return np.vstack([canvas, _legend(canvas.shape[1])])


def save_drawing(path: Path, image: NDArray[np.uint8], analysis: Analysis, plan: Plan) -> None:
    """Draw an analysis and write it as a JPEG.

    Raises:
        ImageError: the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_jpeg(draw(image, analysis, plan)))
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}", "give a folder that can be written") from None


def _colour(facing: Facing, plan: Plan) -> tuple[int, int, int]:
    if facing.status != "recognised":
        return UNSURE if facing.status == "unsure" else UNKNOWN
    return OWN if (plan.owner_of or {}).get(facing.sku or "") in plan.own else FOREIGN


def _scaled(box: Box, scale: float) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (round(value * scale) for value in box)
    return x1, y1, x2, y2


def _label(canvas: NDArray[np.uint8], text: str, box: tuple[int, int, int, int], colour: tuple[int, int, int]) -> None:
    """Text on a strip at the foot of a box, in two lines where it is long, cut where even that does not do."""
    size = 0.36
    x, _, right, y = box
    letters = max(4, int((right - x) / (19 * size)))
    lines = [text[at : at + letters] for at in range(0, min(len(text), 2 * letters), letters)]
    top = y - 13 * len(lines)
    canvas[max(0, top) : y, max(0, x) : right] = colour
    ink = (0, 0, 0) if sum(colour) > 380 else (255, 255, 255)  # noqa: PLR2004 - half of white
    for row, line in enumerate(lines):
        cv2.putText(canvas, line, (x + 2, top + 10 + 13 * row), FONT, size, ink, 1, cv2.LINE_AA)


def _dashed(canvas: NDArray[np.uint8], box: tuple[int, int, int, int]) -> None:
    x1, y1, x2, y2 = box
    for start in range(x1, x2, 12):
        for y in (y1, y2):
            cv2.line(canvas, (start, y), (min(start + 6, x2), y), GAP, 2)
    for start in range(y1, y2, 12):
        for x in (x1, x2):
            cv2.line(canvas, (x, start), (x, min(start + 6, y2)), GAP, 2)


def _legend(width: int) -> NDArray[np.uint8]:
    strip = np.full((28, width, 3), 255, np.uint8)
    for index, (name, colour) in enumerate(LEGEND):
        x = 12 + index * 110
        strip[8:22, x : x + 16] = colour
        cv2.putText(strip, name, (x + 22, 19), FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
