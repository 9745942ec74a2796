"""What an agent remembers of a camera between captures and across restarts: one JSON value beside the outbox."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT_SHARPNESS = 20
ENOUGH_SHARPNESS = 3
MAX_BLOCKED = 2
"""A view that stays empty for longer, and for the minutes of the fixture's rules, is not blocked: somebody took the
products away."""


@dataclass(frozen=True, slots=True)
class CameraMemory:
    """The state of one camera. Every change is a new value, stored in the transaction that stores its events."""

    cursor: str | None = None  # name of the last picture of a replayed folder
    sharpness: tuple[float, ...] = ()  # of the last accepted frames
    boxes: tuple[tuple[float, float, float, float], ...] = ()  # normalised, of the last accepted frame's facings
    blocked: int = 0  # captures in a row rejected because something other than people was in front
    blocked_since: float | None = None  # when the first of them was taken, seconds since 1970
    sight: dict[str, Any] | None = None  # what the camera usually shows, as `edge.device.sight` keeps it
    stockouts: dict[str, Any] | None = None  # the tracker's own form
    votes: list[dict[str, Any]] = field(default_factory=list)  # the last captures, as `edge.device.votes` keeps them
    evidence_day: str | None = None  # the business day of the last daily picture
    evidence_due: bool = False  # a picture that was wanted had to be withheld

    @classmethod
    def load(cls, text: str | None) -> CameraMemory:
        """Read what `dump` wrote; an empty memory for None."""
        if text is None:
            return cls()
        content = json.loads(text)
        content["sharpness"] = tuple(content["sharpness"])
        content["boxes"] = tuple(tuple(box) for box in content["boxes"])
        return cls(**content)

    def dump(self) -> str:
        """As text."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @property
    def usual_sharpness(self) -> float | None:
        """The median sharpness of accepted frames; None before there are enough."""
        return median(self.sharpness) if len(self.sharpness) >= ENOUGH_SHARPNESS else None

    @property
    def last_boxes(self) -> NDArray[np.float32]:
        """(n, 4) normalised boxes of the last accepted frame's facings."""
        return np.array(self.boxes, np.float32).reshape(-1, 4)

    def blocked_again(self, at: float) -> CameraMemory:
        """After a frame was rejected because something was in front."""
        since = at if self.blocked_since is None else self.blocked_since
        return replace(self, blocked=self.blocked + 1, blocked_since=since)

    def accepted(self, *, sharpness: float, boxes: NDArray[np.float32]) -> CameraMemory:
        """After a frame was used."""
        return replace(
            self,
            sharpness=(*self.sharpness, sharpness)[-KEPT_SHARPNESS:],
            boxes=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in np.round(boxes, 4)),
            blocked=0,
            blocked_since=None,
        )
