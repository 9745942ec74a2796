"""Frames from just before a door opened: kept in memory alone while it is closed, for the capture before an opening."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from edge.capture.door import best_after

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from edge.capture.door import Thumbnail
    from edge.device.look import Taken

KEPT = 3
"""Frames of a camera to choose from: enough for one of them to be sharp, and a few megabytes each."""

UNTOUCHED = 1.0
"""Seconds before an opening from which nobody has the door's handle in hand yet."""


@dataclass(frozen=True, slots=True)
class _Kept:
    moment: float  # monotonic seconds
    taken: Mapping[str, Taken]  # by camera


class FramesBefore:
    """The newest frames of one fixture's cameras. For one thread at a time.

    Args:
        every: seconds between them.
    """

    def __init__(self, every: float) -> None:
        self._kept: deque[_Kept] = deque(maxlen=KEPT + ceil(UNTOUCHED / every))

    def keep(self, taken: Mapping[str, Taken], *, moment: float) -> None:
        """Keep the frames of one moment, monotonic seconds; the oldest are let go."""
        if taken:
            self._kept.append(_Kept(moment, dict(taken)))

    def take_best(
        self, *, opened: float, usual: Mapping[str, Thumbnail], newer_than: datetime | None
    ) -> dict[str, Taken]:
        """The best frame of each camera from before an opening; none is kept any longer.

        Args:
            opened: when the door opened, monotonic seconds.
            usual: how each camera's picture usually is.
            newer_than: when the last capture was taken; older frames say nothing new.
        """
        kept = list(self._kept)
        self._kept.clear()
        by_camera: dict[str, list[Taken]] = {}
        for one in kept:
            if one.moment <= opened - UNTOUCHED:
                for camera, taken in one.taken.items():
                    if newer_than is None or (taken.at - newer_than).total_seconds() >= 1:  # ids have whole seconds
                        by_camera.setdefault(camera, []).append(taken)
        return {
            camera: some[best_after([one.frame.image for one in some], usual.get(camera))]
            for camera, some in by_camera.items()
        }
