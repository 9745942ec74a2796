"""A stream as most cameras send it: H.264, of which a frame is only what has changed since the one before.

`moving.h264` is a drawn pattern that moves, 192 x 144, 25 frames a second, one in 25 whole (libx264, `-bf 0 -g 25`). It
is sent as RFC 6184 says: what is too long for a packet in fragments (FU-A), parameter sets in the description as well.
"""

from __future__ import annotations

import base64
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP = Path(__file__).with_name("moving.h264")
PACKET = 1400
SLICE, WHOLE, PARAMETERS = 1, 5, (7, 8)  # NAL unit types

Unit = tuple[bytes, ...]
"""What belongs to one frame: NAL units without their start codes."""


@cache
def frames() -> tuple[Unit, ...]:
    """The clip, frame by frame."""
    found: list[Unit] = []
    before: list[bytes] = []
    for nal in CLIP.read_bytes().replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        before.append(nal)
        if nal[0] & 31 in {SLICE, WHOLE}:
            found.append(tuple(before))
            before = []
    return tuple(found)


@cache
def truth() -> NDArray[np.uint8]:
    """(frames, height, width, 3): the clip, read from its beginning."""
    video = cv2.VideoCapture(str(CLIP))
    pictures = []
    while (read := video.read())[0]:
        pictures.append(read[1])
    return np.asarray(pictures, np.uint8)


def description() -> str:
    """The lines of SDP that tell it."""
    sets = ",".join(base64.b64encode(nal).decode() for nal in frames()[0] if nal[0] & 31 in PARAMETERS)
    return (
        "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\n"
    )


def rtp_packets(number: int, sequence: int, timestamp: int) -> list[bytes]:
    """A frame as RTP packets; the clip goes on from its beginning after its last one."""
    unit = frames()[number % len(frames())]
    payloads = [payload for nal in unit for payload in _payloads(nal)]
    packets = []
    for index, payload in enumerate(payloads):
        last = 0x80 if index == len(payloads) - 1 else 0
        head = struct.pack(">BBHII", 0x80, 96 | last, (sequence + index) & 0xFFFF, timestamp & 0xFFFFFFFF, 1)
        packets.append(head + payload)
    return packets


def _payloads(nal: bytes) -> list[bytes]:
    if len(nal) <= PACKET:
        return [nal]
    pieces = [nal[start : start + PACKET] for start in range(1, len(nal), PACKET)]
    kind, importance = nal[0] & 31, nal[0] & 0xE0
    marks = [0x80] + [0] * (len(pieces) - 2) + [0x40]
    return [bytes([importance | 28, mark | kind]) + piece for mark, piece in zip(marks, pieces, strict=True)]
