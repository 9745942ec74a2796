"""One traffic camera: frame -> people -> tracks -> counts, and an event for each interval.

Frames and tracks live in memory alone. What is counted of the interval under way is written down once a minute, as
counts: after a kill the next start says that much, so that at most `SAVE_SECONDS` of counting are lost, and the event
names the seconds that were observed. The rest of that interval is an event of its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from edge.contract.config import VideoSource
from edge.deliver.envelope import Draft, Stamp
from edge.device.counting import traffic_counted
from edge.device.frames import Frames
from edge.device.people_counter import PeopleCounter
from edge.device.store_time import StoreTime
from edge.device.traffic_memory import TrafficMemory, Unsaid, traffic_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from edge.capture.frame import Frame, FrameSource
    from edge.contract.config import TrafficCameraSection
    from edge.contract.payloads import TrafficCounted
    from edge.device.surroundings import Surroundings
    from edge.recognise.people import PeopleDetector
    from edge.traffic.totals import Totals

log = structlog.get_logger(__name__)

SAVE_SECONDS = 60.0
"""What a kill may cost of an interval. Each time is one commit of about a kilobyte on an SD card."""

CLOCK_SECONDS = 1.0
"""Seconds between two looks at the wall clock: the kernel's word on its synchronisation is not for every frame."""

RECENT = 0.1
"""Share of the latest frame in the mean time that a frame takes."""


