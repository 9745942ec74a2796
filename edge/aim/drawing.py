"""The picture that the technician sees: what the models found, and what is wrong, drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.device.drawing import FOREIGN, GAP, OWN, UNKNOWN, UNSURE
from edge.shelf.boards import boards
from edge.shelf.ends import find_ends
from edge.shelf.hidden import shelf_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from edge.aim.findings import Code, Finding
    from edge.aim.view import AimedView
    from edge.shelf.facing import Box, Facing

    Picture = NDArray[np.uint8]
    Colour = tuple[int, int, int]

LONGEST = 960
"""Pixels of the longer edge: a phone shows no more, and a weak network carries it."""

SHORTEST = 480
"""A smaller picture is enlarged to this, so that lines do not cover it."""

BLANK = (LONGEST * 3 // 4, LONGEST, 3)
GREY = 96
WRONG = FOREIGN
BAND = 0.035
"""Of the picture's longer edge: the breadth of the mark along a side on which the shelf is cut off."""

SIDES: tuple[Code, ...] = ("cut_left", "cut_right", "cut_top", "cut_bottom")


def draw(view: AimedView, findings: Sequence[Finding]) -> Picture:
    """Draw a view: facings by status, the shelves they stand on, and what is wrong in a colour of its own.

    Args:
        view: of `look`.
        findings: of `diagnose`, of the same view.

    Returns:
        (height, width, 3) BGR, at most LONGEST pixels long, people painted over; grey where there is no picture. It
        has no words in it: the page has them, in the technician's language.
    """
    if view.picture is None:
        return np.full(BLANK, GREY, np.uint8)
    longest = max(view.picture.shape[:2])
    scale = min(LONGEST, max(longest, SHORTEST)) / longest
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.asarray(cv2.resize(view.picture, None, fx=scale, fy=scale, interpolation=how), np.uint8).copy()
    failed = {finding.code for finding in findings if finding.passed is False}
    _draw_shelves(canvas, view.facings, scale)
    for facing in view.facings:
        _outline(canvas, facing.box, scale, _colour(facing))
    for gap in view.gaps:
        _outline(canvas, gap.box, scale, GAP, breadth=1)
    _draw_faults(canvas, view, failed, scale)
    return canvas


def _draw_faults(canvas: Picture, view: AimedView, failed: Collection[Code], scale: float) -> None:
    """Sides on which the shelf is cut off, what stands in front, and the level where the view is tilted."""
    if "blocked" in failed:
        for box in view.hidden:
            _hatch(canvas, box, scale)
    if "people" in failed:
        for box in view.people or ():
            _outline(canvas, box, scale, WRONG, breadth=4)
    for side in SIDES:
        if side in failed:
            _mark_side(canvas, side)
    if "tilted" in failed and view.tilt is not None:
        _draw_level(canvas, view.tilt)


def _colour(facing: Facing) -> Colour:
    return {"recognised": OWN, "unsure": UNSURE, "unknown": UNKNOWN}[facing.status]


def _outline(canvas: Picture, box: Box, scale: float, colour: Colour, breadth: int = 2) -> None:
    x1, y1, x2, y2 = (round(value * scale) for value in box)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, breadth, cv2.LINE_AA)


def _draw_shelves(canvas: Picture, facings: Sequence[Facing], scale: float) -> None:
    """A line under the units of each shelf, from its one end to the other."""
    standing = boards(facings)
    if not standing:
        return
    lines, size = shelf_lines(facings), (canvas.shape[1] / scale, canvas.shape[0] / scale)
    ends = find_ends(list(standing.values()), frame=size)
    for shelf in standing:
        line = lines[shelf]
        left, right = ends.at(line.bottom_at(size[0] / 2))
        start, end = ((round(x * scale), round(line.bottom_at(x) * scale)) for x in (left, right))
        cv2.line(canvas, start, end, (255, 255, 255), 4, cv2.LINE_AA)
        cv2.line(canvas, start, end, (0, 0, 0), 2, cv2.LINE_AA)


def _hatch(canvas: Picture, box: Box, scale: float) -> None:
    """Slanted lines over what is hidden, and its border."""
    height, width = canvas.shape[:2]
    x1, y1, x2, y2 = (round(value * scale) for value in box)
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if x2 <= x1 or y2 <= y1:
        return
    part = canvas[y1:y2, x1:x2]
    ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]]
    part[(xs + ys) % 18 < 5] = WRONG  # noqa: PLR2004 - the breadth of a line
    cv2.rectangle(canvas, (x1, y1), (x2, y2), WRONG, 3, cv2.LINE_AA)


def _mark_side(canvas: Picture, side: Code) -> None:
    """A dashed band along one side of the picture."""
    height, width = canvas.shape[:2]
    band = max(8, round(BAND * max(height, width)))
    part = {
        "cut_left": canvas[:, :band],
        "cut_right": canvas[:, width - band :],
        "cut_top": canvas[:band],
        "cut_bottom": canvas[height - band :],
    }[side]
    ys, xs = np.mgrid[0 : part.shape[0], 0 : part.shape[1]]
    along = ys if side in {"cut_left", "cut_right"} else xs
    part[along % (3 * band) < 2 * band] = WRONG


def _draw_level(canvas: Picture, tilt: float) -> None:
    """Through the middle: as the shelves lie, and as they should."""
    height, width = canvas.shape[:2]
    middle, reach = (width / 2, height / 2), 0.35 * width
    for lean, colour in ((0.0, (255, 255, 255)), (tilt, WRONG)):
        along = reach * np.array([np.cos(np.radians(lean)), np.sin(np.radians(lean))])
        start, end = ((round(middle[0] + s * along[0]), round(middle[1] + s * along[1])) for s in (-1, 1))
        cv2.line(canvas, start, end, (0, 0, 0), 7, cv2.LINE_AA)
        cv2.line(canvas, start, end, colour, 4, cv2.LINE_AA)
