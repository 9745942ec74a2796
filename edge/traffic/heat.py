"""The heat grid: seconds that people spent in each cell of a coarse grid over the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.traffic.columns import joined, only, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.traffic.geometry import Floats
    from edge.traffic.sightings import Sightings

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeatGrid:
    """A grid over the whole frame."""

    rows: int
    columns: int
    width: float  # pixels of the frame
    height: float

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or not (self.width > 0 and self.height > 0):
            raise ValueError("a heat grid has at least one row and one column, and a frame under it")


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When n people were last seen."""

    ids: Ints  # (n,)
    at: Floats  # (n,) seconds
    covered: Floats  # (n,) seconds of looking then


@dataclass(frozen=True, slots=True)
class HeatMap:
    """What is remembered from frame to frame."""

    people: LastSeen = LastSeen(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))


def spread_heat(
    state: HeatMap, seen: Sightings, grid: HeatGrid | None, forget_seconds: float
) -> tuple[HeatMap, Floats]:
    """Take one frame into account: the seconds of looking since a person was last seen go to the cell of now.

    Args:
        state: before the frame.
        seen: the people of the frame; only confirmed ones are warm, and points beyond the frame belong to its edge.
        grid: the same in every call; None for no heat.
        forget_seconds: somebody not seen for longer begins anew.

    Returns:
        The state after it, and (rows, columns) person-seconds that it added.
    """
    if grid is None:
        return state, np.zeros((0, 0))
    kept = only(state.people, seen.at - state.people.at <= forget_seconds)
    rows = rows_of(seen.ids, kept.ids)
    known = np.flatnonzero((rows >= 0) & seen.confirmed)
    x, y = seen.points[known].T
    column = np.clip((x / grid.width * grid.columns).astype(np.int64), 0, grid.columns - 1)
    row = np.clip((y / grid.height * grid.rows).astype(np.int64), 0, grid.rows - 1)
    warmth = np.zeros((grid.rows, grid.columns))
    np.add.at(warmth, (row, column), seen.covered - kept.covered[rows[known]])
    now = LastSeen(seen.ids, np.full(len(seen.ids), seen.at), np.full(len(seen.ids), seen.covered))
    return HeatMap(joined(only(kept, (rows_of(kept.ids, seen.ids) < 0)), now)), warmth
