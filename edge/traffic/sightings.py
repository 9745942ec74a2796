"""What counters see of one frame: where confirmed and doubtful people stand, whatever tracker followed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.traffic.geometry import reference_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.traffic.geometry import Flags, Floats, Reference
    from edge.traffic.tracker import Tracks

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sightings:
    """The n people seen in one frame."""

    at: float  # seconds
    covered: float  # seconds of looking so far, gaps left out
    ids: Ints  # (n,) each once
    points: Floats  # (n, 2) the reference point of each, pixels
    heights: Floats  # (n,) of their boxes, pixels, above 0
    confirmed: Flags  # (n,)


def sightings(tracks: Tracks, *, at: float, covered: float, reference: Reference) -> Sightings:
    """What a tracker's people of one frame are to the counters; who was not detected in it is not in them."""
    boxes = tracks.boxes[tracks.seen]
    return Sightings(
        at=at,
        covered=covered,
        ids=tracks.ids[tracks.seen],
        points=reference_points(boxes, reference),
        heights=boxes[:, 3] - boxes[:, 1],
        confirmed=tracks.confirmed[tracks.seen],
    )


def nobody(at: float) -> Sightings:
    """A frame without people."""
    no = np.zeros(0)
    return Sightings(at, at, no.astype(np.int64), np.zeros((0, 2)), no, no.astype(np.bool_))
