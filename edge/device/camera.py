"""One camera: frame -> quality gate -> analysis -> events, each capture one transaction with what is remembered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

import structlog

from edge.capture.pictures import as_jpeg
from edge.capture.quality import judge, measure, vanished_share
from edge.contract.business_day import business_day
from edge.contract.config import FolderSource
from edge.contract.errors import ImageError, SourceError
from edge.contract.payloads import CaptureRejected, Versions
from edge.deliver.envelope import Draft, Stamp
from edge.device.memory import MAX_BLOCKED, CameraMemory
from edge.device.observation import observed, quality_of
from edge.device.stockouts import ever_seen, follow_stockouts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from edge.capture.frame import Frame, FrameSource
    from edge.capture.quality import Measured
    from edge.contract.business_day import Clockwork
    from edge.contract.config import CameraSection, EvidenceSection, FixtureSection
    from edge.contract.events import Payload
    from edge.contract.payloads import RejectionReason, Trigger
    from edge.deliver.evidence import EvidenceSpool
    from edge.deliver.outbox import Outbox
    from edge.device.analysis import Analyser, Analysis
    from edge.device.clock import Clock

log = structlog.get_logger(__name__)

LONGEST_ID = 58
"""Of a capture: episodes are named after the capture they began with, and names have 63 characters."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every camera of an agent shares."""

    outbox: Outbox
    clock: Clock
    clockwork: Clockwork
    zone: str
    evidence: EvidenceSection
    spool: EvidenceSpool | None
    versions: Versions
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Capture:
    """One frame and how it came about."""

    id: str
    image: NDArray[np.uint8]
    taken: datetime  # UTC
    trigger: Trigger
    measured: Measured


