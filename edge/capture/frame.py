"""A frame, and what gives frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a camera."""

    image: NDArray[np.uint8]  # (height, width, 3), BGR
    name: str  # of the file, or of the stream
    taken: datetime | None  # None: when it arrived; a replayed picture carries its own time
    index: int = 0  # of a video file: the frame's number, from 0
    seconds: float = 0.0  # of a video file: into the film; of a live stream: the monotonic clock when it was read


class FrameSource(Protocol):
    """A camera, or what stands in for one."""

    def capture(self) -> Frame | None:
        """Take one frame; None when the source has come to its end.

        Raises:
            SourceError: no frame could be had this time; the next call tries anew.
            ImageError: a frame came that is no picture; the next call goes on to the next one.
        """
        ...

    def close(self) -> None:
        """Let go of the camera. Any thread may do so; a capture under way in another one then fails or gives None."""
        ...
