"""The picture of one mistake: the place with what stands around it, what is true and what was said drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.recognise.mistakes import Box, Mistake

# Okabe & Ito (2008), as BGR; beside the colour, what is true is dashed and what was said is solid.
TRUE = (233, 180, 86)
SAID = (0, 159, 230)
_DARK = (0, 0, 0)
_EDGE = 360  # pixels of the longer edge: a label can be read, 500 pictures stay near 10 MB
_ZOOM = 8.0  # at most; beyond, there is nothing more to see
_AROUND = 0.9  # of the box's longer edge is shown on each side: the neighbours explain most mistakes
_LEAST = 12.0  # pixels shown on each side of however small a box
_QUALITY = 82


def picture_of(image: NDArray[np.uint8], mistake: Mistake) -> NDArray[np.uint8]:
    """Cut out the place of a mistake and draw its boxes.

    Args:
        image: (height, width, 3) BGR, the whole photograph, 1 pixel or more.
        mistake: with at least one box; boxes may reach over the picture or lie beside it.

    Returns:
        A new picture, at most 360 pixels long.
    """
    boxes = [box for box in (mistake.true_box, mistake.said_box) if box is not None]
    left, top, right, bottom = _window(boxes, *image.shape[1::-1])
    crop = image[top:bottom, left:right]
    scale = min(_ZOOM, _EDGE / max(crop.shape[:2]))
    size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
    smooth = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas = np.asarray(cv2.resize(crop, size, interpolation=smooth), np.uint8)
    for box, colour, dashed in ((mistake.said_box, SAID, False), (mistake.true_box, TRUE, True)):
        if box is not None:
            _frame(canvas, (np.array(box) - (left, top, left, top)) * scale, colour, dashed=dashed)
    return canvas


def as_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """The bytes of its file.

    Raises:
        ImageError: it cannot be encoded.
    """
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise ImageError("a picture of the report cannot be encoded", "see that there is memory left")
    return data.tobytes()


def _window(boxes: list[Box], wide: int, tall: int) -> tuple[int, int, int, int]:
    """Pixels to show: the boxes and something around them, inside the picture, at least one pixel."""
    corners = np.clip(np.array(boxes, np.float64), 0, [wide, tall, wide, tall])
    (x1, y1), (x2, y2) = corners[:, :2].min(0).tolist(), corners[:, 2:].max(0).tolist()
    around = max(_AROUND * max(x2 - x1, y2 - y1), _LEAST)
    # Never empty: the corners lie in the picture, and at least 12 pixels on each side come with them.
    left, top = int(max(x1 - around, 0)), int(max(y1 - around, 0))
    right, bottom = int(np.ceil(min(x2 + around, wide))), int(np.ceil(min(y2 + around, tall)))
    return left, top, right, bottom


def _frame(canvas: NDArray[np.uint8], box: NDArray[np.float64], colour: tuple[int, int, int], *, dashed: bool) -> None:
    """A frame with a dark rim, so that it is seen on any product; a part beside the picture is drawn at its border."""
    tall, wide = canvas.shape[:2]
    x1, y1, x2, y2 = np.clip(box, 0, [wide - 1, tall - 1, wide - 1, tall - 1]).round().astype(int).tolist()
    cv2.rectangle(canvas, (x1, y1), (x2, y2), _DARK, 5)
    if not dashed:
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2)
        return
    for x in range(x1, x2 + 1, 14):
        for y in (y1, y2):
            cv2.line(canvas, (x, y), (min(x + 8, x2), y), colour, 2)
    for y in range(y1, y2 + 1, 14):
        for x in (x1, x2):
            cv2.line(canvas, (x, y), (x, min(y + 8, y2)), colour, 2)
