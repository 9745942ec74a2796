"""Pictures from files and bytes: whatever a camera or phone wrote becomes BGR bytes, or one clear error."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Larger pictures are refused before their pixels are unpacked: 100 megapixels take 300 MB, much more than a device has.
MAX_PIXELS = 100_000_000
# Boxes are given in pixels of the file as stored, so a rotation noted in EXIF is not applied.
AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION

PNG_START, PNG_SIZE, PNG_END = b"\x89PNG\r\n\x1a\n", slice(16, 24), b"IEND"
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
MARKER = 0xFF
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers whose segment holds the size

# OpenCV writes its own lines about broken files to stderr; here a broken file is one ImageError.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # the same for broken videos


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """Read a picture file.

    Returns:
        (height, width, 3) BGR, as stored (EXIF orientation is not applied).

    Raises:
        ImageError: the file is missing, no picture, cut short or too large.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}", "give a readable picture file") from error
    return decode_image(data, str(path))


def decode_image(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode the bytes of a JPEG, PNG, WebP, BMP or TIFF picture.

    Args:
        data: of the file.
        name: for the error.

    Returns:
        (height, width, 3) BGR; grey, 16-bit, CMYK and transparent pictures are converted.

    Raises:
        ImageError: not a picture, cut short or too large.
    """
    if not data:
        raise ImageError(f"{name}: the file is empty", "take the picture again")
    if _is_cut_short(data):
        raise ImageError(f"{name}: the file is cut short", "copy it again, or take the picture again")
    width, height = stored_size(data) or (1, 1)
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name}: {width}x{height} pixels are too many", f"at most {MAX_PIXELS // 10**6} megapixels")
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), AS_STORED)
    except (cv2.error, MemoryError) as error:
        raise ImageError(f"{name}: the picture cannot be unpacked: {error}", "convert it to JPEG or PNG") from error
    if image is None or image.size == 0:
        raise ImageError(f"{name}: not a picture that can be read", "give a whole JPEG, PNG, WebP, BMP or TIFF file")
    if image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise ImageError(
            f"{name}: {image.shape[1]}x{image.shape[0]} pixels are too many",
            f"at most {MAX_PIXELS // 10**6} megapixels",
        )
    return np.ascontiguousarray(image, dtype=np.uint8)


def stored_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels as the head of a PNG or JPEG says; None for other formats and broken heads."""
    if data.startswith(PNG_START) and len(data) >= PNG_SIZE.stop:
        width, height = struct.unpack(">II", data[PNG_SIZE])
        return width, height
    if not data.startswith(JPEG_START):
        return None
    place = 2
    while place + 9 <= len(data) and data[place] == MARKER:
        marker = data[place + 1]
        if marker in JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        # A marker may be padded with further 0xFF bytes; every other segment carries its length.
        place += 1 if marker == MARKER else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None


def _is_cut_short(data: bytes) -> bool:
    """Whether a PNG or JPEG lacks its end: decoders may otherwise fill the rest with grey and say nothing."""
    if data.startswith(PNG_START):
        return PNG_END not in data
    if data.startswith(JPEG_START):
        return data.rfind(JPEG_END) < data.find(JPEG_SCAN)
    return False
