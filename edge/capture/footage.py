"""Frames for counting people: one after the other at a rate, whatever gives them."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from edge.capture.stream_rules import BackOff, Pace
from edge.contract.config import SnapshotSource, VideoSource
from edge.contract.errors import ImageError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.capture.frame import Frame, FrameSource
    from edge.capture.stream import Stream
    from edge.contract.config import TrafficCameraSection

USUAL_RATE = 25.0
"""Frames a second of a file that does not say."""


def open_footage(camera: TrafficCameraSection, *, after: int | None = None) -> FrameSource:
    """The source that a traffic camera's configuration describes. Nothing is opened before the first capture.

    A frame's `seconds` are those of the monotonic clock; of a recording that is replayed, those into the film.

    Args:
        camera: its configuration.
        after: of a recording, the number of the last frame that was counted; it goes on behind that one.
    """
    from edge.capture.video import open_stream  # noqa: PLC0415 - each kind loads what it needs

    match camera.source:
        case SnapshotSource(url=url):
            from edge.capture.snapshot import Snapshot  # noqa: PLC0415 - as above

            return Polled(Snapshot(url, deadline=camera.deadline), rate=camera.frames)
        case VideoSource() as section:
            stream = open_stream(section, deadline=camera.deadline)
            return VideoFootage(stream, rate=camera.frames, replayed=camera.recorded is not None, after=after)
        case section:
            return open_stream(section, deadline=camera.deadline, rate=camera.frames)


class VideoFootage:
    """A video file thinned out to a rate, the frames that `edge traffic` takes.

    Args:
        stream: every frame of the file.
        rate: frames a second that are wanted at most.
        replayed: whether it runs as fast as its frames are taken; else a frame comes when it is due, and none is left
            out where that is too fast.
        after: the number of the last frame that is not wanted any more.
    """

    def __init__(self, stream: Stream, *, rate: float, replayed: bool, after: int | None = None) -> None:
        self._stream = stream
        self._most = rate
        self._replayed = replayed
        self._first = 0 if after is None else after + 1
        self._last: int | None = None
        self._pace: Pace | None = None
        self._began = 0.0  # when the film's first second was, monotonic
        self._stop = threading.Event()

    def capture(self) -> Frame | None:
        """The next frame that is wanted; None at the end, or when closed.

        Raises:
            SourceError: the file cannot be read.
        """
        if self._last is None:
            return self._give(self._stream.capture(self._first))
        rate = self._stream.rate or USUAL_RATE
        number = self._last + 1
        while self._pace is not None and not self._pace.wants(number / rate):
            number += 1
        if not self._replayed and self._stop.wait(max(0.0, self._began + number / rate - time.monotonic())):
            return None
        return self._give(self._stream.capture(number))

    def close(self) -> None:
        """Close the file."""
        self._stop.set()
        self._stream.close()

    def _give(self, frame: Frame | None) -> Frame | None:
        if frame is None:
            return None
        rate = self._stream.rate or USUAL_RATE
        seconds = frame.index / rate
        if self._last is None:
            self._began = time.monotonic() - seconds
            self._pace = Pace(self._most) if self._most < rate else None
            if self._pace is not None:
                self._pace.wants(seconds)
        self._last = frame.index
        return replace(frame, seconds=seconds if self._replayed else self._began + seconds)


class Polled:
    """Still pictures fetched one after the other, as a stream gives frames; after failures it waits longer and longer.

    Args:
        source: gives a fresh picture at each capture.
        rate: pictures a second at most.
        back_off: how long to wait after failures.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        rate: float,
        back_off: BackOff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._interval = 1.0 / rate
        self._back_off = back_off or BackOff()
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._due = float("-inf")
        self._failures = 0
        self._stop = threading.Event()

    def capture(self) -> Frame | None:
        """The next picture, once it is due; None when closed.

        Raises:
            SourceError: none could be had.
            ImageError: what came is no picture.
        """
        if self._stop.wait(max(0.0, self._due - self._clock())):
            return None
        asked = self._clock()
        try:
            frame = self._source.capture()
        except (SourceError, ImageError):
            self._failures += 1
            self._due = self._clock() + self._back_off.wait(self._failures, self._rng.random())
            raise
        self._failures, self._due = 0, asked + self._interval
        return None if frame is None else replace(frame, seconds=self._clock())

    def close(self) -> None:
        """Let go of the camera; a capture under way gives None, or fails."""
        self._stop.set()
        self._source.close()
