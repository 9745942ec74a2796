"""The store's time for counting: seconds that never go back, whole multiples of which are round times of its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from edge.contract.business_day import Clockwork

TOLERANCE = 2.0
"""Seconds by which the wall clock may be put right before the times that were given by it count as wrong."""


@dataclass(frozen=True, slots=True)
class StoreTime:
    """From a running clock to the store's time, fixed at one moment.

    Whatever is done to the wall clock afterwards, seconds go on from here: within one `StoreTime` no later moment is
    before an earlier one.
    """

    running: float  # seconds of the running clock at that moment
    utc: float  # seconds since 1970 then
    ahead: float  # by which the store's clock was ahead of UTC, counted from the start of its business day

    @classmethod
    def fixed(cls, moment: datetime, *, running: float, clockwork: Clockwork) -> Self:
        """The time that holds from a moment on.

        Args:
            moment: what the wall clock shows.
            running: what the running clock shows, seconds.
            clockwork: the store's zone and the start of its day.
        """
        return cls(running, moment.timestamp(), _ahead(moment, clockwork))

    def at(self, running: float) -> float:
        """The store's seconds when the running clock shows so much. A business day begins at a multiple of 86400."""
        return self.utc + self.ahead + running - self.running

    def moment(self, at: float) -> datetime:
        """The moment of one of the store's seconds, UTC."""
        return datetime.fromtimestamp(at - self.ahead, UTC)

    def holds(self, moment: datetime, *, running: float, clockwork: Clockwork, interval: float) -> bool:
        """Whether this is still the store's time.

        Not once the wall clock was set, or the device slept. A change to summer time is no reason where the borders of
        intervals stay where they are.

        Args:
            moment: what the wall clock shows now.
            running: what the running clock shows now.
            clockwork: as when it was fixed.
            interval: seconds of one count.
        """
        off = moment.timestamp() - (self.utc + running - self.running)
        return abs(off) <= TOLERANCE and (_ahead(moment, clockwork) - self.ahead) % interval == 0


def _ahead(moment: datetime, clockwork: Clockwork) -> float:
    offset = moment.astimezone(clockwork.zone).utcoffset()
    assert offset is not None
    starts = clockwork.day_starts
    return offset.total_seconds() - (starts.hour * 3600 + starts.minute * 60 + starts.second)
