"""A frame with what was counted in it drawn over it; people are painted over first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.recognise.privacy import PrivacyRules, paint_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edge.traffic.footfall import FootfallRules
    from edge.traffic.tracker import Tracks

# Okabe & Ito (2008), as BGR.
LINE, ZONE, PERSON, DOUBTFUL = (0, 94, 213), (178, 114, 0), (66, 228, 240), (150, 150, 150)
FONT = cv2.FONT_HERSHEY_SIMPLEX
TEXT = 0.5
MIDDLE_GREY = 128


def draw_traffic(
    image: NDArray[np.uint8], tracks: Tracks, rules: FootfallRules, counts: Mapping[str, tuple[int, int]]
) -> NDArray[np.uint8]:
    """Draw lines with their counts, zones, and everybody who is followed.

    Args:
        image: (height, width, 3) BGR, the frame that was counted.
        tracks: of it.
        rules: what is counted.
        counts: into and out so far, by line.

    Returns:
        a new picture of the same size.
    """
    people = np.zeros(image.shape[:2], np.bool_)
    boxes = np.round(tracks.boxes).astype(int)
    sizes = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    around = np.round(boxes + PrivacyRules().grow * sizes * [-1, -1, 1, 1]).astype(int)  # a box ends at the forehead
    for x1, y1, x2, y2 in around.clip(0).tolist():
        people[y1:y2, x1:x2] = True
    canvas = paint_over(image, people)
    for zone in rules.zones:
        corners = np.round(np.array(zone.corners)).astype(np.int32)
        cv2.polylines(canvas, [corners], isClosed=True, color=ZONE, thickness=2, lineType=cv2.LINE_AA)
        _write(canvas, zone.name, (int(corners[0, 0]) + 4, int(corners[0, 1]) + 16), ZONE)
    for line in rules.lines:
        (x1, y1), (x2, y2) = (tuple(round(value) for value in end) for end in (line.start, line.end))
        cv2.arrowedLine(canvas, (x1, y1), (x2, y2), LINE, 2, cv2.LINE_AA, tipLength=0.03)
        into, out = counts.get(line.name, (0, 0))
        _write(canvas, f"{line.name}  into {into}  out {out}", (x1 + 6, y1 + 14), LINE)
    for row, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        colour = PERSON if tracks.confirmed[row] else DOUBTFUL
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2 if tracks.seen[row] else 1)
        _write(canvas, str(int(tracks.ids[row])), (x1, y1 - 4), colour)
    return canvas


def _write(canvas: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    (width, height), below = cv2.getTextSize(text, FONT, TEXT, 1)
    x, y = at
    cv2.rectangle(canvas, (x - 3, y - height - 4), (x + width + 3, y + below), colour, cv2.FILLED)
    # Black or white, whichever stands out from the colour (luma of ITU-R BT.601).
    light = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2] > MIDDLE_GREY
    cv2.putText(canvas, text, at, FONT, TEXT, (0, 0, 0) if light else (255, 255, 255), 1, cv2.LINE_AA)