class Camera:
    """A camera at work. Its captures follow one another; it is not for several threads at once.

    Args:
        section: its configuration.
        fixture: the fixture it looks at.
        source: its frames.
        analyser: the models and the fixture's plan.
        around: what it shares with the agent's other cameras.
    """

    def __init__(
        self,
        section: CameraSection,
        fixture: FixtureSection,
        *,
        source: FrameSource,
        analyser: Analyser,
        around: Surroundings,
    ) -> None:
        self.section = section
        self._fixture = fixture
        self._source = source
        self._analyser = analyser
        self._around = around
        self._memory = CameraMemory.load(around.outbox.get_state(memory_key(section.id)))
        self._planned = analyser.plan.planned
        self._versions = around.versions.model_copy(
            update={
                "embedder": analyser.recogniser.embedder.identity.version if analyser.recogniser else None,
                "catalogue": analyser.plan.catalogue,
                "planogram": analyser.plan.planogram,
            }
        )
        self.ended = False
        self.error = ""
        self.last_frame: datetime | None = None
        self.last_taken: datetime | None = None
        self.inference_ms: float | None = None

    @property
    def replayed(self) -> bool:
        """Whether its pictures carry their own times and are taken without waiting."""
        return isinstance(self.section.source, FolderSource) and self.section.source.replayed

    def capture(self, trigger: Trigger = "scheduled") -> None:
        """Take one frame and append what it says. A failing camera is told once when it fails, once when it is back.

        Raises:
            FacingsError: what no later capture would mend: a model that gives nonsense, an outbox that refuses.
        """
        try:
            frame = self._source.capture()
        except (SourceError, ImageError) as error:
            if self.error != str(error):  # a camera that is away says the same each time, torn pictures do not
                log.warning("camera.failing", camera=self.section.id, error=str(error))
            self.error = str(error)
            return
        if frame is None:
            self.ended = True
            return
        if self.error:
            log.info("camera.back", camera=self.section.id)
            self.error = ""
        self._take(frame, trigger)

    def close(self) -> None:
        """Let go of the camera."""
        self._source.close()

    def _take(self, frame: Frame, trigger: Trigger) -> None:
        now = self._around.clock.now()
        taken = frame.taken.astimezone(UTC) if frame.taken else now
        self.last_frame, self.last_taken = now, taken
        name = capture_id(self.section.id, taken)
        capture = Capture(name, frame.image, taken, trigger, measure(frame.image))
        memory = replace(self._memory, cursor=frame.name) if self.replayed else self._memory
        payloads, memory = self._read(capture, memory)
        self._around.outbox.append(
            [Draft(taken, payload) for payload in payloads],
            stamp=self.stamp(dated=frame.taken is not None),
            state={memory_key(self.section.id): memory.dump()},
        )
        self._memory = memory
        self._around.wake()

    def _read(self, capture: Capture, memory: CameraMemory) -> tuple[list[Payload], CameraMemory]:
        """What a capture says, and what is remembered after it."""
        reason = judge(capture.measured, self._fixture.quality, usual_sharpness=memory.usual_sharpness)
        if reason is not None:
            return [self._rejection(capture, reason)], memory
        analysis = self._analyser.analyse(
            capture.image,
            ever_seen=ever_seen(memory.stockouts),
            day=business_day(capture.taken, self._around.clockwork),
        )
        self.inference_ms = sum(analysis.timings_ms.values())
        if self._is_blocked(analysis, memory):
            return [self._rejection(capture, "blocked")], replace(memory, blocked=memory.blocked + 1)
        return self._accept(capture, analysis, memory)

    def stamp(self, *, dated: bool) -> Stamp:
        """The circumstances of an event; a picture that carries its own time is as good as a synced clock."""
        clock = self._around.clock
        return Stamp(
            zone=self._around.zone,
            clock="synced" if dated or clock.synced() else "unsynced",
            boot=clock.boot,
            up=clock.up(),
        )

    def _is_blocked(self, analysis: Analysis, memory: CameraMemory) -> bool:
        if memory.blocked >= MAX_BLOCKED:
            return False
        return vanished_share(memory.last_boxes, analysis.unit_boxes) > self._fixture.quality.blocked

    def _accept(self, capture: Capture, analysis: Analysis, memory: CameraMemory) -> tuple[list[Payload], CameraMemory]:
        episodes, tracker = follow_stockouts(
            memory.stockouts,
            analysis.evidence,
            at=capture.taken,
            capture=capture.id,
            fixture=self._fixture,
            clockwork=self._around.clockwork,
        )
        memory = replace(
            memory.accepted(sharpness=capture.measured.sharpness, boxes=analysis.unit_boxes),
            stockouts=tracker,
        )
        evidence, memory = self._keep_evidence(capture, memory, changed=bool(episodes))
        observation = observed(
            analysis,
            capture=capture.id,
            camera=self.section,
            trigger=capture.trigger,
            measured=capture.measured,
            versions=self._versions,
            planned=self._planned,
            evidence=evidence,
            simulated=isinstance(self.section.source, FolderSource) and self.section.source.simulated,
        )
        return [observation, *episodes], memory

    def _rejection(self, capture: Capture, reason: RejectionReason) -> CaptureRejected:
        return CaptureRejected(
            capture=capture.id,
            camera=self.section.id,
            fixture=self.section.fixture,
            view=self.section.view,
            trigger=capture.trigger,
            reason=reason,
            quality=quality_of(capture.measured),
        )

    def _keep_evidence(
        self, capture: Capture, memory: CameraMemory, *, changed: bool
    ) -> tuple[str | None, CameraMemory]:
        keep, spool = self._around.evidence.keep, self._around.spool
        day = business_day(capture.taken, self._around.clockwork).isoformat()
        wanted = {"never": False, "always": True, "on_change": changed, "daily": memory.evidence_day != day}[keep]
        if not wanted or spool is None:
            return None, memory
        return spool.put(as_jpeg(capture.image)), replace(memory, evidence_day=day)


def capture_id(camera: str, taken: datetime) -> str:
    """The same picture of the same camera always has the same id, so that a repeated capture is known again."""
    return f"{camera}-{taken:%Y%m%dt%H%M%S}"[-LONGEST_ID:].lstrip("-_")


def memory_key(camera: str) -> str:
    """Where the outbox keeps what is remembered of a camera."""
    return f"camera/{camera}"
