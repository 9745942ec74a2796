"""Which picture stands behind the numbers: wanted by configuration, cleared of people, spooled as JPEG."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from edge.capture.pictures import as_jpeg
from edge.contract.business_day import business_day
from edge.recognise.privacy import View, clear_people

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from edge.contract.business_day import Clockwork
    from edge.contract.config import EvidenceSection
    from edge.deliver.evidence import EvidenceSpool
    from edge.device.analysis import Analysis
    from edge.device.memory import CameraMemory
    from edge.recognise.detector import Detections
    from edge.recognise.people import PeopleDetector
    from edge.update.frames import TrialFrames

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """An accepted frame that may become evidence."""

    image: NDArray[np.uint8]  # (height, width, 3) BGR
    analysis: Analysis
    taken: datetime  # UTC
    up: float  # seconds of a clock that never goes back
    changed: bool  # a stock-out opened or closed with it


class EvidenceKeeper:
    """One camera's evidence. The view it compares with lives in memory alone. For one thread at a time.

    Args:
        section: when pictures are kept.
        spool: where they wait to be sent; None keeps none.
        clockwork: the store's day.
        people: finds whom to paint over; None for rendered pictures, which show nobody.
        region: of the fixture, corners as shares of width and height; empty: the whole frame.
        trials: takes a frame now and then, cleared of people too, to try releases on; it stays on the device.
        view: what whoever watched this camera before has learnt of the fixture; None: it is learnt anew.
    """

    def __init__(
        self,
        section: EvidenceSection,
        *,
        spool: EvidenceSpool | None,
        clockwork: Clockwork,
        people: PeopleDetector | None,
        region: tuple[tuple[float, float], ...] = (),
        trials: TrialFrames | None = None,
        view: View | None = None,
    ) -> None:
        self._trials = trials
        self._keep = section.keep
        self._spool = spool
        self._clockwork = clockwork
        self._people = people
        self._region = region
        self._view = view or View()
        self.withheld: Counter[str] = Counter()
        """Wanted pictures that were not kept since somebody might be seen on them, by reason."""

    def find_people(self, image: NDArray[np.uint8]) -> Detections | None:
        """Everybody who might be in a frame, also where that is doubtful; None where nobody is looked for."""
        return None if self._people is None else self._people.detect(image, min_score=self._people.private_score)

    def keep(self, shot: Shot, memory: CameraMemory) -> tuple[str | None, CameraMemory]:
        """Keep the picture where it is wanted and shows nobody; to be called with every accepted frame.

        A wanted picture that had to be withheld stays due: the next one that shows nobody takes its place.

        Returns:
            The sha256 of what was kept, and the camera's memory after it.
        """
        sends = self._keep != "never" and self._spool is not None
        tries = self._trials is not None and self._trials.wants(shot.up)
        if not sends and not tries:
            return None, memory
        picture = self._cleared(shot)
        if self._trials is not None and tries and picture is not None:
            self._trials.keep(as_jpeg(picture), shot.up)
        if self._spool is None or self._keep == "never":
            return None, memory
        day = business_day(shot.taken, self._clockwork).isoformat()
        wanted = (
            memory.evidence_due
            or {
                "always": True,
                "on_change": shot.changed,
                "daily": memory.evidence_day != day,
            }[self._keep]
        )
        if not wanted:
            return None, memory
        if picture is None:
            return None, replace(memory, evidence_due=True)
        return self._spool.put(as_jpeg(picture)), replace(memory, evidence_day=day, evidence_due=False)

    def _cleared(self, shot: Shot) -> NDArray[np.uint8] | None:
        """The frame as it may be seen: the fixture without people, or None."""
        people = self.find_people(shot.image)
        if people is None:
            return shot.image
        places = [*(facing.box for facing in shot.analysis.facings), *(gap.box for gap in shot.analysis.gaps)]
        self._view, cleared = clear_people(
            self._view, shot.image, people, at=shot.up, goods=places, region=self._region
        )
        if cleared.withheld is not None:
            self.withheld[cleared.withheld] += 1
        return cleared.image
