"""A stream of frames, read by a process that is killed and started anew when it falls silent."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from typing import TYPE_CHECKING

from edge.capture.child_process import PROGRAM, Reader, ReaderDiedError, ReaderSilentError
from edge.capture.child_wire import DIED, NOT_STARTED, SILENT, UNDEAD, Kind, Request
from edge.capture.frame import Frame
from edge.capture.stream_faults import fault
from edge.capture.stream_rules import BackOff, Deadlines, StreamState, advance
from edge.contract.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.capture.child_wire import Order, Reply

NANO = 1_000_000_000

USUAL_RATE = 25.0
"""Frames a second of a file that does not say."""


class _ClosedError(Exception):
    """The stream was closed while a capture was under way."""


class Stream:
    """Frames of a camera or a file, each by `capture`; a `FrameSource`.

    Of a live source a capture gives the newest frame, and those that came meanwhile are passed over; of a file it
    gives the next one, and none is. A source that failed is opened anew by the next capture, once its back-off is
    over. Any thread may ask for the state and the age, and close it.

    Args:
        order: what is read, and how.
        name: in errors and frames; holds no password.
        deadlines: after which silence its reader is killed.
        fresh: whether a live frame must be read after it is asked for; else it may be as old as the frame deadline.
        back_off: how long to wait after failures.
        program: the reader's command; a test gives one that hangs.
    """

    def __init__(
        self,
        order: Order,
        *,
        name: str,
        deadlines: Deadlines,
        fresh: bool = False,
        back_off: BackOff | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._order = order
        self._name = name
        self._deadlines = deadlines
        self._fresh = fresh
        self._back_off = back_off or BackOff()
        self._program = program
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._stop = threading.Event()
        self._capturing = threading.Lock()
        self._changing = threading.Lock()  # of state and reader
        self._state = StreamState.OPENING
        self._reader: Reader | None = None
        self._undead: Reader | None = None  # killed, but held in the kernel by a driver
        self._opened = 0.0  # monotonic seconds, as all moments here
        self._failures = 0
        self._again = 0.0  # when the back-off is over
        self._first_frame: float | None = None  # since it was opened
        self._last_frame: float | None = None
        self._next = 0  # of a file
        self.rate: float | None = None  # frames a second, as the source says; None: it does not, or not yet

    @property
    def state(self) -> StreamState:
        """What it is doing."""
        return self._state

    @property
    def reader_pid(self) -> int | None:
        """The number of its reader's process; None when there is none."""
        reader = self._reader
        return None if reader is None else reader.pid

    @property
    def gone(self) -> bool:
        """Whether no process of it is left."""
        return self._reader is None and (self._undead is None or self._undead.gone)

    def undead(self) -> SourceError:
        """What to say when it is not gone."""
        what, mend = fault(self._order.kind, UNDEAD, "")
        return SourceError(f"{self._name}: {what}", mend)

    def age(self) -> float | None:
        """Seconds since the last frame given was read; None before the first."""
        last = self._last_frame
        return None if last is None else time.monotonic() - last

    def capture(self, first: int = 0) -> Frame | None:
        """The next frame; None when a file has come to its end, or when the stream was closed.

        Waits for the frame, and before that for the end of a back-off.

        Args:
            first: of a file: frames before this one are passed over.

        Raises:
            SourceError: there was none in time, or the source broke off.
        """
        with self._capturing, contextlib.suppress(_ClosedError):
            if self._state is StreamState.BACKING_OFF:
                self._stop.wait(max(0.0, self._again - time.monotonic()))
                self._enter(StreamState.OPENING)
            if self._state in {StreamState.OPENING, StreamState.STREAMING}:
                return self._ask(self._reader or self._open(), first)
        return None

    def frames(self) -> Iterator[Frame]:
        """Every frame to the end.

        Raises:
            SourceError: the source failed. Called again, it goes on; in a file behind the last frame given.
        """
        while (frame := self.capture()) is not None:
            yield frame

    def close(self) -> None:
        """Kill the reader; a capture under way in another thread gives None."""
        self._stop.set()
        with self._changing:
            if self._state is StreamState.CLOSED:
                return
            self._state = advance(self._state, StreamState.CLOSED)
        self._drop()

    def _enter(self, state: StreamState) -> None:
        with self._changing:
            if self._state is StreamState.CLOSED:
                raise _ClosedError
            self._state = advance(self._state, state)

    def _open(self) -> Reader:
        """Start a reader."""
        if not self.gone:
            raise self._failed(UNDEAD)
        with self._changing:
            if self._state is StreamState.CLOSED:
                raise _ClosedError
            self._opened, self._first_frame = time.monotonic(), None
            try:
                self._reader = Reader(self._order, program=self._program)
            except OSError as error:
                reason = f"{NOT_STARTED} ({error.strerror})"
            else:
                return self._reader
        raise self._failed(reason)

    def _ask(self, reader: Reader, first: int) -> Frame | None:
        """One frame of the reader; None at the end of a file."""
        now = time.monotonic()
        opening = self._first_frame is None
        limit = self._deadlines.first if opening else self._deadlines.frame
        if first > self._next:  # passing over frames of a file takes time, though less than they last
            limit += (first - self._next) / (self.rate or USUAL_RATE)
        oldest = now if self._fresh else now - self._deadlines.frame
        request = Request(since=int(oldest * NANO)) if self._order.live else Request(max(first, self._next))
        try:
            reply, image = reader.ask(request, timeout=limit - (now - self._opened if opening else 0.0))
        except ReaderSilentError:
            self._enter(StreamState.STALLED)
            raise self._failed(f"{SILENT} within {limit:g} s") from None
        except ReaderDiedError as error:
            raise self._failed(f"{DIED} ({error})") from None
        if reply.kind is Kind.END:
            self._enter(StreamState.ENDED)
            self._drop()
            return None
        if image is None:
            raise self._failed(reply.reason)
        if opening:
            self._enter(StreamState.STREAMING)
        return self._frame(reply, image)

    def _frame(self, reply: Reply, image: NDArray[np.uint8]) -> Frame:
        read = reply.read_ns / NANO
        self.rate = reply.rate or None
        self._last_frame = read
        if self._first_frame is None:
            self._first_frame = read
        if read - self._first_frame >= self._back_off.steady:
            self._failures = 0
        if self._order.live:
            return Frame(image, self._name, None, seconds=read)
        self._next = reply.index + 1
        return Frame(image, f"{self._name}#{reply.index}", None, index=reply.index, seconds=reply.media)

    def _failed(self, reason: str) -> SourceError:
        """Kill the reader, if there is one, and begin the back-off."""
        words = self._reader.words() if self._reader is not None else ""
        self._failures += 1
        self._again = time.monotonic() + self._back_off.wait(self._failures, self._rng.random())
        self._enter(StreamState.BACKING_OFF)
        self._drop()
        what, mend = fault(self._order.kind, reason, words)
        return SourceError(f"{self._name}: {what}", mend)

    def _drop(self) -> None:
        with self._changing:
            reader, self._reader = self._reader, None
        if reader is not None and not reader.close():
            self._undead = reader
