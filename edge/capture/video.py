"""Video: a file at its own pace, and live cameras (USB, V4L2, RTSP) opened for each capture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.frame import Frame
from edge.contract.config import RtspSource, UsbSource
from edge.contract.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WARM_UP_FRAMES = 5
"""A camera just opened sets its exposure on the first frames, and a network stream starts on an old key frame."""


class VideoFile:
    """A video file: a capture gives the frame due by the time since the first; it ends at the last."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._video: cv2.VideoCapture | None = None
        self._began = 0.0
        self._frame = -1  # index of the frame grabbed last

    def capture(self) -> Frame | None:
        """The frame that is due now; None once the video is over.

        Raises:
            SourceError: the file is missing or no video.
        """
        if self._video is None:
            if not self._path.is_file():
                raise SourceError(f"{self._path}: no such file", "give the path of a video file")
            self._video = cv2.VideoCapture(str(self._path))
            self._began = self._clock()
        if not self._video.isOpened():
            raise SourceError(f"{self._path}: not a video that can be read", "convert it to MP4 (H.264) or AVI (MJPEG)")
        rate = self._video.get(cv2.CAP_PROP_FPS) or 25.0
        due = int((self._clock() - self._began) * rate)
        while self._frame < due:
            if not self._video.grab():
                return None
            self._frame += 1
        ok, image = self._video.retrieve()
        if not ok:
            return None
        return Frame(np.asarray(image, np.uint8), f"{self._path.name}#{self._frame}", None)

    def close(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.release()


class LiveCamera:
    """A camera or stream that is opened for each capture and closed after it.

    Captures are minutes apart: a stream held open between them would buffer old frames and break unseen.
    """

    def __init__(self, open_video: Callable[[], cv2.VideoCapture], *, name: str, mend: str) -> None:
        self._open_video = open_video
        self._name = name
        self._mend = mend

    def capture(self) -> Frame:
        """A fresh frame.

        Raises:
            SourceError: the camera did not open or gave no frame within its deadline.
        """
        video = self._open_video()
        try:
            if not video.isOpened():
                raise SourceError(f"{self._name}: the camera does not open", self._mend)
            image = None
            for _ in range(WARM_UP_FRAMES):
                ok, fresh = video.read()
                if not ok:
                    break
                image = fresh
        finally:
            video.release()
        if image is None:
            raise SourceError(f"{self._name}: the camera gives no frame", self._mend)
        return Frame(np.asarray(image, np.uint8), self._name, None)

    def close(self) -> None:
        """Nothing is held open between captures."""


def open_live(section: UsbSource | RtspSource, *, deadline: float) -> LiveCamera:
    """A USB, V4L2 or RTSP camera; `deadline` in seconds bounds opening and each read of a stream."""
    if isinstance(section, RtspSource):
        url, milliseconds = section.url, int(deadline * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        return LiveCamera(
            lambda: cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits),
            name=_without_password(url),
            mend="check its address, its password and the network",
        )
    device = section.device

    def open_usb() -> cv2.VideoCapture:
        video = cv2.VideoCapture(device, cv2.CAP_V4L2)
        if section.width is not None:
            video.set(cv2.CAP_PROP_FRAME_WIDTH, section.width)
        if section.height is not None:
            video.set(cv2.CAP_PROP_FRAME_HEIGHT, section.height)
        return video

    return LiveCamera(open_usb, name=f"camera {device}", mend="check the cable and the rights on /dev/video*")


def _without_password(url: str) -> str:
    """The address as it may stand in a log."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
