"""Several cameras of one fixture: their frames of one moment are one capture set, read together.

The vote over captures and the stock-outs are the fixture's; each view makes an observation of its own, with its share.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.deliver.envelope import Draft
from edge.device.analysis import Analysis
from edge.device.look import capture_id
from edge.device.stockouts import ever_seen, follow_stockouts
from edge.device.view_planes import plane_of
from edge.device.votes import Verdict, opened_between, vote_capture
from edge.recognise.detector import Detections
from edge.shelf.plane import project_box
from edge.shelf.view_shares import share_out
from edge.shelf.views import merge_views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from edge.contract.config import FixtureSection
    from edge.contract.events import Payload
    from edge.contract.payloads import Trigger
    from edge.device.analysis import Analyser
    from edge.device.camera import Camera
    from edge.device.door import Openings
    from edge.device.look import Look, Taken
    from edge.device.surroundings import Surroundings
    from edge.shelf.view_shares import ViewShare
    from edge.shelf.views import Merged

TOGETHER = timedelta(seconds=60)
"""Pictures of a replay whose times lie no further apart are of one capture set."""


@dataclass(frozen=True, slots=True)
class FixtureMemory:
    """What an agent remembers of a fixture with several views, beside what it remembers of each camera."""

    last: str = ""  # the latest capture set
    stockouts: dict[str, Any] | None = None  # the tracker's own form
    votes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The last capture sets, by the views they had: what one view never saw cannot outvote what two see."""

    @classmethod
    def load(cls, text: str | None) -> FixtureMemory:
        """Read what `dump` wrote; an empty memory for None."""
        return cls() if text is None else cls(**json.loads(text))

    def dump(self) -> str:
        """As text."""
        content = {"last": self.last, "stockouts": self.stockouts, "votes": self.votes}
        return json.dumps(content, separators=(",", ":"))


