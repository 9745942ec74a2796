"""What one interval comes to, as counts that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one interval, with n lines, m zones and a heat grid; those of several intervals add up."""

    since: float  # seconds
    until: float
    observed: float  # seconds between frames, gaps left out
    people: int  # who were first believed to be people
    crossings: Ints  # (n, 2) into and out of each line
    visits: Ints  # (m,) that began
    dwell: Floats  # (m,) person-seconds
    peak: Ints  # (m,) the most people at once
    loitering: Ints  # (m,) visits that became loitering
    stopped: Ints  # (m,) visits in which somebody stopped
    heat: Floats  # (rows, columns) person-seconds, row by row from the top

    @property
    def occupancy(self) -> Floats:
        """(m,) people in each zone on the mean of the seconds observed."""
        if self.observed <= 0:
            return np.zeros(len(self.dwell))
        # Seconds in which somebody was hidden arrive with the next sighting, perhaps after the interval's end.
        return np.minimum(self.dwell / self.observed, self.peak)

    def __add__(self, later: Totals) -> Totals:
        return Totals(
            since=self.since,
            until=later.until,
            observed=self.observed + later.observed,
            people=self.people + later.people,
            crossings=self.crossings + later.crossings,
            visits=self.visits + later.visits,
            dwell=self.dwell + later.dwell,
            peak=np.maximum(self.peak, later.peak),
            loitering=self.loitering + later.loitering,
            stopped=self.stopped + later.stopped,
            heat=self.heat + later.heat,
        )


def nothing_yet(since: float, *, lines: int, zones: int, grid: tuple[int, int]) -> Totals:
    """The totals of an interval that begins."""
    none = np.zeros(zones, dtype=np.int64)
    return Totals(
        since=since,
        until=since,
        observed=0.0,
        people=0,
        crossings=np.zeros((lines, 2), dtype=np.int64),
        visits=none,
        dwell=np.zeros(zones),
        peak=none,
        loitering=none,
        stopped=none,
        heat=np.zeros(grid),
    )
