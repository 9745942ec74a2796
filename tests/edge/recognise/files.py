"""Picture files, also those that OpenCV cannot write: noted orientations, palettes, grey with alpha, heads that lie."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GREY, COLOUR, PALETTE, GREY_ALPHA = 0, 2, 3, 4  # colour types of PNG
ORIENTATION = 0x0112
# To store an upright picture as a camera held so would have: what OpenCV and NumPy do, beside our own turns.
HELD: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda image: image,
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    7: lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
}


def encoded(extension: str, image: NDArray[Any], *options: int) -> bytes:
    done, data = cv2.imencode(extension, image, options)
    assert done
    return data.tobytes()


def exif(orientation: int, *, order: str = ">", kind: int = 3, count: int = 1, start: int = 8) -> bytes:
    """A block of EXIF with one tag."""
    head = (b"MM\x00*" if order == ">" else b"II*\x00") + struct.pack(order + "I", start)
    return head + struct.pack(order + "HHHIHHI", 1, ORIENTATION, kind, count, orientation, 0, 0)


def with_exif(picture: bytes, block: bytes) -> bytes:
    """A JPEG, PNG or WebP file of OpenCV's with a block of EXIF put into it."""
    if picture.startswith(b"\xff\xd8"):
        body = b"Exif\x00\x00" + block
        return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + picture[2:]
    if picture.startswith(b"RIFF"):
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        height, width = image.shape[:2]
        canvas = struct.pack("<I", 8) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
        padded = block + b"\x00" * (len(block) % 2)
        extended = b"VP8X" + struct.pack("<I", 10) + canvas
        chunks = extended + picture[12:] + b"EXIF" + struct.pack("<I", len(block)) + padded
        return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks
    return picture[:33] + png_chunk(b"eXIf", block) + picture[33:]


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(pixels: NDArray[Any], kind: int, *, palette: bytes = b"", size: tuple[int, int] | None = None) -> bytes:
    """A PNG of any colour type; `size` (width, height) is what its head claims."""
    width, height = size or pixels.shape[1::-1]
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, kind, 0, 0, 0)
    rows = b"".join(b"\x00" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in pixels)
    chunks = [(b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks if body or kind == b"IEND")


def tiff(
    pixels: NDArray[Any], *, orientation: int = 1, size: tuple[int, int] | None = None, order: Literal["<", ">"] = "<"
) -> bytes:
    """A TIFF, not compressed, grey or colour (RGB); `size` (width, height) is what its head claims."""
    width, height = size or pixels.shape[1::-1]
    colours = 1 if pixels.ndim == 2 else 3
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    depth = 8 * pixels.dtype.itemsize
    form = 3 if pixels.dtype.kind == "f" else 1
    longs = {256: width, 257: height, 273: 16, 278: height, 279: len(data)}
    shorts = {259: 1, 262: 1 if colours == 1 else 2, ORIENTATION: orientation, 277: colours, 339: form}
    entries = [struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in longs.items()]
    entries += [struct.pack(order + "HHIHH", tag, 3, 1, value, 0) for tag, value in shorts.items()]
    bits = struct.pack(order + "HH", depth, 0) if colours == 1 else struct.pack(order + "I", 8)
    entries.append(struct.pack(order + "HHI", 258, 3, colours) + bits)
    entries.sort(key=lambda entry: struct.unpack_from(order + "H", entry))
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    start = b"II*\x00" if order == "<" else b"MM\x00*"
    return start + struct.pack(order + "I4H", 16 + len(data), *[depth] * 3, 0) + data + directory
