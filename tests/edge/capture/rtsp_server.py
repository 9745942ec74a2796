"""A camera on the network that does as it is told: RTSP 1.0 over TCP, JPEG in RTP, and every way to fail.

RTSP (RFC 2326) with the pictures interleaved in its own connection; RTP/JPEG as in RFC 2435 with the quantisation
tables in band. Each connection plays the next script of the list, the last one for ever.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

import cv2
import numpy as np

from tests.edge.capture import h264

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

TICKS = 90_000
PACKET = 1400


@dataclass(frozen=True)
class Script:
    """What one connection sees."""

    pictures: tuple[tuple[int, int], ...] = ((320, 240),)  # width and height of each, in turn, the last for ever
    codec: Literal["jpeg", "h264"] = "jpeg"
    first: int = 0  # the frame that a connection begins with
    lost: frozenset[int] = frozenset()  # frames whose packets never come
    rate: float = 25.0  # frames a second as they are dated
    speed: float = 1.0  # frames are sent so many times as fast as they are dated; 0: as fast as they go
    frames: int | None = None  # after so many, `then` happens; None: never
    then: Literal["stall", "drop", "half", "bye"] = "stall"
    refuse: Literal["hang up", "silent", "unauthorised", "not found", "half an answer"] | None = None


@dataclass
class RtspServer:
    """Serves until it is closed; a context manager."""

    scripts: Sequence[Script]
    connections: int = 0
    requests: list[str] = field(default_factory=list)  # first lines, in order
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets.append(self._listener)
        self.port = int(self._listener.getsockname()[1])
        self._closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def url(self) -> str:
        return f"rtsp://user:secret@127.0.0.1:{self.port}/shelf"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                threading.Thread(target=self._serve, args=(connection, script), daemon=True).start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with contextlib.suppress(OSError), connection:
            for method, sequence in self._read_requests(connection):
                if script.refuse == "silent":
                    self._closed.wait()
                elif script.refuse == "hang up":
                    return
                elif script.refuse == "half an answer":
                    connection.sendall(b"RTSP/1.0 200 O")
                    self._closed.wait()
                elif script.refuse == "unauthorised":
                    realm = 'WWW-Authenticate: Basic realm="shelf"\r\n'
                    connection.sendall(f"RTSP/1.0 401 Unauthorized\r\nCSeq: {sequence}\r\n{realm}\r\n".encode())
                elif script.refuse == "not found" and method == "DESCRIBE":
                    connection.sendall(f"RTSP/1.0 404 Not Found\r\nCSeq: {sequence}\r\n\r\n".encode())
                else:
                    connection.sendall(_answer(method, sequence, script))
                    if method == "PLAY":
                        self._play(connection, script)
                        return

    def _read_requests(self, connection: socket.socket) -> Iterator[tuple[str, str]]:
        pending = b""
        while data := connection.recv(65536):
            pending += data
            while b"\r\n\r\n" in pending:
                request, _, pending = pending.partition(b"\r\n\r\n")
                lines = request.decode().split("\r\n")
                self.requests.append(lines[0])
                headers = dict(line.lower().split(": ", 1) for line in lines[1:])
                yield lines[0].split()[0], headers["cseq"]

    def _play(self, connection: socket.socket, script: Script) -> None:
        began, number, sequence = time.monotonic(), 0, 0
        while script.frames is None or number < script.frames:
            if script.speed:
                self._closed.wait(max(0.0, began + number / script.rate / script.speed - time.monotonic()))
            packets = _packets(script, number, sequence)
            sequence += len(packets)
            if number not in script.lost:
                connection.sendall(b"".join(map(_interleaved, packets)))
            number += 1
        if script.then == "half":
            packets = _packets(script, number, sequence)
            connection.sendall(b"".join(map(_interleaved, packets[: len(packets) // 2]))[:-100])
        if script.then == "bye":
            connection.sendall(_interleaved(struct.pack(">BBHI", 0x81, 203, 1, 1), channel=1))
        if script.then in {"stall", "half"}:
            self._closed.wait()


def _packets(script: Script, number: int, sequence: int) -> list[bytes]:
    timestamp = int(number / script.rate * TICKS)
    if script.codec == "h264":
        return h264.rtp_packets(script.first + number, sequence, timestamp)
    return rtp_packets(picture(script, number), sequence, timestamp)


def picture(script: Script, number: int) -> NDArray[np.uint8]:
    """The frame of that number: noise, so that it takes several packets, whose mean tells the number."""
    width, height = script.pictures[min(number, len(script.pictures) - 1)]
    noise = np.random.default_rng(number).integers(-20, 20, (height // 8, width // 8))
    grey = np.kron(shade(number) + noise, np.ones((8, 8)))
    return np.repeat(grey[:, :, None], 3, axis=2).astype(np.uint8)


def shade(number: int) -> int:
    """The mean of the frame of that number."""
    return 40 + number * 7 % 160


def rtp_packets(image: NDArray[np.uint8], sequence: int, timestamp: int) -> list[bytes]:
    """A picture as RTP packets (RFC 2435)."""
    ok, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert ok
    tables, kind, scan = _parts_of(encoded.tobytes())
    height, width = image.shape[:2]
    packets: list[bytes] = []
    offset = 0
    while offset < len(scan):
        piece = scan[offset : offset + PACKET]
        last = offset + len(piece) == len(scan)
        rtp = struct.pack(
            ">BBHII", 0x80, 26 | (0x80 if last else 0), (sequence + len(packets)) & 0xFFFF, timestamp & 0xFFFFFFFF, 1
        )
        jpeg = struct.pack(">IBBBB", offset, kind, 255, width // 8, height // 8)
        quantisation = struct.pack(">BBH", 0, 0, len(tables)) + tables if offset == 0 else b""
        packets.append(rtp + jpeg + quantisation + piece)
        offset += len(piece)
    return packets


def _parts_of(jpeg: bytes) -> tuple[bytes, int, bytes]:
    """Of a baseline JPEG: the quantisation tables, the RFC's type for its subsampling, and the scan."""
    tables, kind, at = b"", 0, 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, at)
        body = jpeg[at + 4 : at + 2 + length]
        if marker == 0xFFDB:
            for start in range(0, len(body), 65):
                tables += body[start + 1 : start + 65]
        elif marker == 0xFFC0:
            kind = {0x21: 0, 0x22: 1}[body[7]]
        elif marker == 0xFFDA:
            return tables, kind, jpeg[at + 2 + length : -2]
        at += 2 + length


def _interleaved(packet: bytes, channel: int = 0) -> bytes:
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet


def _answer(method: str, sequence: str, script: Script) -> bytes:
    head, body = f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n", ""
    match method:
        case "OPTIONS":
            head += "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        case "DESCRIBE":
            medium = h264.description() if script.codec == "h264" else "m=video 0 RTP/AVP 26\r\n"
            body = f"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=shelf\r\nt=0 0\r\n{medium}a=control:track1\r\n"
            head += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        case "SETUP":
            head += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        case "PLAY":
            head += "Session: 1\r\nRange: npt=0.000-\r\n"
    return f"{head}\r\n{body}".encode()
