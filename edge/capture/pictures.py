"""Pictures that a person names on a command line: files, folders of them, videos."""

from __future__ import annotations

from os import fsencode
from os.path import isdir, isfile
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.folder import list_pictures
from edge.contract.errors import ImageError
from edge.recognise.images import Picture, read_upright

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
        size = f"{image.shape[1]} x {image.shape[0]}"
        raise ImageError(f"a frame of {size} pixels cannot be encoded", "a JPEG has at most 65500 a side")
    return data.tobytes()


def expand(inputs: Sequence[Path]) -> list[Path]:
    """The files behind what was named; a folder stands for the pictures directly in it.

    Raises:
        SourceError: a folder without pictures.
    """
    # Path.is_dir fails on names too long and behind closed folders; as a file they are told like any other.
    return [path for named in inputs for path in (list_pictures(named) if isdir(named) else [named])]  # noqa: PTH112


def frames_of(path: Path) -> Iterator[tuple[str, Picture]]:
    """The picture of a file, or one frame a second of a video, each with its name, upright.

    Raises:
        ImageError: the file is missing, no picture, or a video without frames.
    """
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        yield str(path), read_upright(path)
        return
    if not isfile(path):  # noqa: PTH113 - as above
        raise ImageError(f"{path}: no such file", "give the path of a picture, a folder or a video")
    # Of a str that is no UTF-8 OpenCV dies; that it takes bytes its stubs do not say.
    video = cv2.VideoCapture(fsencode(path))  # type: ignore[call-overload]
    try:
        if not video.isOpened():
            raise ImageError(f"{path}: not a video that can be read", "convert it to MP4 (H.264) or AVI (MJPEG)")
        step = max(1, round((video.get(cv2.CAP_PROP_FPS) or 25.0) * VIDEO_STEP_SECONDS))
        index = 0
        while video.grab():
            if index % step == 0:
                ok, image = video.retrieve()
                if ok:
                    yield f"{path}#{index}", Picture(np.asarray(image, np.uint8))
            index += 1
        if index == 0:
            raise ImageError(f"{path}: a video without a frame", "record or copy it again")
    finally:
        video.release()
