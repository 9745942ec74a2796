"""The cameras at work: one thread each, until they are told to end or their replays are over."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from edge.capture.pace import Pace
from edge.device.metrics import Metrics
from edge.device.post import LONGEST_READ, OneView, Post
from edge.device.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.contract.business_day import Clockwork
    from edge.contract.payloads import Trigger
    from edge.device.camera import Camera
    from edge.device.clock import Clock
    from edge.device.door import Watcher
    from edge.device.fixture_views import FixtureViews
    from edge.device.post import Views
    from edge.device.traffic import TrafficCamera

LONGEST_BACK_OFF = 60.0
"""Seconds that a stream that failed waits at most before it is opened anew, within a step of a traffic camera."""

NICE = 5
"""Of the threads that count people. They look at every frame, so that a shelf that is read once in a quarter of an hour
goes before them; a quarter of a core remains theirs, and frames they miss they pass over."""

LONGEST_SLEEP = 30.0
"""A clock that was set meanwhile is looked at again after this many seconds."""

DISK_LOOK = 1.0
"""Seconds between two looks whether the disk takes events again."""


class Crew:
    """All cameras of one configuration. A changed configuration gets a crew of its own.

    Args:
        cameras: ready to capture; each belongs to this crew alone.
        traffic: cameras that count people, likewise.
        views: fixtures that several of the cameras look at; these take and read together.
        clock: says when a capture is due.
        clockwork: the store's day and hours.
        metrics: counts frames and readings.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        traffic: Sequence[TrafficCamera] = (),
        *,
        views: Sequence[FixtureViews] = (),
        clock: Clock,
        clockwork: Clockwork,
        metrics: Metrics | None = None,
    ) -> None:
        self.cameras = tuple(cameras)
        self.traffic = tuple(traffic)
        self.pulse = Pulse()
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._clockwork = clockwork
        self.failure: BaseException | None = None
        self._inference = threading.Lock()  # shared by all posts
        self._stop = threading.Event()
        together = {one.fixture.id for one in views}
        alone = [OneView(camera) for camera in self.cameras if camera.section.fixture not in together]
        self._posts = [*map(self._post, alone), *map(self._post, views)]
        work = [
            *((post.fixture, partial(self._watch, post)) for post in self._posts),
            *((camera.section.id, partial(self._count, camera)) for camera in self.traffic),
        ]
        self._threads = [threading.Thread(target=target, name=f"camera-{name}", daemon=True) for name, target in work]

    def _post(self, views: Views) -> Post:
        return Post(views, inference=self._inference, stop=self._stop, pulse=self.pulse, metrics=self._metrics)

    @property
    def ended(self) -> bool:
        """Whether every camera has come to the end of its pictures. A live camera never does."""
        return all(post.views.ended for post in self._posts) and all(camera.ended for camera in self.traffic)

    @property
    def everyone(self) -> tuple[Camera | TrafficCamera, ...]:
        """The cameras that look at fixtures, and those that count people."""
        return (*self.cameras, *self.traffic)

    def start(self) -> None:
        """Let every camera begin."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> bool:
        """Let every camera end; whether that was done within `timeout` seconds.

        A frame already taken is read to its end. A camera that is waited for is let go at once. What was counted so
        far is said.
        """
        self._stop.set()
        for camera in self.everyone:
            camera.close()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def capture(self, trigger: Trigger) -> None:
        """One capture of every fixture that has not ended, now; all at once, so that none waits for one that hangs."""
        wanted = [post for post in self._posts if not post.views.ended]
        if wanted:
            with ThreadPoolExecutor(len(wanted), thread_name_prefix="command") as pool:
                list(pool.map(lambda post: post.capture(trigger), wanted))

    def post(self, fixture: str) -> Post | None:
        """Where a fixture's captures are taken; None where no camera looks at it."""
        return next((post for post in self._posts if post.fixture == fixture), None)

    def look_through(self) -> None:
        """One frame of every live camera that looks at a fixture, which nobody reads: to know which give one."""
        if self._posts:
            with ThreadPoolExecutor(len(self._posts), thread_name_prefix="look") as pool:
                list(pool.map(lambda post: post.take_ahead(), self._posts))

    def forget_views(self) -> None:
        """Let every camera take what it shows next for its usual view."""
        with self._inference:
            for camera in self.cameras:
                camera.forget_view()

    def attend(self, watchers: Sequence[Watcher]) -> None:
        """Keep these going too, each in a thread of its own; before the crew starts."""
        self._threads += [
            threading.Thread(target=self._attend, args=(watcher,), name=watcher.name, daemon=True)
            for watcher in watchers
        ]

    def _attend(self, watcher: Watcher) -> None:
        """One watcher's thread."""
        try:
            watcher.run(self._stop)
        except BaseException as error:  # noqa: BLE001 - as in _watch
            self.failure = error
            self._stop.set()

    def _watch(self, post: Post) -> None:
        """One post's thread."""
        pace = Pace(post.views.cameras[0].section.schedule, self._clockwork)
        try:
            while not post.views.ended and self._sleep_until_due(post.views, pace):
                post.capture()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the agent must end with it, not go on blind
            self.failure = error
            self._stop.set()
        finally:
            for camera in post.views.cameras:
                with contextlib.suppress(Exception):
                    camera.close()

    def _count(self, camera: TrafficCamera) -> None:
        """One traffic camera's thread."""
        name = camera.section.id
        longest = LONGEST_READ + LONGEST_BACK_OFF + camera.section.deadline
        give_way()
        try:
            camera.begin()
            while not camera.ended and not self._stop.is_set():
                with self.pulse.busy(f"camera {name}", within=longest):
                    taken = camera.step()
                if taken:
                    self._metrics.frame(name)
                elif not camera.ended and not self._stop.is_set():
                    self._metrics.missed(name)
            camera.finish()
        except BaseException as error:  # noqa: BLE001 - as in _watch
            self.failure = error
            self._stop.set()
        finally:
            with contextlib.suppress(Exception):
                camera.close()

    def _sleep_until_due(self, views: Views, pace: Pace) -> bool:
        """Wait for the next capture; False when the crew is stopped first."""
        if views.replayed:
            while views.waits_for_disk and not self._stop.wait(DISK_LOOK):
                pass
            return not self._stop.is_set()
        pace.begin(wall=self._clock.now(), running=self._clock.running())
        while (left := pace.left(wall=self._clock.now(), running=self._clock.running())) != 0:
            if self._stop.wait(LONGEST_SLEEP if left is None else min(left, LONGEST_SLEEP)):
                return False
        return not self._stop.is_set()


def give_way() -> None:
    """Let other threads of the agent go before this one, where a thread can have a priority of its own: on Linux."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
