"""Pack shots and crops as a person hands them in: read upright, and trimmed to the pack where the ground is plain.

A facing is embedded from border to border. A pack shot with half its picture white would be embedded as a small pack
far away, and look like no facing on any shelf.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError
from edge.recognise.heads import PNG_START
from edge.recognise.images import decode_upright, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# A studio's white is even to a few levels, after JPEG too; the border of a crop from a shelf shows neighbours, shelf
# and shadow. Of 16,017 boxes of real photographs, cut from border to border, none passed for plain.
LIGHT, COLOURLESS = 200, 12  # least level and most spread of its channels: a flat red border is a drawn pack's own
PLAIN = 8  # levels that a plain ground may differ from its median
PLAIN_SHARE = 0.98  # of the picture's border that must be so: a thread, a speck of dust
APART = 12  # levels from the ground from which a pixel is the pack's
SPECK = 3  # pixels: what is thinner is dust
SMALLEST_SIDE = 16  # pixels: on a smaller picture nobody could tell one product from another

OPAQUE = 128  # alpha from which a pixel is the pack's
STAND_IN = 128  # grey level put behind a pack that was cut out: neither a white wall nor a black hole

_WEBP = b"RIFF"
_WITH_ALPHA = 4  # channels


def read_pack_shot(path: Path) -> NDArray[np.uint8]:
    """Read one picture of one product, turned upright as its EXIF says, and trim it to the pack.

    Returns:
        (height, width, 3) BGR: the pack from border to border, or the whole picture where its ground is not plain.

    Raises:
        ImageError: the file is missing, no picture, or transparent all over.
    """
    data = read_file(path)
    picture = decode_upright(data, str(path))
    if data.startswith((PNG_START, _WEBP)):
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if raw is not None and raw.ndim == picture.image.ndim and raw.shape[2] == _WITH_ALPHA:
            layered = (raw >> 8).astype(np.uint8) if raw.dtype == np.uint16 else raw
            return cut_out(picture.turn.upright(layered), name=str(path))
    return trim(picture.image)


def large_enough(path: Path, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture, if a product can be told on it.

    Raises:
        ImageError: a side of fewer than SMALLEST_SIDE pixels.
    """
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise ImageError(
            f"{path}: {width} x {height} pixels", f"enrol from pictures of at least {SMALLEST_SIDE} pixels a side"
        )
    return picture


def trim(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pack without the plain ground around it; the picture itself where the ground is not plain.

    Plain is a border of one white or light grey all round. A pack of the ground's own colour is taken for ground: a
    white carton on white is trimmed to its print.

    Args:
        picture: (height, width, 3) BGR.
    """
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.int16)
    ground = np.median(border, axis=0)
    if ground.min() < LIGHT or np.ptp(ground) > COLOURLESS:
        return picture
    if np.mean(np.abs(border - ground).max(1) <= PLAIN) < PLAIN_SHARE:
        return picture
    apart = (cv2.absdiff(picture, (*ground.tolist(), 0.0)).max(2) > APART).astype(np.uint8)
    pack = _span(cv2.morphologyEx(apart, cv2.MORPH_OPEN, np.ones((SPECK, SPECK), np.uint8)))
    return picture if pack is None else picture[pack]


def cut_out(layered: NDArray[np.uint8], *, name: str) -> NDArray[np.uint8]:
    """The pack of a picture with transparency, on grey; one that is opaque all over is trimmed like any other.

    Args:
        layered: (height, width, 4) BGR and alpha.
        name: for the error.

    Raises:
        ImageError: it is transparent all over.
    """
    alpha = layered[..., 3]
    if alpha.min() == np.iinfo(np.uint8).max:
        return trim(np.ascontiguousarray(layered[..., :3]))
    pack = _span((alpha >= OPAQUE).astype(np.uint8))
    if pack is None:
        raise ImageError(f"{name}: is transparent, and no pack large enough on it", "give a picture of the pack")
    blended = np.ascontiguousarray(layered[pack][..., :3])
    for row, see_through in zip(blended, layered[pack], strict=True):  # all at once a large picture takes gigabytes
        share = see_through[:, 3:].astype(np.float32) / 255
        row[:] = (row * share + STAND_IN * (1 - share)).round()
    return blended


def _span(pack: NDArray[np.uint8]) -> tuple[slice, slice] | None:
    """Rows and columns that hold all of the pack; None where it is no product's size."""
    rows, columns = np.flatnonzero(pack.any(1)), np.flatnonzero(pack.any(0))
    if not len(rows):
        return None
    spans = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return spans if min(span.stop - span.start for span in spans) >= SMALLEST_SIDE else None
