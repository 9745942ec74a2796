"""A camera's frames as the agent sees them: what fails is told once, what is back is told once, the age is known."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import ImageError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.capture.frame import Frame, FrameSource

log = structlog.get_logger(__name__)


class Frames:
    """The frames of one camera.

    Args:
        camera: its id, for the log.
        source: where they come from.
        running: seconds of a clock that only goes on.
    """

    def __init__(self, camera: str, source: FrameSource, *, running: Callable[[], float] = time.monotonic) -> None:
        self._camera = camera
        self._source = source
        self._running = running
        self._last: float | None = None
        self._closed = False
        self.ended = False
        """Whether the source came to its end. A live camera never does."""
        self.error = ""
        """Why no frame comes; empty while they do."""

    def take(self) -> Frame | None:
        """The next frame; None when none could be had, or when the source has come to its end: then it has `ended`."""
        try:
            frame = self._source.capture()
        except (SourceError, ImageError) as error:
            if self._closed:  # broken off: no fault of the camera
                return None
            if self.error != str(error):  # a camera that is away says the same each time, torn pictures do not
                log.warning("camera.failing", camera=self._camera, error=str(error))
            self.error = str(error)
            return None
        if frame is None:
            self.ended = not self._closed
            return None
        if self.error:
            log.info("camera.back", camera=self._camera)
            self.error = ""
        self._last = self._running()
        return frame

    def age(self) -> float | None:
        """Seconds since the last frame, whatever was done to the wall clock; None before there was any."""
        last = self._last
        return None if last is None else self._running() - last

    def close(self) -> None:
        """Let go of the camera. A `take` under way in another thread ends soon, with nothing."""
        self._closed = True
        self._source.close()
