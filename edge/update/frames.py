"""A few frames of each camera, kept on the device to try releases on. People in them are painted over before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from edge.deliver.private_files import settle_files
from edge.deliver.sealing import PLAIN
from edge.update.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from edge.deliver.sealing import AtRest

APART = 3600.0
"""Seconds between two frames that are kept: they show several states of the shelf, and spare the disk."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """Where the frames of a device's cameras are kept, and how many of each."""

    folder: Path
    most: int
    at_rest: AtRest = PLAIN

    def of(self, camera: str) -> TrialFrames:
        """Those of one camera."""
        return TrialFrames(self.folder / camera, most=self.most, at_rest=self.at_rest)


class TrialFrames:
    """The frames of one camera. They never leave the device.

    Args:
        folder: of this camera; it is made when the first is kept.
        most: how many are kept, the newest.
        at_rest: how they lie in it.

    Raises:
        SealError: those that are there are sealed with a key that is not here.
    """

    def __init__(self, folder: Path, *, most: int, at_rest: AtRest = PLAIN) -> None:
        self._at_rest = at_rest
        self._folder = folder
        self._most = most
        self._last: float | None = None
        self._failing = False
        settle_files(folder.glob("*.jpg"), at_rest, label=label_of)

    def wants(self, now: float) -> bool:
        """Whether one more is wanted; `now` in seconds of a clock that only goes on."""
        return self._most > 0 and (self._last is None or now - self._last >= APART)

    def keep(self, jpeg: bytes, now: float) -> None:
        """Keep a frame, and let the oldest go; a disk that refuses keeps no camera from its work."""
        self._last = now
        numbers = sorted(int(path.stem) for path in self._folder.glob("*.jpg") if path.stem.isdigit())
        try:
            path = self._folder / f"{(numbers[-1] if numbers else 0) + 1}.jpg"
            write_whole(path, self._at_rest.close(jpeg, label_of(path)))
            for number in numbers[: max(0, len(numbers) + 1 - self._most)]:
                (self._folder / f"{number}.jpg").unlink(missing_ok=True)
        except OSError as error:
            if not self._failing:
                log.warning("update.frame_not_kept", folder=str(self._folder), error=error.strerror)
            self._failing = True
        else:
            self._failing = False


def label_of(path: Path) -> str:
    """What a frame is sealed under: its camera and its number."""
    return f"frame/{path.parent.name}/{path.stem}"
