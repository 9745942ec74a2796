"""The reader's work: one thread reads the camera without a pause, the other answers what the agent asks."""

from __future__ import annotations

import fcntl
import mmap
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import cv2
import numpy as np

from edge.capture.child_wire import BROKE_OFF, MAX_MESSAGE, NO_FRAME, OPENS_NOT, TOO_FAST, Kind, Order, Reply, Request
from edge.capture.stream_rules import Lag, Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SLOTS = 3
"""One frame is being written, one is ready, one is being copied out by the agent."""
SCHEDULER = Path("/proc/thread-self/schedstat")

HIGHEST_RATE = 1000.0
"""Streams without a rate say 90000, which is the ticks of their clock."""


class Video(Protocol):
    """What of `cv2.VideoCapture` is used."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802 - OpenCV's names
    def grab(self) -> bool: ...  # noqa: D102
    def retrieve(self, image: NDArray[np.uint8] | None = None, /) -> tuple[bool, NDArray[np.uint8]]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102


def open_video(order: Order) -> Video:
    """Open what an order names. It may not be open afterwards: then it says so itself."""
    cv2.setNumThreads(1)
    match order.kind:
        case "usb":
            video = cv2.VideoCapture(order.address, cv2.CAP_V4L2)
            if order.width is not None:
                video.set(cv2.CAP_PROP_FRAME_WIDTH, order.width)
            if order.height is not None:
                video.set(cv2.CAP_PROP_FRAME_HEIGHT, order.height)
            return cast("Video", video)
        case "rtsp":
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, order.open_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, order.read_ms]
            # Decoding by several threads at once hands out each frame as many frames late.
            params = [*limits, cv2.CAP_PROP_N_THREADS, 1]
            return cast("Video", cv2.VideoCapture(order.address, cv2.CAP_FFMPEG, params))
        case "video":
            # Of a str that is no UTF-8 OpenCV dies; that it takes bytes its stubs do not say.
            return cast("Video", cv2.VideoCapture(os.fsencode(str(order.address))))  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Ready:
    """A frame that waits to be asked for."""

    slot: int
    index: int
    read_ns: int
    media: float
    rate: float


class Memory:
    """Memory shared with the agent, for frames of one size.

    Args:
        shape: (height, width, 3).
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.octets = shape[0] * shape[1] * shape[2]
        self.file = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.file, SLOTS * self.octets)
        fcntl.fcntl(
            self.file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK
        )  # or the agent would die of a read behind its end
        pixels = np.frombuffer(mmap.mmap(self.file, SLOTS * self.octets), np.uint8)
        self.slots = pixels.reshape(SLOTS, *shape)
        self.told = False  # whether the agent has the file; it is closed here then