class FixtureViews:
    """The cameras of one fixture at work. For one thread at a time, but for `close` of its cameras.

    Args:
        fixture: the fixture.
        cameras: all that look at it, each with a geometry.
        analyser: the models and the fixture's plan.
        around: what it shares with the agent's other cameras.
    """

    def __init__(
        self, fixture: FixtureSection, cameras: Sequence[Camera], *, analyser: Analyser, around: Surroundings
    ) -> None:
        self.fixture = fixture
        self.cameras = tuple(cameras)
        self.name = f"views of {fixture.id}"
        self._analyser = analyser
        self._around = around
        self._memory = FixtureMemory.load(around.outbox.get_state(fixture_key(fixture.id)))
        self._held: dict[str, Taken] = {}  # frames of a replay whose set has not come yet, by camera

    @property
    def ended(self) -> bool:
        """Whether every camera has come to its end, and every frame was given out."""
        return all(camera.ended for camera in self.cameras) and not self._held

    @property
    def replayed(self) -> bool:
        """Whether its pictures carry their own times and are taken without waiting."""
        return any(camera.replayed for camera in self.cameras)

    @property
    def waits_for_disk(self) -> bool:
        """Whether what it said last waits for a disk that does not take it."""
        return self._around.outbox.holding

    def take(self) -> dict[str, Taken]:
        """One frame of every camera that gives one, by its id; all are waited for at once.

        Pictures of a replay that are of a later moment than the first of them are held back for their own set.
        """
        wanted = [one for one in self.cameras if one.section.id not in self._held and not one.ended]
        if wanted:
            with ThreadPoolExecutor(len(wanted), thread_name_prefix="views") as pool:
                for camera, taken in zip(wanted, pool.map(lambda one: one.take(), wanted), strict=True):
                    if taken is not None:
                        self._held[camera.section.id] = taken
        dated = [taken.at for taken in self._held.values() if taken.frame.taken is not None]
        until = min(dated) + TOGETHER if dated else None
        now = {
            name: taken
            for name, taken in self._held.items()
            if until is None or taken.frame.taken is None or taken.at <= until
        }
        self._held = {name: taken for name, taken in self._held.items() if name not in now}
        return now

    def read(
        self, taken: Mapping[str, Taken], trigger: Trigger = "scheduled", openings: Openings | None = None
    ) -> frozenset[str]:
        """Append what the frames of one capture set say, in one transaction.

        Args:
            taken: frames by the id of their camera; a camera that gave none is a missing view.
            trigger: what they were taken for.
            openings: of the fixture's door, between the last capture set and this one.

        Returns:
            The ids of the cameras whose frames were accepted.

        Raises:
            FacingsError: what no later capture would mend: a model that gives nonsense, an outbox that refuses.
        """
        cameras = [camera for camera in self.cameras if camera.section.id in taken]
        if not cameras:
            return frozenset()
        at = max(one.at for one in taken.values())
        name = capture_id(self.fixture.id, at)
        if name == self._memory.last:
            return frozenset()  # within one second of the last: nothing new, and no name of its own
        known = ever_seen(self._memory.stockouts)
        looks = {
            camera.section.view: camera.look(taken[camera.section.id], trigger, openings, known=known)
            for camera in cameras
        }
        by_view = {camera.section.view: camera for camera in cameras}
        drafts: list[Draft] = []
        state: dict[str, str] = {}
        for view, look in looks.items():
            if look.analysis is None:
                payloads, memory = by_view[view].reject(look)
                drafts += [Draft(look.capture.taken, payload) for payload in payloads]
                state |= by_view[view].kept(memory)
        seen = {view: look for view, look in looks.items() if look.analysis is not None}
        fixture = self._memory
        if seen:
            more, kept, fixture = self._accept(seen, by_view, name=name, at=at, openings=openings)
            drafts += more
            state |= kept
        self._around.outbox.append(
            drafts,
            stamp=cameras[0].stamp(dated=any(one.frame.taken is not None for one in taken.values())),
            state=state | {fixture_key(self.fixture.id): fixture.dump()},
        )
        self._memory = fixture
        self._around.wake()
        return frozenset(by_view[view].section.id for view in seen)

    def _accept(
        self,
        looks: Mapping[str, Look],
        cameras: Mapping[str, Camera],
        *,
        name: str,
        at: datetime,
        openings: Openings | None,
    ) -> tuple[list[Draft], dict[str, str], FixtureMemory]:
        """What the accepted frames of a set say together."""
        analyses = {view: look.analysis for view, look in looks.items() if look.analysis is not None}
        merged = self._merge(analyses, cameras)
        known = ever_seen(self._memory.stockouts)
        whole = Analysis(
            round(merged.front.width),
            round(merged.front.height),
            self._analyser.read(merged.facings, merged.outlook, ever_seen=known),
            {},
            faint=_faint(merged, analyses),
            outlook=merged.outlook,
        )
        had = "+".join(sorted(analyses))
        votes = self._memory.votes.get(had, [])
        opening = opened_between(votes, whole, openings)
        verdict, voters = vote_capture(
            votes,
            whole,
            at=at,
            capture=name,
            rules=self.fixture.vote,
            read=lambda facings: self._analyser.read(facings, merged.outlook, ever_seen=known),
        )
        episodes, tracker = follow_stockouts(
            self._memory.stockouts,
            verdict.reading.evidence,
            at=at,
            capture=name,
            fixture=self.fixture,
            clockwork=self._around.clockwork,
        )
        now, counted = self._shares(whole, verdict, merged, analyses)
        drafts: list[Draft] = []
        state: dict[str, str] = {}
        for number, (view, look) in enumerate(looks.items()):
            observation, memory = cameras[view].observe(
                look,
                _of_view(analyses[view], now[view]),
                _verdict(verdict, now[view], counted[view]),
                capture_set=name,
                opening=opening if number == 0 else None,
                changed=bool(episodes),
            )
            drafts.append(Draft(look.capture.taken, observation))
            state |= cameras[view].kept(memory)
        said: list[Payload] = [*episodes]
        drafts += [Draft(at, payload) for payload in said]
        return drafts, state, FixtureMemory(name, tracker, {**self._memory.votes, had: voters})

    def _merge(self, analyses: Mapping[str, Analysis], cameras: Mapping[str, Camera]) -> Merged:
        planes = {}
        for view, analysis in analyses.items():
            geometry = cameras[view].section.geometry
            if geometry is None:
                raise ValueError(f"camera {cameras[view].section.id} has no geometry")
            planes[view] = plane_of(geometry, (analysis.width, analysis.height))
        return merge_views(
            planes,
            {view: analysis.facings for view, analysis in analyses.items()},
            hidden={view: analysis.outlook.hidden for view, analysis in analyses.items()},
            doubtful={view: analysis.outlook.doubtful for view, analysis in analyses.items()},
        )

    def _shares(
        self, whole: Analysis, verdict: Verdict, merged: Merged, analyses: Mapping[str, Analysis]
    ) -> tuple[dict[str, ViewShare], dict[str, ViewShare]]:
        """Each view's share of what this capture set shows, and of what counts after the vote."""
        plan = self._analyser.plan
        seen = {view: analysis.facings for view, analysis in analyses.items()}
        owners = plan.owner_of or {}
        now = share_out(whole.reading, merged, seen, owner_of=owners, own=plan.own)
        counted = share_out(verdict.reading, merged, seen, source=verdict.source, owner_of=owners, own=plan.own)
        return now, counted


def _faint(merged: Merged, analyses: Mapping[str, Analysis]) -> Detections | None:
    """What is too faint for a facing, of all views, on the fixture's front."""
    boxes, scores = [], []
    for view, analysis in analyses.items():
        if analysis.faint is None:
            continue
        for (x1, y1, x2, y2), score in zip(analysis.faint.boxes.tolist(), analysis.faint.scores.tolist(), strict=True):
            box = project_box(merged.front.maps[view], (x1, y1, x2, y2))
            if box is not None and merged.front.holds(box):
                boxes.append(box)
                scores.append(score)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


def _of_view(analysis: Analysis, share: ViewShare) -> Analysis:
    return Analysis(analysis.width, analysis.height, share.reading, analysis.timings_ms, outlook=analysis.outlook)


def _verdict(verdict: Verdict, now: ViewShare, counted: ViewShare) -> Verdict:
    """A view's part of what counts, its facings told by their places among those that the view lists."""
    if verdict.source is None:
        return Verdict(counted.reading, verdict.captures, None)
    listed = {index: place for place, index in enumerate(now.source)}
    return Verdict(
        counted.reading,
        verdict.captures,
        tuple(None if index is None else listed[index] for index in counted.source),
    )


def fixture_key(fixture: str) -> str:
    """Where the outbox keeps what is remembered of a fixture with several views."""
    return f"fixture/{fixture}"
