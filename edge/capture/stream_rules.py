"""The rules of a stream: its states, deadlines, back-off, pace and lag. Pure: time comes in as an argument.

Standard library only: the reader of a camera, a process of its own, loads this too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECTED_INTERVALS = 10
LEAST_FRAME_DEADLINE = 5.0
"""A stream over a bad network pauses for seconds and goes on by itself; opening it anew costs about as long."""

LAG_ALLOWED = 3.0
LAG_BORNE = 10.0
"""After a pause of the network frames come late and in a rush. A lag that lasts so many seconds does not go away."""

LAG_BUSY = 0.8
"""Frames queue up where the reader has no time to wait for them. One that waits has a camera that dates them wrong."""

CLOCK_DRIFT = 2e-4
"""Seconds a second by which a camera's clock may run slow or fast; quartz of cheap cameras stays well below."""


class StreamState(StrEnum):
    """What a stream is doing."""

    OPENING = "opening"  # no frame yet
    STREAMING = "streaming"
    STALLED = "stalled"  # a deadline was missed; its reader is being killed
    BACKING_OFF = "backing off"  # waiting before it is opened anew
    ENDED = "ended"  # the last frame of a file was read; a live stream never ends by itself
    CLOSED = "closed"


LEGAL: Mapping[StreamState, frozenset[StreamState]] = {
    StreamState.OPENING: frozenset(
        {
            StreamState.STREAMING,
            StreamState.STALLED,
            StreamState.BACKING_OFF,
            StreamState.ENDED,
            StreamState.CLOSED,
        }
    ),
    StreamState.STREAMING: frozenset(
        {StreamState.STALLED, StreamState.BACKING_OFF, StreamState.ENDED, StreamState.CLOSED}
    ),
    StreamState.STALLED: frozenset({StreamState.BACKING_OFF, StreamState.CLOSED}),
    StreamState.BACKING_OFF: frozenset({StreamState.OPENING, StreamState.CLOSED}),
    StreamState.ENDED: frozenset({StreamState.CLOSED}),
    StreamState.CLOSED: frozenset(),
}
"""From each state, the states that may follow."""


def advance(state: StreamState, to: StreamState) -> StreamState:
    """The state that follows.

    Raises:
        ValueError: that state cannot follow this one.
    """
    if to not in LEGAL[state]:
        raise ValueError(f"a stream that is {state} cannot become {to}")
    return to


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a stream may be silent, in seconds."""

    first: float  # from the start of its reader to the first frame
    frame: float  # from asking for a frame to having it


def deadlines_for(rate: float, *, first: float) -> Deadlines:
    """The deadlines of a stream that is to give `rate` frames a second."""
    return Deadlines(first, max(LEAST_FRAME_DEADLINE, EXPECTED_INTERVALS / rate))


@dataclass(frozen=True, slots=True)
class BackOff:
    """How long to wait before a stream that failed is opened anew, in seconds."""

    first: float = 1.0
    longest: float = 60.0
    steady: float = 30.0  # a stream that has run so long has not failed twice in a row

    def wait(self, failures: int, share: float) -> float:
        """The wait after so many failures in a row: doubling, bounded, and shortened by up to half.

        Args:
            failures: 1 or more.
            share: random, 0..1, so that the cameras of a shop do not come back in step after a power cut.
        """
        doublings = min(failures - 1, 32)  # what is over the bound need not become a huge number first
        return min(self.longest, self.first * 2.0**doublings) * (0.5 + 0.5 * share)


class Pace:
    """Thins a live stream out to a rate.

    Args:
        rate: frames a second that are wanted at most.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1.0 / rate
        self._due: float | None = None

    def wants(self, at: float) -> bool:
        """Whether the frame that came at `at` seconds is one to use. Times only grow.

        The frames used keep to a grid of the interval, each up to half of it early: 25 frames a second thinned to 10
        are 10, not 8, and a camera that keeps to the rate but for its jitter loses none.
        """
        if self._due is None or at >= self._due + self._interval:  # the first, or after a pause
            self._due = at
        if at < self._due - self._interval / 2:
            return False
        self._due += self._interval
        return True


class Lag:
    """Tells when frames are read slower than the camera sends them, so that they queue up and are ever older.

    A frame's own time and its arrival differ by a constant, the clocks' drift, and its time in queues. The least
    difference seen, let to rise as fast as clocks may drift, is taken for a frame that did not queue.
    """

    def __init__(self) -> None:
        self._least: float | None = None
        self._last = 0.0
        self._since: tuple[float, float] | None = None  # arrival and busy seconds when it began

    def lasts(self, arrived: float, media: float, busy: float) -> bool:
        """Whether frames have been late by more than `LAG_ALLOWED` for longer than `LAG_BORNE`.

        Args:
            arrived: when the frame was read, seconds; only grows.
            media: the frame's own time, seconds, as the camera dates it.
            busy: seconds that the reading thread has run or wanted to run, since some moment.
        """
        difference = arrived - media
        if self._least is None:
            self._least = difference
        else:
            self._least = min(difference, self._least + CLOCK_DRIFT * (arrived - self._last))
        self._last = arrived
        if difference - self._least <= LAG_ALLOWED:
            self._since = None
            return False
        if self._since is None:
            self._since = arrived, busy
        late, worked = arrived - self._since[0], busy - self._since[1]
        if late <= LAG_BORNE:
            return False
        if worked < LAG_BUSY * late:  # take the camera's new dates for good ones
            self._least, self._since = difference, None
            return False
        return True
