"""Counting people in the frames of one camera: detector, tracker, lines and zones together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge.device.counting import footfall_rules
from edge.traffic.footfall import Footfall, FootfallRules, elapse, finish, observe
from edge.traffic.heat import HeatMap
from edge.traffic.lines import LineCounter
from edge.traffic.tracker import Tracker
from edge.traffic.zones import ZoneCounter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.contract.config import CountingSection
    from edge.recognise.people import PeopleDetector
    from edge.traffic.footfall import Observed
    from edge.traffic.totals import Totals

ENDLESS = 1e9
"""Seconds of an interval that never ends: a video is one."""


class PeopleCounter:
    """Counts the people of one camera, frame by frame. Not for several threads at once.

    Args:
        detector: finds people.
        section: what is counted.
        interval: seconds of one count.
    """

    def __init__(self, detector: PeopleDetector, section: CountingSection, *, interval: float = ENDLESS) -> None:
        self._detector = detector
        self._section, self._interval = section, interval
        self._size = (0, 0)
        self._rules: FootfallRules | None = None
        self._state = Footfall()

    def take(self, image: NDArray[np.uint8], *, at: float) -> Observed:
        """Take one frame into account.

        Args:
            image: (height, width, 3) BGR. With another size than before, people are followed anew; counts go on.
            at: seconds of a clock that never goes back; later than the frame before.

        Raises:
            ModelError: the detector gives values that make no sense.
            OutOfOrderError: `at` is not later than the frame before.
        """
        rules = self.rules_for(width=image.shape[1], height=image.shape[0])
        found = self._detector.detect(image, min_score=rules.tracker.least)
        boxes, scores = found.boxes.astype(np.float64), found.scores.astype(np.float64)
        self._state, observed = observe(self._state, boxes=boxes, scores=scores, at=at, rules=rules)
        return observed

    def elapse(self, at: float) -> Totals | None:
        """The totals of the interval that ended before `at` though no frame came, if one did."""
        self._state, ended = elapse(self._state, at)
        return ended

    def finish(self) -> Totals | None:
        """What the interval that goes on comes to so far; None before its first frame."""
        return finish(self._state)

    def rules_for(self, *, width: int, height: int) -> FootfallRules:
        """What is counted in frames of this size, in their pixels."""
        if self._rules is None or self._size != (width, height):
            self._size = (width, height)
            rules = footfall_rules(self._section, width=width, height=height, interval=self._interval)
            sure, least = self._detector.shipped_score, self._detector.follow_score
            self._rules = replace(rules, tracker=replace(rules.tracker, sure=sure, least=least))
            self._state = replace(
                self._state,
                tracker=Tracker(at=self._state.at, next_id=self._state.tracker.next_id),
                lines=LineCounter(),
                zones=ZoneCounter(),
                heat=HeatMap(),
            )
        return self._rules
