"""What is told of a file before it is unpacked: the files are those of OpenCV, or made byte by byte."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.heads import Head, read_head
from tests.edge.recognise.files import COLOUR, GREY, encoded, exif, png, png_chunk, tiff, with_exif

FORMATS = [".jpg", ".png", ".webp", ".bmp", ".tiff", ".gif"]
NOISE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(FORMATS))
def test_the_size_is_that_of_the_picture(height: int, width: int, extension: str) -> None:
    head = read_head(encoded(extension, np.zeros((height, width, 3), np.uint8)))
    assert head is not None
    assert (head.width, head.height, head.orientation, head.whole) == (width, height, 1, True)


@pytest.mark.parametrize(("quality", "chunk"), [(80, b"VP8 "), (101, b"VP8L")], ids=["lossy", "lossless"])
def test_both_kinds_of_webp_tell_their_size(quality: int, chunk: bytes) -> None:
    data = encoded(".webp", NOISE, cv2.IMWRITE_WEBP_QUALITY, quality)
    assert data[12:16] == chunk
    assert read_head(data) == Head(60, 40)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_read_from_exif(extension: str, orientation: int, order: str) -> None:
    head = read_head(with_exif(encoded(extension, NOISE), exif(orientation, order=order)))
    assert head == Head(60, 40, orientation)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(exif(0), id="no orientation is 0"),
        pytest.param(exif(9), id="nor 9"),
        pytest.param(exif(6, kind=12), id="a floating-point number"),
        pytest.param(exif(6, count=2**32 - 1), id="a list beyond the file"),
        pytest.param(exif(6, start=2**32 - 16), id="a directory beyond the file"),
        pytest.param(exif(6)[:16], id="cut inside the tag"),
        pytest.param(b"MM\x00*\x00\x00\x00\x08\xff\xff", id="65535 tags and none there"),
        pytest.param(b"XX" + exif(6)[2:], id="neither byte order"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_exif_that_makes_no_sense_turns_nothing(extension: str, block: bytes) -> None:
    assert read_head(with_exif(encoded(extension, NOISE), block)) == Head(60, 40)


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_orientation_of_a_tiff_is_told_with_its_place(order: Literal["<", ">"]) -> None:
    data = tiff(NOISE, orientation=6, order=order)
    head = read_head(data)
    assert head is not None
    assert head.orientation == 6
    assert head.heeded_at is not None
    assert read_head(data[: head.heeded_at] + b"\x03" + data[head.heeded_at + 1 :]) == Head(
        60, 40, 3, heeded_at=head.heeded_at
    )


JPEG, PNG = encoded(".jpg", NOISE), encoded(".png", NOISE)
THUMBNAIL = with_exif(JPEG, exif(1) + encoded(".jpg", NOISE[:20, :30]))


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        pytest.param(JPEG, True, id="JPEG"),
        pytest.param(JPEG[:-2], False, id="JPEG without its end"),
        pytest.param(THUMBNAIL, True, id="JPEG with a thumbnail, which is a JPEG of its own"),
        pytest.param(THUMBNAIL[:-2], False, id="the thumbnail's end is not the picture's"),
        pytest.param(JPEG[: len(JPEG) // 2] + bytes(len(JPEG) // 2), False, id="JPEG whose rest was never written"),
        pytest.param(JPEG + b"a video that the phone took along", True, id="JPEG and more"),
        pytest.param(JPEG[:2] + b"\xff\xff\xff" + JPEG[3:], True, id="JPEG with padding before a marker"),
        pytest.param(PNG, True, id="PNG"),
        pytest.param(PNG[:-1], False, id="PNG but its last byte"),
        pytest.param(PNG[:-12], False, id="PNG without its end"),
        pytest.param(PNG[:900] + bytes([PNG[900] ^ 1]) + PNG[901:], False, id="PNG with one wrong bit"),
        pytest.param(PNG[:33] + b"\x00\x00\x00\x01tEXtx????" + PNG[33:], True, id="PNG with a wrong bit in a comment"),
        pytest.param(encoded(".webp", NOISE)[:-1], False, id="WebP but its last byte"),
    ],
)
def test_a_file_cut_short_or_damaged_is_not_whole(data: bytes, whole: bool) -> None:  # noqa: FBT001 - a value of the table
    head = read_head(data)
    assert head is not None
    assert (head.width, head.height, head.whole) == (60, 40, whole)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello, I am a text\n", id="text"),
        pytest.param(JPEG[:20], id="JPEG cut before its size"),
        pytest.param(PNG[:8], id="PNG of eight bytes"),
        pytest.param(png(NOISE, COLOUR, size=(0, 5)), id="no pixel across"),
        pytest.param(tiff(NOISE)[:20], id="TIFF without its directory"),
        pytest.param(b"RIFF\x00\x00\x00\x00WAVE", id="a sound"),
        pytest.param(PNG[:8] + png_chunk(b"abCd", PNG[16:29]) + PNG[8:], id="PNG that begins with another chunk"),
        pytest.param(encoded(".webp", NOISE).replace(b"VP8L", b"JUNK"), id="WebP that begins with another chunk"),
    ],
)
def test_other_bytes_have_no_head(data: bytes) -> None:
    assert read_head(data) is None


@given(st.sampled_from([JPEG[:4], PNG[:16], b"RIFF1234WEBP", b"BM", b"II*\x00", b"MM\x00*", b"GIF89a"]), st.binary())
def test_any_bytes_behind_a_start_give_a_head_or_none(start: bytes, rest: bytes) -> None:
    head = read_head(start + rest)
    assert head is None or (head.width > 0 and head.height > 0 and 1 <= head.orientation <= 8)


def test_the_head_of_a_grey_png_of_16_bits() -> None:
    assert read_head(png(np.zeros((5, 7), np.uint16), GREY)) == Head(7, 5)
