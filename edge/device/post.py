"""A fixture's cameras at their post: one, or several views that take and read together, for one capture at a time."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from edge.capture.door import best_after, thumbnail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edge.capture.door import Thumbnail
    from edge.contract.payloads import Trigger
    from edge.device.camera import Camera
    from edge.device.door import Openings
    from edge.device.door_frames import FramesBefore
    from edge.device.look import Taken
    from edge.device.metrics import Metrics
    from edge.device.pulse import Pulse

LONGEST_READ = 300.0
"""Seconds for one frame on the weakest device, its turn behind every other camera included. Longer is a hang."""

FRAMES_APART = 1.0
"""Seconds between the frames after a door closed: what still swings or walks away is elsewhere on the next."""


class Views(Protocol):
    """What shows a fixture: its only camera, or several whose frames of one moment are read together."""

    @property
    def cameras(self) -> Sequence[Camera]:
        """Each of them."""

    @property
    def name(self) -> str:
        """What they are called where one reads of them."""

    @property
    def ended(self) -> bool:
        """Whether all came to the end of their pictures."""

    @property
    def replayed(self) -> bool:
        """Whether pictures carry their own times and are taken without waiting."""

    @property
    def waits_for_disk(self) -> bool:
        """Whether what was said last waits for a disk that does not take it."""

    def take(self) -> dict[str, Taken]:
        """One frame of every camera that gives one, by its id."""

    def read(self, taken: Mapping[str, Taken], trigger: Trigger, openings: Openings | None = None) -> frozenset[str]:
        """Append what frames of one moment say; the ids of the cameras whose frames were accepted."""


class OneView:
    """The only camera of a fixture."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.cameras = (camera,)
        self.name = f"camera {camera.section.id}"

    @property
    def ended(self) -> bool:
        """See `Views`."""
        return self._camera.ended

    @property
    def replayed(self) -> bool:
        """See `Views`."""
        return self._camera.replayed

    @property
    def waits_for_disk(self) -> bool:
        """See `Views`."""
        return self._camera.waits_for_disk

    def take(self) -> dict[str, Taken]:
        """See `Views`."""
        taken = self._camera.take()
        return {} if taken is None else {self._camera.section.id: taken}

    def read(self, taken: Mapping[str, Taken], trigger: Trigger, openings: Openings | None = None) -> frozenset[str]:
        """See `Views`."""
        return frozenset(name for name, one in taken.items() if self._camera.read(one, trigger, openings))


class Post:
    """Captures of one fixture, by schedule, by command, and before and after its door opened.

    Args:
        views: what shows the fixture; it belongs to this post alone.
        inference: held while frames are read: two cores serve one reading at a time faster than two at once.
        stop: set when the crew ends.
        pulse: is told what is under way.
        metrics: counts frames and readings.
    """

    def __init__(
        self, views: Views, *, inference: threading.Lock, stop: threading.Event, pulse: Pulse, metrics: Metrics
    ) -> None:
        self.views = views
        self.fixture = views.cameras[0].section.fixture
        self._inference = inference
        self._stop = stop
        self._pulse = pulse
        self._metrics = metrics
        self._busy = threading.Lock()  # a command or a door may come while a capture by schedule is under way
        self._usual: dict[str, Thumbnail] = {}  # of the last frame accepted with its door closed, by camera

    @property
    def live(self) -> bool:
        """Whether a camera shows what is there now, not what a replay once saw."""
        return any(not camera.replayed for camera in self.views.cameras)

    def capture(self, trigger: Trigger = "scheduled") -> None:
        """One capture, now."""
        with self._at_work("", frames=1):
            taken = self.views.take()  # a camera may hang here up to its deadline, and other posts go on
            for camera in self.views.cameras:
                if camera.section.id in taken:
                    self._metrics.frame(camera.section.id)
                elif not camera.ended and not self._stop.is_set():
                    self._metrics.missed(camera.section.id)
            accepted = self._read(taken, trigger)
            self._usual |= {name: thumbnail(taken[name].frame.image) for name in accepted}

    def glance(self) -> NDArray[np.uint8] | None:
        """The newest frame of a live camera, (height, width, 3) BGR, which nobody reads; None without one."""
        for camera in self.views.cameras:
            if not camera.replayed:
                with self._busy:
                    taken = None if self._stop.is_set() else camera.take()
                return None if taken is None else taken.frame.image
        return None

    def take_ahead(self) -> dict[str, Taken]:
        """The newest frame of each live camera, by its id; nobody reads them unless the door opens.

        A folder that stands in for a camera gives none: each of its pictures is a capture.
        """
        found: dict[str, Taken] = {}
        for camera in self.views.cameras:
            if not camera.pictured and not camera.ended:
                with self._busy:
                    taken = None if self._stop.is_set() else camera.take()
                if taken is not None:
                    found[camera.section.id] = taken
        return found

    def look_before(self, ahead: FramesBefore, *, opened: float) -> None:
        """The best capture from before the door opened, where there is one that is newer than the last.

        Args:
            ahead: frames from before.
            opened: when the door opened, monotonic seconds.
        """
        last = [camera.last_read for camera in self.views.cameras if camera.last_read]
        taken = ahead.take_best(opened=opened, usual=self._usual, newer_than=max(last, default=None))
        if taken:
            with self._at_work(" before its door"):
                self._read(taken, "door_before")

    def look_after(self, frames: int, openings: Openings) -> bool:
        """The best capture after the door closed; whether one was accepted.

        Args:
            frames: how many to take, a second apart; the best of them is read.
            openings: of the door, since the last capture.
        """
        wanted = [camera for camera in self.views.cameras if not camera.replayed and not camera.ended]
        if not wanted:
            return False
        with self._at_work(" after its door", frames=frames):
            with ThreadPoolExecutor(len(wanted), thread_name_prefix="door") as pool:
                some = list(pool.map(partial(self._take_some, frames=frames), wanted))
            best = {
                name: taken[best_after([one.frame.image for one in taken], self._usual.get(name))]
                for name, taken in zip((camera.section.id for camera in wanted), some, strict=True)
                if taken
            }
            return bool(self._read(best, "door_after", openings))

    def _read(self, taken: Mapping[str, Taken], trigger: Trigger, openings: Openings | None = None) -> frozenset[str]:
        if not taken:
            return frozenset()
        with self._inference:
            began = time.monotonic()
            accepted = self.views.read(taken, trigger, openings)
            for name in taken:
                self._metrics.read(name, seconds=(time.monotonic() - began) / len(taken))
        return accepted

    def _take_some(self, camera: Camera, frames: int) -> list[Taken]:
        some: list[Taken] = []
        for _ in range(frames):
            if self._stop.wait(FRAMES_APART):  # before the first too: the capture before may be of this very second
                break
            if (taken := camera.take()) is not None:
                self._metrics.frame(camera.section.id)
                some.append(taken)
        return some

    @contextmanager
    def _at_work(self, why: str, *, frames: int = 0) -> Iterator[None]:
        """One capture that takes this many frames: it must come to an end, and no other begins meanwhile."""
        deadline = max(camera.section.deadline for camera in self.views.cameras)
        within = LONGEST_READ + frames * (deadline + FRAMES_APART)
        with self._pulse.busy(f"{self.views.name}{why}", within=within), self._busy:
            yield
