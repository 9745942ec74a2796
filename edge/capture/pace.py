"""Waiting for the next capture while somebody may set the clock. No clock is read here: times come in as arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.capture.schedule import next_due
from edge.contract.business_day import business_day, opening

if TYPE_CHECKING:
    from datetime import datetime

    from edge.contract.business_day import Clockwork
    from edge.contract.config import Schedule

STEP_SECONDS = 2.0
"""A wall clock that moved by more than this against the running one was set; less is being kept in step."""

LEAST_SECONDS = 600.0
"""A clock that is set again and again brings captures no nearer together than half their distance, or this."""


class Pace:
    """When one camera's next capture is due.

    The wait is measured by the running clock. When the wall clock is set meanwhile, the capture comes by the new time
    if that is earlier, and never later than was planned: no storm of captures, and no silence of a day. It comes in
    opening hours only.

    Args:
        schedule: the camera's.
        clockwork: the store's day and hours.
    """

    def __init__(self, schedule: Schedule, clockwork: Clockwork) -> None:
        self._schedule = schedule
        self._clockwork = clockwork
        self._due: datetime | None = None  # by the wall clock
        self._due_at: float | None = None  # by the running clock
        self._least_at = float("-inf")
        self._offset: float | None = None  # of the wall clock against the running one, when the due time was set
        self._was_set = False

    def begin(self, *, wall: datetime, running: float) -> None:
        """Plan the next capture: the first one, or the one after a capture that is over.

        Args:
            wall: what time it is.
            running: seconds of a clock that nobody sets.
        """
        after, was_set = wall, self._is_set(wall, running) or self._was_set
        if self._due is not None and not was_set:
            after = max(wall, self._due)  # a wall clock slowed down a little must not bring the same moment twice
        first = self._due is None
        self._plan(after, wall=wall, running=running)
        self._least_at = running + self._least_wait()
        if was_set and not first and self._due_at is not None:
            self._due_at = max(self._due_at, self._least_at)

    def left(self, *, wall: datetime, running: float) -> float | None:
        """Seconds until the capture, 0 when it is due; None when there is none within a year."""
        if self._is_set(wall, running):
            planned = self._due_at
            self._plan(wall, wall=wall, running=running)
            self._was_set = True
            if self._due_at is not None:
                self._due_at = max(self._due_at, self._least_at)
            if planned is not None and (self._due_at is None or planned < self._due_at):
                self._due_at = planned
        if self._due_at is not None and self._due_at <= running and self._was_set and not self._open(wall):
            self._plan(wall, wall=wall, running=running)
        return None if self._due_at is None else max(0.0, self._due_at - running)

    def _is_set(self, wall: datetime, running: float) -> bool:
        """Whether somebody set the wall clock since the capture was planned."""
        return self._offset is not None and abs(wall.timestamp() - running - self._offset) > STEP_SECONDS

    def _plan(self, after: datetime, *, wall: datetime, running: float) -> None:
        self._offset = wall.timestamp() - running
        self._due = next_due(self._schedule, after, self._clockwork)
        self._due_at = None if self._due is None else running + (self._due - wall).total_seconds()
        self._was_set = False

    def _least_wait(self) -> float:
        """Seconds between two captures at least, when the clock is set in between."""
        following = None if self._due is None else next_due(self._schedule, self._due, self._clockwork)
        if self._due is None or following is None:
            return LEAST_SECONDS
        return min(LEAST_SECONDS, (following - self._due).total_seconds() / 2)

    def _open(self, wall: datetime) -> bool:
        hours = opening(business_day(wall, self._clockwork), self._clockwork)
        return hours.since <= wall < hours.until
