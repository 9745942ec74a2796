"""Pictures that a person names on a command line: files, folders of them, videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.folder import list_pictures
from edge.contract.errors import ImageError
from edge.recognise.images import read_image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"})
VIDEO_STEP_SECONDS = 1.0
"""Shelves change slowly: one frame of a video a second says all."""


EVIDENCE_QUALITY = 85


def as_jpeg(image: NDArray[np.uint8]) -> bytes:
    """A picture as it is kept for evidence.

    Raises:
        ImageError: it cannot be encoded.
    """
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, EVIDENCE_QUALITY])
    if not ok:
        raise ImageError(f"a frame of {image.shape[1]} x {image.shape[0]} pixels cannot be encoded", "see the log")
    return data.tobytes()


def expand(inputs: Sequence[Path]) -> list[Path]:
    """The files behind what was named; a folder stands for the pictures directly in it.

    Raises:
        SourceError: a folder without pictures.
    """
    return [path for named in inputs for path in (list_pictures(named) if named.is_dir() else [named])]


def frames_of(path: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The picture of a file, or one frame a second of a video, each with its name.

    Raises:
        ImageError: the file is missing, or no picture or video.
    """
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        yield str(path), read_image(path)
        return
    if not path.is_file():
        raise ImageError(f"{path}: no such file", "give the path of a picture, a folder or a video")
    video = cv2.VideoCapture(str(path))
    try:
        if not video.isOpened():
            raise ImageError(f"{path}: not a video that can be read", "convert it to MP4 (H.264) or AVI (MJPEG)")
        step = max(1, round((video.get(cv2.CAP_PROP_FPS) or 25.0) * VIDEO_STEP_SECONDS))
        index = 0
        while video.grab():
            if index % step == 0:
                ok, image = video.retrieve()
                if ok:
                    yield f"{path}#{index}", np.asarray(image, np.uint8)
            index += 1
    finally:
        video.release()