class TrafficCamera:
    """A traffic camera at work. Its verbs are for one thread, but for `close`; anybody may look at it.

    Args:
        section: its configuration.
        source: its frames; their `seconds` are those of `running`, or into the film where that is replayed.
        detector: finds people; belongs to this camera alone.
        around: what it shares with the agent's other cameras.
        running: monotonic seconds.
    """

    def __init__(
        self,
        section: TrafficCameraSection,
        *,
        source: FrameSource,
        detector: PeopleDetector,
        around: Surroundings,
        running: Callable[[], float] = time.monotonic,
    ) -> None:
        self.section = section
        self.last_taken: datetime | None = None
        self.inference_ms: float | None = None  # mean of the latest frames
        self._frames = Frames(section.id, source, running=running)
        self._detector = detector
        self._around = around
        self._running = running
        self._memory = TrafficMemory.load(around.outbox.get_state(traffic_key(section.id)))
        self._time: StoreTime | None = None
        self._counter: PeopleCounter | None = None
        self._at = float("-inf")  # of the latest frame, the store's seconds
        self._synced = False  # of the wall clock, when it last agreed with the store's time
        self._looked = float("-inf")  # at the wall clock; running seconds, as the next two
        self._saved = float("-inf")

    @property
    def ended(self) -> bool:
        """Whether its source came to its end. A live camera never does."""
        return self._frames.ended

    @property
    def error(self) -> str:
        """Why no frame comes; empty while they do."""
        return self._frames.error

    @property
    def replayed(self) -> bool:
        """Whether it counts a recording, whose events carry the recording's own times."""
        return self.section.recorded is not None

    def begin(self) -> None:
        """Say what a killed agent had counted and could not say.

        Raises:
            DeliveryError: the outbox refuses.
        """
        unsaid = self._memory.unsaid
        if unsaid is None:
            return
        self._memory = self._memory.model_copy(update={"unsaid": None})
        self._append([unsaid.draft], unsaid.stamp)
        log.info("traffic.recovered", camera=self.section.id, until=unsaid.time.isoformat())

    def step(self) -> bool:
        """Wait for the next frame and take it into account; whether there was one.

        This waits as long as the camera's deadline and its back-off. A failing camera is told once when it fails, once
        when it is back; meanwhile nothing is observed, and intervals end when their time is over.

        Raises:
            FacingsError: what no later frame would mend: a model that gives nonsense, an outbox that refuses.
        """
        frame = self._frames.take()
        if frame is None:
            self._pass_time()
            return False
        self._keep_time()
        assert self._time is not None
        at = self._time.at(frame.seconds)
        if at > self._at:
            self._count(frame, at)
        return True

    def finish(self) -> None:
        """Say what the interval under way comes to, and begin anew with the next frame.

        Raises:
            DeliveryError: the outbox refuses.
        """
        totals = self._counter.finish() if self._counter is not None else None
        self._counter, self._at = None, float("-inf")
        self._tell(totals)

    def frame_age(self) -> float | None:
        """Seconds since the last frame, whatever was done to the wall clock; None before there was any."""
        return self._frames.age()

    def close(self) -> None:
        """Let go of the camera. A `step` under way in another thread ends soon."""
        self._frames.close()

    def _pass_time(self) -> None:
        if self.ended:
            self.finish()
        elif self._counter is not None and self._time is not None and not self.replayed:
            # A camera that is away must not hold back the interval it was at work in.
            ended = self._counter.elapse(self._time.at(self._running()))
            if ended is not None:
                self._tell(ended)

    def _keep_time(self) -> None:
        """Have the store's time right; where the wall clock was set, the interval ends with the old time.

        The people in view are followed anew then. An event never spans two readings of the clock.
        """
        if self.section.recorded is not None:
            if self._time is None:
                clockwork = self._around.clockwork
                self._time = StoreTime.fixed(self.section.recorded, running=0.0, clockwork=clockwork)
            return
        running = self._running()
        if self._time is not None and running - self._looked < CLOCK_SECONDS:
            return
        self._looked = running
        clock, clockwork = self._around.clock, self._around.clockwork
        now = clock.now()
        if self._time is not None and not self._time.holds(
            now, running=running, clockwork=clockwork, interval=self.section.interval
        ):
            log.warning("traffic.clock_set", camera=self.section.id, now=now.isoformat())
            self.finish()
            self._time = None
        if self._time is None:
            self._time = StoreTime.fixed(now, running=running, clockwork=clockwork)
        self._synced = clock.synced()

    def _count(self, frame: Frame, at: float) -> None:
        assert self._time is not None
        if self._counter is None:
            self._counter = PeopleCounter(self._detector, self.section, interval=self.section.interval)
            self._saved = self._running()
        began = time.perf_counter()
        observed = self._counter.take(frame.image, at=at)
        spent = 1000 * (time.perf_counter() - began)
        self.inference_ms = spent if self.inference_ms is None else (1 - RECENT) * self.inference_ms + RECENT * spent
        self._at, self.last_taken = at, self._time.moment(at)
        if self.replayed:
            assert isinstance(self.section.source, VideoSource)
            film = {"film": str(self.section.source.path), "frame": frame.index}
            self._memory = self._memory.model_copy(update=film)
        if observed.ended is not None or self._running() - self._saved >= SAVE_SECONDS:
            self._tell(observed.ended)

    def _tell(self, ended: Totals | None) -> None:
        """Append an interval that ended, and write down in the same transaction what the one under way comes to."""
        stamp = self._stamp()
        drafts = [Draft(counted.until, counted) for counted in self._counted(ended)]
        going_on = self._counter.finish() if self._counter is not None else None
        unsaid = next((Unsaid.of(counted, stamp) for counted in self._counted(going_on)), None)
        if not drafts and unsaid is None and self._memory.unsaid is None:
            return
        self._memory = self._memory.model_copy(update={"unsaid": unsaid})
        self._append(drafts, stamp)

    def _counted(self, totals: Totals | None) -> list[TrafficCounted]:
        """The event of an interval; none of one without any time in it."""
        if totals is None or self._time is None or not totals.until > totals.since:
            return []
        return [traffic_counted(totals, self.section, time_of=self._time.moment)]

    def _append(self, drafts: list[Draft], stamp: Stamp) -> None:
        state = {traffic_key(self.section.id): self._memory.dump()}
        self._around.outbox.append(drafts, stamp=stamp, state=state)
        self._saved = self._running()
        if drafts:
            self._around.wake()

    def _stamp(self) -> Stamp:
        """The circumstances of what was counted; a recording that carries its own time is as good as a synced clock."""
        clock = self._around.clock
        synced = self.replayed or self._synced
        return Stamp(self._around.zone, "synced" if synced else "unsynced", boot=clock.boot, up=clock.up())
