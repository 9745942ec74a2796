"""Video files, and live cameras (USB, V4L2, RTSP): what is read, how, and how long it may take."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edge.capture.address import shown
from edge.capture.child_process import PROGRAM
from edge.capture.child_wire import Order
from edge.capture.stream import USUAL_RATE, Stream
from edge.capture.stream_rules import BackOff, Deadlines, deadlines_for
from edge.contract.config import RtspSource, UsbSource, VideoSource
from edge.contract.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from edge.capture.frame import Frame

WARM_UP_FRAMES = 4
"""A camera just opened sets its exposure on the first frames, and a network stream starts on an old key frame."""

KEPT_OPEN_BELOW = 30.0
"""Captures closer together than so many seconds keep their camera open. Opening takes 1 to 4 s and a burst of traffic;
an open stream costs the decoding of every frame of it, and 60 MB."""


class VideoFile:
    """A video file: a capture gives the frame due by the time since the first; it ends at the last."""

    def __init__(self, path: Path, *, deadline: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._began: float | None = None
        self._stream = open_stream(VideoSource(kind="video", path=path), deadline=deadline)

    def capture(self) -> Frame | None:
        """The frame that is due now; None once the video is over.

        Raises:
            SourceError: the file is missing or no video.
        """
        if not self._path.is_file():
            raise SourceError(f"{self._path}: no such file", "give the path of a video file")
        if self._began is None:
            frame, self._began = self._stream.capture(), self._clock()
            return frame
        return self._stream.capture(int((self._clock() - self._began) * (self._stream.rate or USUAL_RATE)))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class LiveCamera:
    """A camera or stream that is opened for each capture and closed after it.

    Captures are minutes apart: a stream held open between them would decode all day what nobody looks at.

    Args:
        open_once: a stream for one capture.
    """

    def __init__(self, open_once: Callable[[], Stream]) -> None:
        self._open_once = open_once
        self._stream: Stream | None = None
        self._closed = False

    def capture(self) -> Frame | None:
        """A fresh frame; None when the camera was closed meanwhile.

        Raises:
            SourceError: the camera did not open or gave no frame within its deadline.
        """
        if self._stream is not None and not self._stream.gone:
            raise self._stream.undead()
        self._stream = self._open_once()
        try:
            return None if self._closed else self._stream.capture()
        finally:
            self._stream.close()

    def close(self) -> None:
        """Break off a capture under way; there is none after it."""
        self._closed = True
        if self._stream is not None:
            self._stream.close()


def open_live(
    section: UsbSource | RtspSource, *, deadline: float, every: float | None = None, program: Sequence[str] = PROGRAM
) -> LiveCamera | Stream:
    """A USB, V4L2 or RTSP camera for single frames.

    Args:
        section: which.
        deadline: seconds that a frame may take, opening included.
        every: seconds between captures, where they come at an interval.
        program: the reader's command.
    """
    order, name = _order(section, deadline=deadline, warm_up=WARM_UP_FRAMES), _name(section)
    deadlines = Deadlines(first=deadline, frame=deadline)
    if every is not None and every < KEPT_OPEN_BELOW:
        back_off = BackOff(longest=every)
        return Stream(order, name=name, deadlines=deadlines, fresh=True, back_off=back_off, program=program)
    return LiveCamera(lambda: Stream(order, name=name, deadlines=deadlines, fresh=True, program=program))


def open_stream(
    section: UsbSource | RtspSource | VideoSource,
    *,
    deadline: float,
    rate: float | None = None,
    program: Sequence[str] = PROGRAM,
) -> Stream:
    """Frame after frame of a source: of a live one the newest, at a rate; of a file every one.

    Args:
        section: which.
        deadline: seconds that the first frame may take; of a file each one.
        rate: frames a second that are wanted of a live source at most; what it must hold to, too. None, for a file.
        program: the reader's command.

    Raises:
        ValueError: a live source without a rate.
    """
    if isinstance(section, VideoSource):
        deadlines = Deadlines(first=deadline, frame=deadline)
    elif rate is not None:
        deadlines = deadlines_for(rate, first=deadline)
    else:
        raise ValueError("a live stream needs a rate")
    order = _order(section, deadline=deadlines.first, rate=rate, frame_deadline=deadlines.frame)
    return Stream(order, name=_name(section), deadlines=deadlines, program=program)


def _order(
    section: UsbSource | RtspSource | VideoSource,
    *,
    deadline: float,
    frame_deadline: float | None = None,
    rate: float | None = None,
    warm_up: int = 0,
) -> Order:
    address: str | int
    width = height = None
    match section:
        case VideoSource():
            address, rate = str(section.path), None
        case RtspSource():
            address = section.url
        case UsbSource():
            address, width, height = section.device, section.width, section.height
    limits = (int(deadline * 1000), int((frame_deadline or deadline) * 1000))
    return Order(section.kind, address, width, height, rate, warm_up, *limits)


def _name(section: UsbSource | RtspSource | VideoSource) -> str:
    """As it may stand in a log."""
    match section:
        case VideoSource():
            return str(section.path)
        case RtspSource():
            return shown(section.url)
        case UsbSource():
            return f"camera {section.device}"
