"""One camera: frame -> quality gate -> analysis -> events, each capture one transaction with what is remembered."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import structlog

from edge.capture.quality.front import vanished_share
from edge.contract.business_day import business_day
from edge.contract.config import FolderSource
from edge.contract.payloads import CaptureRejected
from edge.deliver.envelope import Draft, Stamp
from edge.device.evidence import EvidenceKeeper, Shot
from edge.device.frames import Frames
from edge.device.look import Capture, Look, Taken, capture_id
from edge.device.memory import CameraMemory
from edge.device.observation import observed, quality_of
from edge.device.sight import Sight
from edge.device.stockouts import ever_seen, follow_stockouts
from edge.device.view_file import ViewFile
from edge.device.view_planes import outline
from edge.device.votes import opened_between, vote_capture

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from edge.capture.frame import FrameSource
    from edge.contract.config import CameraSection, FixtureSection
    from edge.contract.events import Payload
    from edge.contract.payloads import Opening, RejectionReason, ShelfObserved, Trigger
    from edge.device.analysis import Analyser, Analysis
    from edge.device.door import Openings
    from edge.device.plan import Plan
    from edge.device.surroundings import Surroundings
    from edge.device.votes import Verdict

log = structlog.get_logger(__name__)


class Camera:
    """A camera at work. Its captures follow one another; it is not for several threads at once, but for `close`.

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
        self._frames = Frames(section.id, source)
        self._analyser = analyser
        self._around = around
        self._memory = CameraMemory.load(around.outbox.get_state(memory_key(section.id)))
        file = None if around.views is None else ViewFile(around.views / f"{section.id}.png", at_rest=around.at_rest)
        self._sight = Sight(section, fixture, file=file, memory=self._memory)
        self._evidence = EvidenceKeeper(
            around.evidence,
            spool=around.spool,
            clockwork=around.clockwork,
            people=None if self._simulated else around.people,
            region=fixture.region if section.geometry is None else outline(section.geometry),
            trials=None if around.trials is None else around.trials.of(section.id),
            view=around.learnt.get(section.id),
        )
        self._vote = fixture.vote if self._sight.one_camera else fixture.vote.model_copy(update={"captures": 1})
        self._versions = around.versions.model_copy(
            update={
                "embedder": analyser.recogniser.embedder.identity.version if analyser.recogniser else None,
                "catalogue": analyser.plan.catalogue,
            }
        )
        self.last_taken: datetime | None = None
        self.last_read: datetime | None = None  # when the last frame that was judged was taken
        self.inference_ms: float | None = None

    @property
    def models(self) -> dict[str, str]:
        """By name the versions of the models that read its frames."""
        detector, recogniser = self._analyser.detector, self._analyser.recogniser
        found = {detector.name: detector.version}
        if recogniser is not None:
            found[recogniser.embedder.identity.name] = recogniser.embedder.identity.version
        return found

    @property
    def plan(self) -> Plan:
        """What is known of its fixture today."""
        return self._analyser.plan

    @property
    def ended(self) -> bool:
        """Whether its source came to its end. A live camera never does."""
        return self._frames.ended

    @property
    def error(self) -> str:
        """Why no frame comes; empty while they do."""
        return self._frames.error

    @property
    def replayed(self) -> bool:
        """Whether its pictures carry their own times and are taken without waiting."""
        return isinstance(self.section.source, FolderSource) and self.section.source.replayed

    @property
    def pictured(self) -> bool:
        """Whether a folder of pictures stands in for it."""
        return isinstance(self.section.source, FolderSource)

    @property
    def withheld(self) -> Mapping[str, int]:
        """Wanted pictures that were not kept since somebody might be seen on them, by reason."""
        return self._evidence.withheld

    @property
    def _simulated(self) -> bool:
        return isinstance(self.section.source, FolderSource) and self.section.source.simulated

    def take(self) -> Taken | None:
        """One frame; None when none could be had, or when the source has come to its end: then it has `ended`.

        This waits for the camera, as long as its deadline at most, and needs nothing that cameras share. A failing
        camera is told once when it fails, once when it is back.
        """
        frame = self._frames.take()
        if frame is None:
            return None
        taken = Taken(frame, frame.taken.astimezone(UTC) if frame.taken else self._around.clock.now())
        self.last_taken = taken.at
        return taken

    def read(self, taken: Taken, trigger: Trigger = "scheduled", openings: Openings | None = None) -> bool:
        """Append what a frame says.

        Args:
            taken: the frame.
            trigger: what it was taken for.
            openings: of the fixture's door, between the last capture and this one.

        Returns:
            Whether it was accepted.

        Raises:
            FacingsError: what no later capture would mend: a model that gives nonsense, an outbox that refuses.
        """
        if self._memory.votes and self._memory.votes[-1]["capture"] == capture_id(self.section.id, taken.at):
            return False  # within one second of the last, by a door or a command: nothing new, and no name of its own
        look = self.look(taken, trigger, openings, known=ever_seen(self._memory.stockouts))
        payloads, memory = self._accept(look, look.analysis) if look.analysis is not None else self.reject(look)
        self._around.outbox.append(
            [Draft(taken.at, payload) for payload in payloads],
            stamp=self.stamp(dated=taken.frame.taken is not None),
            state=self.kept(memory),
        )
        self._around.wake()
        return look.analysis is not None

    def look(
        self,
        taken: Taken,
        trigger: Trigger = "scheduled",
        openings: Openings | None = None,
        *,
        known: Collection[str] = (),
    ) -> Look:
        """Judge a frame, and read it when it is fit. Nothing is appended, nothing remembered.

        Args:
            taken: the frame.
            trigger: what it was taken for.
            openings: of the fixture's door, between the last capture and this one.
            known: planned SKUs seen before.

        Raises:
            FacingsError: what no later capture would mend: a model that gives nonsense.
        """
        frame = taken.frame
        self.last_read = taken.at
        memory = replace(self._memory, cursor=frame.name) if self.replayed else self._memory
        judgement = self._sight.judge(frame.image, memory, at=taken.at.timestamp(), people=self._people_in(frame.image))
        image = judgement.laid(frame.image)
        name = capture_id(self.section.id, taken.at)
        capture = Capture(name, image, taken.at, trigger, judgement.measured, judgement.findings, openings)
        if judgement.reason is not None:
            return Look(capture, judgement, memory, None, judgement.reason)
        analysis = self._analyser.analyse(
            image,
            faint=self._fixture.vote.faint,
            ever_seen=known,
            day=business_day(taken.at, self._around.clockwork),
        )
        self.inference_ms = sum(analysis.timings_ms.values())
        if self._is_blocked(capture, analysis, memory):
            return Look(capture, judgement, memory, None, "blocked")
        return Look(capture, judgement, memory, analysis, None)

    def forget_view(self) -> None:
        """Take what it shows next for its usual view: it was moved on purpose."""
        self._around.outbox.note(self.kept(self._sight.forget(self._memory)))

    def kept(self, memory: CameraMemory) -> dict[str, str]:
        """Take what is remembered for true, and give it as the outbox keeps it beside the events."""
        self._memory = memory
        return {memory_key(self.section.id): memory.dump()}

    @property
    def waits_for_disk(self) -> bool:
        """Whether what it said last waits for a disk that does not take it. A replay can wait too, and lose nothing."""
        return self._around.outbox.holding

    def frame_age(self) -> float | None:
        """Seconds since the last frame, whatever was done to the wall clock; None before there was any."""
        return self._frames.age()

    def close(self) -> None:
        """Let go of the camera. A `take` under way in another thread ends with nothing."""
        self._frames.close()

    def reject(self, look: Look) -> tuple[list[Payload], CameraMemory]:
        """What is said and remembered of a frame that is not fit."""
        memory, reason = look.memory, look.reason or "blocked"
        if reason == "blocked" and not look.judgement.people_in_front:  # people go away, a new display stays
            memory = memory.blocked_again(look.capture.taken.timestamp())
        return [self._rejection(look.capture, reason)], self._sight.remember(memory, look.judgement, accepted=False)

    def stamp(self, *, dated: bool) -> Stamp:
        """The circumstances of an event; a picture that carries its own time is as good as a synced clock."""
        clock = self._around.clock
        return Stamp(
            zone=self._around.zone,
            clock="synced" if dated or clock.synced() else "unsynced",
            boot=clock.boot,
            up=clock.up(),
        )

    def _is_blocked(self, capture: Capture, analysis: Analysis, memory: CameraMemory) -> bool:
        rules = self._fixture.quality
        if "blocked" in rules.never or self._sight.stays(memory, at=capture.taken.timestamp()):
            return False
        return vanished_share(memory.last_boxes, analysis.unit_boxes) > rules.blocked

    def _accept(self, look: Look, analysis: Analysis) -> tuple[list[Payload], CameraMemory]:
        """What the only view of a fixture says."""
        capture, memory = look.capture, look.memory
        known = ever_seen(memory.stockouts)
        opening = opened_between(memory.votes, analysis, capture.openings)
        verdict, votes = vote_capture(
            memory.votes,
            analysis,
            at=capture.taken,
            capture=capture.id,
            rules=self._vote,
            read=lambda facings: self._analyser.read(facings, analysis.outlook, ever_seen=known),
        )
        episodes, tracker = follow_stockouts(
            memory.stockouts,
            verdict.reading.evidence,
            at=capture.taken,
            capture=capture.id,
            fixture=self._fixture,
            clockwork=self._around.clockwork,
        )
        observation, memory = self.observe(look, analysis, verdict, opening=opening, changed=bool(episodes))
        return [observation, *episodes], replace(memory, stockouts=tracker, votes=votes)

    def observe(
        self,
        look: Look,
        analysis: Analysis,
        verdict: Verdict,
        *,
        capture_set: str | None = None,
        opening: Opening | None = None,
        changed: bool = False,
    ) -> tuple[ShelfObserved, CameraMemory]:
        """The observation of an accepted frame, and what is remembered of it.

        Args:
            look: the frame.
            analysis: what this view has of it.
            verdict: what counts of that after the vote.
            capture_set: of several views.
            opening: of the door, before it.
            changed: whether a stock-out opened or closed.
        """
        capture = look.capture
        seen = look.analysis or analysis  # all that the frame shows, also what another view has
        memory = look.memory.accepted(sharpness=capture.measured.sharpness, boxes=seen.unit_boxes)
        shot = Shot(capture.image, seen, capture.taken, self._seconds(capture.taken), changed=changed)
        evidence, memory = self._evidence.keep(shot, memory)
        observation = observed(
            analysis,
            verdict,
            capture=capture.id,
            capture_set=capture_set,
            camera=self.section,
            trigger=capture.trigger,
            measured=capture.measured,
            findings=capture.findings,
            versions=self._versions.model_copy(update={"planogram": self._analyser.plan.planogram}),
            planned=self._analyser.plan.planned,
            evidence=evidence,
            opening=opening,
            simulated=self._simulated,
        )
        return observation, self._sight.remember(memory, look.judgement, accepted=True)

    def _rejection(self, capture: Capture, reason: RejectionReason) -> CaptureRejected:
        return CaptureRejected(
            capture=capture.id,
            camera=self.section.id,
            fixture=self.section.fixture,
            view=self.section.view,
            trigger=capture.trigger,
            reason=reason,
            quality=quality_of(capture.measured, capture.findings),
        )

    def _people_in(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """(n, 4) boxes of people as shares of the frame; None where nobody is looked for."""
        found = self._evidence.find_people(image)
        if found is None or self._around.people is None:
            return None
        height, width = image.shape[:2]
        sure = found.boxes[found.scores >= self._around.people.shipped_score]
        return np.asarray(sure / np.array([width, height] * 2, np.float32), np.float32)

    def _seconds(self, taken: datetime) -> float:
        """A time that only goes on: that of the pictures in a replay, else since the machine began."""
        return taken.timestamp() if self.replayed else time.monotonic()


def memory_key(camera: str) -> str:
    """Where the outbox keeps what is remembered of a camera."""
    return f"camera/{camera}"