class Film:
    """Frames of one source, from its opening to its end.

    Args:
        order: what to read, and how.
        channel: requests come in, replies go out; one message each.
        opener: opens the source.
    """

    def __init__(self, order: Order, channel: socket.socket, opener: Callable[[Order], Video]) -> None:
        self._order = order
        self._channel = channel
        self._opener = opener
        self._changed = threading.Condition()
        # Under the condition:
        self._memory: Memory | None = None
        self._request: Request | None = None
        self._ready: Ready | None = None
        self._held: int | None = None  # the slot that the agent may be copying
        self._outcome: Reply | None = None

    def serve(self) -> None:
        """Answer until the agent hangs up."""
        threading.Thread(target=self._read, daemon=True).start()
        while message := self._channel.recv(MAX_MESSAGE):
            reply, file = self._answer(Request.load(message))
            if file is None:
                self._channel.send(reply.dump())
            else:
                socket.send_fds(self._channel, [reply.dump()], [file])
                os.close(file)

    def _answer(self, request: Request) -> tuple[Reply, int | None]:
        """The reply, and the memory's file if the agent does not know it yet. Waits for the camera."""
        with self._changed:
            self._held, self._request = None, request
            if not self._fits(request):
                self._ready = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._fits(request) or self._outcome)
            self._request = None
            ready, memory = self._ready, self._memory
            if ready is None or memory is None or not self._fits(request):
                assert self._outcome is not None
                return self._outcome, None
            self._ready, self._held = None, ready.slot
            self._changed.notify_all()
            file = None if memory.told else memory.file
            memory.told = True
        height, width = memory.shape[:2]
        offset = ready.slot * memory.octets
        return Reply(Kind.FRAME, height, width, offset, ready.index, ready.read_ns, ready.media, ready.rate), file

    def _fits(self, request: Request) -> bool:
        ready = self._ready
        return ready is not None and ready.index >= request.first and ready.read_ns >= request.since

    def _read(self) -> None:
        """The reading thread."""
        try:
            outcome = self._read_all()
        except Exception as error:  # noqa: BLE001 - the agent is told; the words of an error may hold the address
            outcome = Reply(Kind.FAILED, reason=f"its reader failed: {type(error).__name__}")
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()

    def _read_all(self) -> Reply:
        """Read to the end, and say what kind of end it was."""
        video = self._opener(self._order)
        if not video.isOpened():
            return Reply(Kind.FAILED, reason=OPENS_NOT)
        for _ in range(self._order.warm_up):
            if not video.grab():
                return Reply(Kind.FAILED, reason=NO_FRAME)
        pace, lag, index = Pace(self._order.rate) if self._order.rate else None, Lag(), 0
        while video.grab():
            read_ns, media = time.monotonic_ns(), video.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
            if self._order.kind == "rtsp" and lag.lasts(read_ns / 1e9, media, _busy_seconds()):
                return Reply(Kind.FAILED, reason=TOO_FAST)
            if self._wants(index) and (pace is None or pace.wants(read_ns / 1e9)):
                self._develop(video, index, read_ns, media)
            index += 1
        if index == 0:
            return Reply(Kind.FAILED, reason=NO_FRAME)
        return Reply(Kind.FAILED, reason=BROKE_OFF) if self._order.live else Reply(Kind.END)

    def _wants(self, index: int) -> bool:
        """Whether this frame may be of use. For a file, waits until the frame before was taken."""
        with self._changed:
            if not self._order.live:
                self._changed.wait_for(lambda: self._ready is None)
                return self._request is None or index >= self._request.first
            return self._order.rate is not None or self._request is not None

    def _develop(self, video: Video, index: int, read_ns: int, media: float) -> None:
        """Make the frame grabbed last ready. One that cannot be decoded is passed over."""
        with self._changed:
            memory = self._memory
            taken = {self._held, self._ready.slot if self._ready else None}
            slot = next(slot for slot in range(SLOTS) if slot not in taken)
        ok, image = video.retrieve(memory.slots[slot]) if memory else video.retrieve()
        if not ok or image is None:
            return
        image = _as_colour(image)
        if memory is None or memory.shape != image.shape:
            memory, slot = Memory(image.shape), 0
        if not np.shares_memory(memory.slots[slot], image):
            np.copyto(memory.slots[slot], image)
        with self._changed:
            if memory is not self._memory:
                if self._memory is not None and not self._memory.told:
                    os.close(self._memory.file)
                self._memory, self._held = memory, None
            if not self._order.live and self._request is not None and index < self._request.first:
                return  # asked meanwhile for a later one of a file; nobody would take this one away
            self._ready = Ready(slot, index, read_ns, media, _rate(video))
            self._changed.notify_all()


def _as_colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, 3) BGR of what a camera gives: some give grey only."""
    if image.ndim == 2 or image.shape[2] == 1:  # noqa: PLR2004
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), np.uint8)
    return image


def _busy_seconds() -> float:
    """Seconds that this thread has run or waited for a processor; 0 where the kernel does not count them."""
    try:
        ran, waited, _ = SCHEDULER.read_text().split()
    except (OSError, ValueError):
        return 0.0
    return (int(ran) + int(waited)) / 1e9


def _rate(video: Video) -> float:
    """Frames a second, as the source says; 0 where it says what cannot be."""
    rate = video.get(cv2.CAP_PROP_FPS)
    return rate if 0.0 < rate <= HIGHEST_RATE else 0.0
