from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import ImageError
from edge.recognise.images import decode_image, read_image, stored_size

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# An 8x8 CMYK JPEG of pure cyan (OpenCV cannot write one).
CMYK = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6ut"
    "q2eAvMm6pseZqKuk/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAb/xAAUEAEAAAAAAAAAAAAAAAAA"
    "AAAA/9oADgRDAE0AWQBLAAA/ADJMTEz/2Q=="
)


def encoded(extension: str, image: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(extension, image)
    assert done
    return data.tobytes()


def smooth(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 4, y * 5, (x + y) * 2], axis=2).clip(0, 255).astype(np.uint8)


def png_head(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_a_picture_is_read_as_bgr_bytes(extension: str) -> None:
    image = decode_image(encoded(extension, smooth()), "shelf")
    assert image.dtype == np.uint8
    assert image.shape == (40, 60, 3)
    assert np.abs(image.astype(int) - smooth()).mean() < 6


@pytest.mark.parametrize(
    ("image", "pixel"),
    [
        pytest.param(np.full((5, 6), 77, np.uint8), 77, id="grey"),
        pytest.param(np.full((5, 6), 51400, np.uint16), 200, id="16-bit grey"),
        pytest.param(np.full((5, 6, 3), 51400, np.uint16), 200, id="16-bit colour"),
        pytest.param(np.full((5, 6, 4), (9, 9, 9, 0), np.uint8), 9, id="wholly transparent"),
        pytest.param(np.full((1, 1, 3), 9, np.uint8), 9, id="one pixel"),
    ],
)
def test_unusual_pixels_become_bgr_bytes(image: NDArray[Any], pixel: int) -> None:
    decoded = decode_image(encoded(".png", image), "shelf")
    assert decoded.dtype == np.uint8
    assert decoded.shape == (*image.shape[:2], 3)
    assert (decoded == pixel).all()


def test_a_cmyk_jpeg_keeps_its_colour() -> None:
    blue, green, red = decode_image(CMYK, "shelf")[4, 4].tolist()
    assert blue > 200
    assert green > 200
    assert red < 50


def test_a_rotation_noted_in_exif_is_not_applied_since_boxes_are_in_stored_pixels() -> None:
    plain = encoded(".jpg", smooth(height=40, width=60))
    tiff = b"MM\x00\x2a\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + b"\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    others = cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR)
    assert others is not None
    assert others.shape == (60, 40, 3)  # it is applied where nobody asks otherwise
    assert (decode_image(turned, "shelf") == decode_image(plain, "shelf")).all()


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp"])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
def test_a_file_cut_short_is_refused_in_one_line(extension: str, part: float) -> None:
    rng = np.random.default_rng(0)
    data = encoded(extension, rng.integers(0, 256, (80, 80, 3), dtype=np.uint8))
    with pytest.raises(ImageError, match=r"^shelf: ") as caught:
        decode_image(data[: int(len(data) * part)], "shelf")
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_picture_or_an_image_error(data: bytes) -> None:
    try:
        image = decode_image(data, "shelf")
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


@given(st.integers(0, 600), st.binary(min_size=1, max_size=4))
def test_a_damaged_jpeg_gives_a_picture_or_an_image_error(place: int, damage: bytes) -> None:
    data = bytearray(encoded(".jpg", smooth()))
    data[place : place + len(damage)] = damage
    try:
        image = decode_image(bytes(data), "shelf")
    except ImageError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3


def test_more_than_100_megapixels_are_refused_from_the_head_alone() -> None:
    with pytest.raises(ImageError, match=r"50000x40000 pixels are too many .*100 megapixels"):
        decode_image(png_head(50_000, 40_000), "shelf")


def test_a_large_picture_that_is_allowed_is_read() -> None:
    image = decode_image(encoded(".jpg", np.full((7000, 9000, 3), 90, np.uint8)), "shelf")
    assert image.shape == (7000, 9000, 3)


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([".jpg", ".png"]))
def test_the_size_in_the_head_is_that_of_the_picture(height: int, width: int, extension: str) -> None:
    assert stored_size(encoded(extension, np.zeros((height, width, 3), np.uint8))) == (width, height)


def test_a_missing_file_and_a_folder_and_an_empty_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for path in (tmp_path / "absent.jpg", tmp_path, tmp_path / "empty.jpg"):
        with pytest.raises(ImageError, match=str(path)):
            read_image(path)
