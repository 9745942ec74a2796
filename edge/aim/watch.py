"""One camera, looked through about once a second until it is let go; the phone asks for what was seen last."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import structlog

from edge.aim.history import History
from edge.contract.errors import FacingsError
from edge.device.frames import Frames

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from edge.aim.eye import Eye, Seen
    from edge.capture.frame import FrameSource

EVERY_SECONDS = 1.0
QUALITY = 70

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Glance:
    """What was seen last. Before the first look: number 0."""

    number: int = 0
    at: float = 0.0  # seconds of the monotonic clock
    seen: Seen | None = None
    jpeg: bytes = b""  # empty where the camera gave no frame
    error: str = ""  # why this does not go on at all: a model or plan that cannot be used


class Watch:
    """Looks through one camera in a thread of its own.

    Args:
        camera: its id.
        source: its frames; closed with this.
        eye: makes something of them; made in the thread, since models load for seconds.
        every: seconds between two looks.
        history: of the view; it goes on.
    """

    def __init__(
        self,
        camera: str,
        source: FrameSource,
        eye: Callable[[], Eye],
        *,
        every: float = EVERY_SECONDS,
        history: History | None = None,
    ) -> None:
        self.camera = camera
        self.history = history or History()
        self._frames = Frames(camera, source)
        self._open_eye = eye
        self._eye: Eye | None = None
        self._every = every
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._glance = Glance()
        self._thread = threading.Thread(target=self._work, name=f"aim-{camera}", daemon=True)
        self._thread.start()

    @property
    def glance(self) -> Glance:
        """What was seen last."""
        return self._glance

    @property
    def eye(self) -> Eye | None:
        """What looks; None until its models are loaded."""
        return self._eye

    def store(self, number: int) -> Seen | None:
        """Take what was seen last for the reference view; None where that is not what the person saw.

        Raises:
            FacingsError: it cannot be used or written.
        """
        with self._lock:
            glance = self._glance
            if self._eye is None or glance.seen is None or not glance.jpeg or glance.number != number:
                return None
            self._eye.store(glance.seen)
            return glance.seen

    def close(self, timeout: float = 30.0) -> None:
        """Let go of the camera."""
        self._stop.set()
        self._frames.close()
        self._thread.join(timeout)

    def _work(self) -> None:
        try:
            self._eye = self._open_eye()
            while not self._stop.is_set():
                began = time.monotonic()
                self._look(self._eye)
                self._stop.wait(max(0.05, self._every - (time.monotonic() - began)))
        except Exception as error:  # whatever it is, the person on the ladder is told
            said = str(error) if isinstance(error, FacingsError) else f"{type(error).__name__}: {error}"
            log.exception("aim.ended", camera=self.camera)
            with self._lock:
                self._glance = Glance(self._glance.number, self._glance.at, error=said)

    def _look(self, eye: Eye) -> None:
        frame = self._frames.take()
        if self._stop.is_set():
            return
        at = time.monotonic()
        if frame is None:
            seen = eye.see(None, trouble=self._frames.error or "there are no more pictures")
        else:
            seen = eye.see(frame.image)
        jpeg = b"" if seen.picture is None else _jpeg(seen.picture)
        self.history.look(seen.findings, at=at)
        with self._lock:
            self._glance = Glance(self._glance.number + 1, at, seen, jpeg)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
