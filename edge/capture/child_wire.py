"""What the agent and the reader of a camera, a process of its own, say to each other. Standard library only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import IntEnum
from struct import Struct
from typing import Literal

MAX_MESSAGE = 4096
MAX_REASON = 500

OPENS_NOT = "does not open"
NO_FRAME = "gives no frame"
BROKE_OFF = "the stream broke off"
TOO_FAST = "frames come faster than they can be decoded"
SILENT = "no frame"
DIED = "its reader ended"
NOT_STARTED = "no process can be started to read it"
UNDEAD = "the reader of before was killed and does not die"
"""Why there is no frame: the first four as the reader says it, the others as the agent finds it."""

_REQUEST = Struct("<Qq")
_REPLY = Struct("<BIIQQqdd")


class Kind(IntEnum):
    """What a reply says."""

    FRAME = 1
    END = 2  # of a video file
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read, and how.

    It travels as a line of JSON over the reader's standard input: addresses hold passwords, and a command line is for
    every user of the machine to see.
    """

    kind: Literal["usb", "rtsp", "video"]
    address: str | int
    width: int | None = None  # asked of a USB camera, pixels
    height: int | None = None
    rate: float | None = None  # of a live source: frames a second kept ready; None: one is made when it is asked for
    warm_up: int = 0  # frames passed over after opening
    open_ms: int = 20_000  # the library's own limits; the agent's deadlines hold whether these do or not
    read_ms: int = 20_000

    @property
    def live(self) -> bool:
        """Whether frames that nobody takes are passed over; those of a file wait."""
        return self.kind != "video"

    def dump(self) -> bytes:
        """As one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def load(cls, line: bytes) -> Order:
        """From one line."""
        return cls(**json.loads(line))


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for the next frame. It also hands back the memory of the frame before."""

    first: int = 0  # index of the first frame that will do
    since: int = 0  # nanoseconds of the monotonic clock: a frame read earlier will not do

    def dump(self) -> bytes:
        """As one message."""
        return _REQUEST.pack(self.first, self.since)

    @classmethod
    def load(cls, message: bytes) -> Request:
        """From one message."""
        return cls(*_REQUEST.unpack(message))


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers a request. With the first frame, and after each change of size, comes the file of the shared memory."""

    kind: Kind
    height: int = 0
    width: int = 0
    offset: int = 0  # of the pixels in the shared memory: rows of BGR, without gaps
    index: int = 0  # of the frame since opening, from 0
    read_ns: int = 0  # monotonic clock at which it came
    media: float = 0.0  # its own time, seconds
    rate: float = 0.0  # frames a second, as the source says; 0: it does not
    reason: str = ""  # of a failure

    def dump(self) -> bytes:
        """As one message."""
        numbers = (self.height, self.width, self.offset, self.index, self.read_ns, self.media, self.rate)
        return _REPLY.pack(self.kind, *numbers) + self.reason.encode()[:MAX_REASON]

    @classmethod
    def load(cls, message: bytes) -> Reply:
        """From one message.

        Raises:
            ValueError: it is none.
        """
        if len(message) < _REPLY.size:
            raise ValueError("a message too short")
        kind, height, width, offset, index, read_ns, media, rate = _REPLY.unpack_from(message)
        reason = message[_REPLY.size :].decode(errors="replace")
        return cls(Kind(kind), height, width, offset, index, read_ns, media, rate, reason)

    @property
    def octets(self) -> int:
        """How many bytes the pixels take."""
        return self.height * self.width * 3
