"""Pictures from files and bytes: whatever a camera or phone wrote becomes BGR bytes, or one clear error."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError
from edge.recognise.heads import Head, read_head
from edge.recognise.turns import NO_TURN, TURNS, Turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Larger pictures are refused before their pixels are unpacked: these take 360 MB, more than many a device has to spare.
# Phones and cameras of today go up to 108 megapixels, but for a mode or two that nobody takes shelves with.
MAX_PIXELS = 120_000_000
MAX_BYTES = 512 * 1024 * 1024  # of a file: MAX_PIXELS with 4 bytes each, not compressed
# A rotation noted in EXIF is applied here and not by the decoder, so that boxes can be told in pixels as stored.
AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION

# OpenCV writes its own lines about broken files to stderr; here a broken file is one ImageError.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # the same for broken videos


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is to be looked at, and how its file stores it."""

    image: NDArray[np.uint8]  # (height, width, 3) BGR, upright
    turn: Turn = NO_TURN  # from stored to upright


def read_upright(path: Path | str) -> Picture:
    """Read a picture file, turned as its EXIF says.

    Raises:
        ImageError: the file is missing, no picture, cut short or too large.
    """
    return decode_upright(read_file(path), str(path))


def decode_upright(data: bytes, name: str) -> Picture:
    """Decode a picture, turned as its EXIF says; else as `decode_image`."""
    head = _checked_head(data, name)
    turn = TURNS[head.orientation]
    return Picture(turn.upright(_unpacked(data, head, name)), turn)


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """Read a picture file.

    Returns:
        (height, width, 3) BGR, as stored (EXIF orientation is not applied).

    Raises:
        ImageError: the file is missing, no picture, cut short or too large.
    """
    return decode_image(read_file(path), str(path))


def decode_image(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode the bytes of a JPEG, PNG, WebP, BMP, TIFF or GIF picture; of several in one file, the first.

    Args:
        data: of the file.
        name: for the error.

    Returns:
        (height, width, 3) BGR, as stored; grey, 16-bit, CMYK and transparent pictures are converted.

    Raises:
        ImageError: not a picture, cut short or too large.
    """
    return _unpacked(data, _checked_head(data, name), name)


def read_file(path: Path | str) -> bytes:
    """The bytes of a file that may be a picture.

    Raises:
        ImageError: it is missing, cannot be read, is no file, or is too large for a picture.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe might never end, nor begin
            raise ImageError(f"{path}: not a file", "give a picture file")
        if status.st_size > MAX_BYTES:
            raise ImageError(f"{path}: too large for a picture", f"at most {MAX_BYTES // 1024**2} MB")
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}", "give a readable picture file") from error


def _checked_head(data: bytes, name: str) -> Head:
    """The head of a picture that may be unpacked.

    Raises:
        ImageError: not a picture, cut short or too large.
    """
    if not data:
        raise ImageError(f"{name}: the file is empty", "take the picture again")
    head = read_head(data)
    if head is None:
        raise ImageError(f"{name}: not a picture that can be read", "give a whole JPEG, PNG, WebP, BMP or TIFF file")
    if head.width * head.height > MAX_PIXELS:
        raise ImageError(
            f"{name}: {head.width}x{head.height} pixels are too many", f"at most {MAX_PIXELS // 10**6} megapixels"
        )
    if not head.whole:
        raise ImageError(f"{name}: the file is cut short or damaged", "copy it again, or take the picture again")
    return head


def _unpacked(data: bytes, head: Head, name: str) -> NDArray[np.uint8]:
    content = np.frombuffer(data, dtype=np.uint8)
    if head.heeded_at is not None:
        content = content.copy()
        content[head.heeded_at] = 1
    try:
        image = cv2.imdecode(content, AS_STORED)
    except (cv2.error, MemoryError) as error:
        raise ImageError(f"{name}: the picture cannot be unpacked", "convert it to JPEG or PNG") from error
    if image is None:
        raise ImageError(f"{name}: not a picture that can be read", "give a whole JPEG, PNG, WebP, BMP or TIFF file")
    return np.ascontiguousarray(image, dtype=np.uint8)
