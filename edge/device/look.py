"""What a camera makes of a frame: taken, captured, judged and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from edge.capture.frame import Frame
    from edge.capture.quality.gate import Findings, Judgement
    from edge.capture.quality.measure import Measured
    from edge.contract.payloads import RejectionReason, Trigger
    from edge.device.analysis import Analysis
    from edge.device.door import Openings
    from edge.device.memory import CameraMemory

LONGEST_ID = 58
"""Of a capture: episodes are named after the capture they began with, and names have 63 characters."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame and the moment it is of."""

    frame: Frame
    at: datetime  # UTC; its own, if it carries one, else of its arrival


@dataclass(frozen=True, slots=True)
class Capture:
    """One frame and how it came about."""

    id: str
    image: NDArray[np.uint8]  # laid over the camera's usual view
    taken: datetime  # UTC
    trigger: Trigger
    measured: Measured
    findings: Findings
    openings: Openings | None = None  # of the door, since the last capture


@dataclass(frozen=True, slots=True)
class Look:
    """A frame, judged and, when it is fit, read."""

    capture: Capture
    judgement: Judgement
    memory: CameraMemory  # of the camera, before what this frame adds
    analysis: Analysis | None  # None: the frame is not used
    reason: RejectionReason | None  # why


def capture_id(camera: str, taken: datetime) -> str:
    """The same picture of the same camera always has the same id, so that a repeated capture is known again."""
    return f"{camera}-{taken:%Y%m%dt%H%M%S}"[-LONGEST_ID:].lstrip("-_")
