"""A video file from its first frame to its last, one frame in memory at a time; and one that is written."""

from __future__ import annotations

from dataclasses import dataclass
from os import fsencode
from os.path import isfile
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from edge.capture.stream_rules import Pace
from edge.contract.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

USUAL_RATE = 25.0
HIGHEST_RATE = 1000.0
"""Files without a rate say 90000, which is the ticks of their clock."""

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".avi": "MJPG"}
"""What OpenCV's own FFmpeg writes on every platform."""


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """One frame of a video file."""

    number: int  # from 0
    seconds: float  # since the first frame, by the file's rate
    image: NDArray[np.uint8]  # (height, width, 3) BGR


class Film:
    """A video file, read as fast as its frames are asked for.

    Args:
        path: of the file.

    Raises:
        ImageError: it is missing, or no video that can be read.
    """

    def __init__(self, path: Path) -> None:
        if not isfile(path):  # noqa: PTH113 - Path.is_file fails on names too long
            raise ImageError(f"{path}: no such file", "give the path of a video")
        # Of a str that is no UTF-8 OpenCV dies; that it takes bytes its stubs do not say.
        self._video = cv2.VideoCapture(fsencode(path))  # type: ignore[call-overload]
        self._path = path
        if not self._video.isOpened():
            raise ImageError(f"{path}: not a video that can be read", "convert it to MP4 (H.264) or AVI (MJPEG)")
        rate = float(self._video.get(cv2.CAP_PROP_FPS))
        self.rate = rate if 0 < rate <= HIGHEST_RATE else USUAL_RATE
        self.width = int(self._video.get(cv2.CAP_PROP_FRAME_WIDTH))
        self.height = int(self._video.get(cv2.CAP_PROP_FRAME_HEIGHT))

    @property
    def length(self) -> int:
        """How many frames the file says it has; 0 where it does not say."""
        return max(0, int(self._video.get(cv2.CAP_PROP_FRAME_COUNT)))

    def frames(self, *, most: float | None = None) -> Iterator[FilmFrame]:
        """The frames in their order.

        Args:
            most: frames a second; None for all. Those left out are not unpacked.

        Raises:
            ImageError: the video has no frame.
        """
        pace = Pace(most) if most is not None and most < self.rate else None
        number = -1
        while self._video.grab():
            number += 1
            seconds = number / self.rate
            if pace is not None and not pace.wants(seconds):
                continue
            ok, image = self._video.retrieve()
            if ok:
                yield FilmFrame(number, seconds, np.asarray(image, np.uint8))
        if number < 0:
            raise ImageError(f"{self._path}: a video without a frame", "record or copy it again")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._video.release()


class FilmWriter:
    """A video file that is written frame by frame.

    Args:
        path: of the file; its ending says its kind: .mp4, .m4v, .mov or .avi.
        rate: frames a second.

    Raises:
        ImageError: another ending.
    """

    def __init__(self, path: Path, *, rate: float) -> None:
        codec = CODECS.get(path.suffix.lower())
        if codec is None:
            raise ImageError(f"{path}: no kind of video that is written here", f"end it with {', '.join(CODECS)}")
        self._path, self._rate = path, rate
        self._codec = cv2.VideoWriter.fourcc(*codec)
        self._writer: cv2.VideoWriter | None = None

    def write(self, image: NDArray[np.uint8]) -> None:
        """Add a frame, of the size of the first one.

        Raises:
            ImageError: the file cannot be written.
        """
        if self._writer is None:
            size = (image.shape[1], image.shape[0])
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise ImageError(f"{self._path}: {error.strerror}", "give a folder that can be written") from None
            self._writer = cv2.VideoWriter(str(self._path), self._codec, self._rate, size)
            if not self._writer.isOpened():
                raise ImageError(f"{self._path}: cannot be written", "give a path in a folder that can be written")
        self._writer.write(image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.release()
