from __future__ import annotations

import base64
import os
import struct
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import ImageError
from edge.recognise.images import MAX_BYTES, decode_image, decode_upright, read_image
from edge.recognise.turns import TURNS
from tests.edge.recognise.files import COLOUR, GREY_ALPHA, HELD, PALETTE, encoded, exif, png, tiff, with_exif

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# An 8x8 CMYK JPEG of pure cyan (OpenCV cannot write one).
CMYK = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6ut"
    "q2eAvMm6pseZqKuk/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAb/xAAUEAEAAAAAAAAAAAAAAAAA"
    "AAAA/9oADgRDAE0AWQBLAAA/ADJMTEz/2Q=="
)


def smooth(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 4, y * 5, (x + y) * 2], axis=2).clip(0, 255).astype(np.uint8)


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
        pytest.param(np.full((5, 6, 4), 51400, np.uint16), 200, id="16-bit colour with transparency"),
        pytest.param(np.full((1, 1, 3), 9, np.uint8), 9, id="one pixel"),
        pytest.param(np.full((5000, 1, 3), 9, np.uint8), 9, id="one column"),
        pytest.param(np.full((1, 5000, 3), 9, np.uint8), 9, id="one row"),
    ],
)
@pytest.mark.parametrize("extension", [".png", ".tiff"])
def test_unusual_pixels_become_bgr_bytes(image: NDArray[Any], pixel: int, extension: str) -> None:
    decoded = decode_image(encoded(extension, image), "shelf")
    assert decoded.dtype == np.uint8
    assert decoded.shape == (*image.shape[:2], 3)
    assert (decoded == pixel).all()


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        pytest.param(
            png(np.ones((5, 6), np.uint8), PALETTE, palette=bytes((1, 2, 3, 40, 80, 120))), (120, 80, 40), id="palette"
        ),
        pytest.param(png(np.full((5, 6, 2), (77, 0), np.uint8), GREY_ALPHA), (77, 77, 77), id="grey with alpha"),
        pytest.param(png(np.full((5, 6, 2), 51400, np.uint16), GREY_ALPHA), (200, 200, 200), id="the same of 16 bits"),
        pytest.param(encoded(".jpg", np.full((5, 6), 77, np.uint8)), (77, 77, 77), id="grey JPEG"),
        pytest.param(tiff(np.full((5, 6, 3), 51400, np.uint16), order=">"), (200, 200, 200), id="big-endian TIFF"),
    ],
)
def test_unusual_files_become_bgr_bytes(data: bytes, colour: tuple[int, int, int]) -> None:
    decoded = decode_image(data, "shelf")
    assert decoded.shape == (5, 6, 3)
    assert (decoded == colour).all()


@pytest.mark.parametrize("extension", [".gif", ".webp", ".png"])
def test_of_an_animation_the_first_picture_is_read(extension: str) -> None:
    animation = cv2.Animation()
    animation.frames = [np.full((8, 8, 3), level, np.uint8) for level in (255, 0, 90)]
    animation.durations = [100, 100, 100]
    done, data = cv2.imencodeanimation(extension, animation)
    assert done
    assert (decode_image(data.tobytes(), "shelf") > 250).all()


def test_a_tiff_of_floating_point_numbers_is_refused_rather_than_black() -> None:
    with pytest.raises(ImageError, match="not a picture that can be read"):
        decode_image(tiff(np.full((5, 6, 3), 0.5, np.float32)), "shelf")


def test_a_cmyk_jpeg_keeps_its_colour() -> None:
    blue, green, red = decode_image(CMYK, "shelf")[4, 4].tolist()
    assert blue > 200
    assert green > 200
    assert red < 50


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".tiff"])
@pytest.mark.parametrize("orientation", HELD)
def test_a_picture_is_read_as_stored_or_upright(extension: str, orientation: int) -> None:
    picture = smooth()
    stored = np.asarray(HELD[orientation](picture), np.uint8)
    if extension == ".tiff":
        data = tiff(np.ascontiguousarray(stored[..., ::-1]), orientation=orientation)
    else:
        data = with_exif(encoded(extension, stored), exif(orientation))
    as_stored = decode_image(data, "shelf")
    assert as_stored.shape == stored.shape
    assert np.abs(as_stored.astype(int) - stored).mean() < 6
    upright = decode_upright(data, "shelf")
    assert upright.image.shape == picture.shape
    assert np.abs(upright.image.astype(int) - picture).mean() < 6
    assert upright.turn == TURNS[orientation]


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff", ".gif"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.02, 0.5, 0.98, 0.9999])
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


SMALL = smooth(4, 4)
BOMBS = {
    "PNG": png(SMALL, COLOUR, size=(60_000, 60_000)),
    "JPEG": encoded(".jpg", SMALL).replace(b"\x00\x04\x00\x04\x03", b"\xea\x60\xea\x60\x03"),
    "JPEG with bytes between its segments": b"\xff\xd8\xff\xfe\x00\x02 \xff\xc0\x00\x11\x08\xea\x60\xea\x60\x03",
    "TIFF": tiff(SMALL, size=(60_000, 60_000)),
    "BMP": b"BM" + bytes(12) + struct.pack("<Iii", 40, 60_000, -60_000),
    "GIF": b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + encoded(".gif", SMALL)[10:],
    "WebP": b"RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\x5f\xea\x00\x5f\xea\x00",
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_file_that_claims_too_many_pixels_is_refused_before_any_is_unpacked(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^shelf: 60000x60000 pixels are too many \(at most 120 megapixels\)$"):
        decode_image(data, "shelf")


def test_a_picture_of_108_megapixels_is_read() -> None:
    image = decode_image(encoded(".jpg", np.full((9000, 12_000, 3), 90, np.uint8)), "shelf")
    assert image.shape == (9000, 12_000, 3)


def test_a_canvas_that_its_pictures_do_not_fill_is_no_picture() -> None:
    data = encoded(".webp", smooth())
    canvas = b"VP8X\x0a\x00\x00\x00" + bytes(4) + b"\x09\x00\x00\x09\x00\x00"
    with pytest.raises(ImageError, match="not a picture that can be read"):
        decode_image(b"RIFF" + struct.pack("<I", len(data) + 10) + b"WEBP" + canvas + data[12:], "shelf")


def test_what_is_no_file_of_bytes_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jpg")
    with (tmp_path / "huge.jpg").open("wb") as huge:
        huge.truncate(MAX_BYTES + 1)
    names = ("absent.jpg", "empty.jpg", "loop.jpg", "endless.jpg", "pipe.jpg", "huge.jpg", "x" * 300, "")
    for path in (tmp_path / name for name in names):
        with pytest.raises(ImageError, match=f"^{path}: "):
            read_image(path)
