"""What a picture file says of itself before a pixel is unpacked: its size, how it is to be turned, whether it is whole.

The size bounds the memory that unpacking may take. Nothing here fails on any bytes: what makes no sense is no head.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Literal

PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
GIF_STARTS = (b"GIF87a", b"GIF89a")
TIFF_STARTS: dict[bytes, Literal["little", "big"]] = {b"II*\x00": "little", b"MM\x00*": "big"}
EXIF = b"Exif\x00\x00"

MARKER = 0xFF
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers whose segment holds the size
JPEG_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})  # markers without a segment
JPEG_EXIF, JPEG_SCAN, JPEG_LAST = 0xE1, 0xDA, 0xD9

WIDTH, HEIGHT, ORIENTATION = 0x0100, 0x0101, 0x0112  # tags of TIFF, and so of EXIF
SHORT, LONG = 3, 4  # types of tags
ORIENTATIONS = range(1, 9)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a picture file."""

    width: int  # pixels, as stored
    height: int
    orientation: int = 1  # as EXIF counts: 1 is upright
    whole: bool = True  # False: the file ends too early, or a checksum in it does not fit
    heeded_at: int | None = None  # where in the file the orientation stands, if decoders always heed it


def read_head(data: bytes) -> Head | None:
    """The head of a JPEG, PNG, WebP, BMP, TIFF or GIF file; None for other bytes."""
    head = None
    if data.startswith(JPEG_START):
        head = _jpeg(data)
    elif data.startswith(PNG_START):
        head = _png(data)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        head = _webp(data)
    elif data.startswith(b"BM"):
        head = _bmp(data)
    elif data.startswith(GIF_STARTS):
        head = Head(_little(data, 6, 2), _little(data, 8, 2))
    elif data[:4] in TIFF_STARTS:
        head = _tiff(data)
    return head if head and head.width > 0 and head.height > 0 else None


def _jpeg(data: bytes) -> Head | None:
    width = height = 0
    orientation, place = 1, 2
    while (place := data.find(MARKER, place)) >= 0:  # what stands between segments is passed over, as decoders do
        marker = data[place + 1] if place + 1 < len(data) else JPEG_LAST
        if marker == JPEG_LAST:
            break
        if marker == MARKER or marker in JPEG_BARE:
            place += 1 if marker == MARKER else 2
            continue
        end = place + 2 + max(2, _big(data, place + 2, 2))
        if marker in JPEG_FRAMES:
            height, width = _big(data, place + 5, 2), _big(data, place + 7, 2)
        elif marker == JPEG_EXIF and data.startswith(EXIF, place + 4):
            orientation = _orientation(data[place + 4 + len(EXIF) : end])
        elif marker == JPEG_SCAN:
            # A thumbnail in EXIF has an end of its own, before this place.
            return Head(width, height, orientation, whole=data.find(JPEG_END, place) >= 0)
        place = end
    return Head(width, height, orientation, whole=False)


def _png(data: bytes) -> Head | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = _big(data, 16, 4), _big(data, 20, 4)
    orientation, place = 1, len(PNG_START)
    while place + 12 <= len(data):
        kind, end = data[place + 4 : place + 8], place + 12 + _big(data, place, 4)
        # Decoders do without what is not critical; of that the checksum may be wrong.
        if end > len(data) or (kind[:1].isupper() and zlib.crc32(data[place + 4 : end - 4]) != _big(data, end - 4, 4)):
            break
        if kind == b"eXIf":
            orientation = _orientation(data[place + 8 : end - 4])
        if kind == b"IEND":
            return Head(width, height, orientation)
        place = end
    return Head(width, height, orientation, whole=False)


def _webp(data: bytes) -> Head | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    elif kind == b"VP8L":
        bits = _little(data, 21, 4)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
    else:
        return None
    orientation, place = 1, 12
    while place + 8 <= len(data):
        size = _little(data, place + 4, 4)
        if data[place : place + 4] == b"EXIF":
            orientation = _orientation(data[place + 8 : place + 8 + size].removeprefix(EXIF))
        place += 8 + size + size % 2
    return Head(width, height, orientation, whole=len(data) >= 8 + _little(data, 4, 4))


def _bmp(data: bytes) -> Head:
    if _little(data, 14, 4) == 12:  # noqa: PLR2004 - bytes of the oldest head
        return Head(_little(data, 18, 2), _little(data, 20, 2))
    height = int.from_bytes(data[22:26], "little", signed=True)  # negative: the rows begin at the top
    return Head(_little(data, 18, 4), abs(height))


def _tiff(data: bytes) -> Head:
    width, _ = _tag(data, WIDTH)
    height, _ = _tag(data, HEIGHT)
    orientation, place = _tag(data, ORIENTATION)
    if orientation not in ORIENTATIONS:
        return Head(width, height)
    return Head(width, height, orientation, heeded_at=place)


def _orientation(exif: bytes) -> int:
    """What a block of EXIF says, without its prefix; 1 where it says nothing that makes sense."""
    orientation, _ = _tag(exif, ORIENTATION)
    return orientation if orientation in ORIENTATIONS else 1


def _tag(tiff: bytes, wanted: int) -> tuple[int, int]:
    """Value of a number of the first directory, and the place of its lowest byte; 0, 0 where there is none."""
    order = TIFF_STARTS.get(tiff[:4])
    if order is None:
        return 0, 0
    start = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[start : start + 2], order)
    for place in range(start + 2, min(start + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind = (int.from_bytes(tiff[at : at + 2], order) for at in (place, place + 2))
        if tag == wanted and kind in (SHORT, LONG) and int.from_bytes(tiff[place + 4 : place + 8], order) == 1:
            size = 2 if kind == SHORT else 4
            value = int.from_bytes(tiff[place + 8 : place + 8 + size], order)
            return value, place + 8 + (0 if order == "little" else size - 1)
    return 0, 0


def _big(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "big")


def _little(data: bytes, place: int, size: int) -> int:
    return int.from_bytes(data[place : place + size], "little")
