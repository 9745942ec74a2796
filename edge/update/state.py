"""Which release a device runs, and in which environment: one small file, and what may become of it.

The transitions are pure. The file is read by every version of the agent that may lie on a device: its keys keep their
meaning, and what an older version does not know it leaves as it is (docs/decisions/0034-environments.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import structlog
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contract.names import Instant, Slug, Text
from edge.contract.releases import Number, ReleaseHealth, UpdateStage
from edge.update.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

MOST_STARTS = 4
"""Starts of a release that has not lasted yet. A plug is pulled once or twice in ten minutes, not five times."""

MOST_LAUNCHES = 6
"""Starts of an environment that lasted, of which none came up. Its files or the system under it were damaged since."""

MOST_ASIDE = 20
"""Releases that are remembered as bad; older ones are no longer offered."""

Slot = Literal["a", "b"]
"""One of two environments."""

_LONGEST = 500

log = structlog.get_logger(__name__)


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Probation(_Kept):
    """A release that has not lasted yet."""

    starts: Annotated[int, Field(ge=0)] = 0
    blind: frozenset[Slug] = frozenset()  # cameras that gave no frame before it came
    closed: frozenset[str] | None = None  # ways to the collector that were closed before; None: it changes none


class UpdateState(BaseModel):
    """What runs. It decides at every start, and is all that does."""

    model_config = ConfigDict(frozen=True, extra="allow")

    format: Literal[1] = 1
    running: Number | None = None  # None: what the device came with
    environment: Slot | None = None  # of the agent; None: the one that was installed on the device
    before: Number | None = None  # to go back to
    before_environment: Slot | None = None
    probation: Probation | None = None
    set_aside: dict[Number, Text] = {}
    launches: Annotated[int, Field(ge=0)] = 0  # of the environment, since it came up last
    agent: Annotated[str, Field(max_length=64)] | None = None  # the newest that lasted; no older one is taken

    def switched(
        self,
        number: int,
        *,
        blind: frozenset[str],
        environment: Slot | None = None,
        closed: frozenset[str] | None = None,
    ) -> UpdateState:
        """To another release, on probation. The one before is the last that lasted."""
        before = (self.before, self.before_environment) if self.probation else (self.running, self.environment)
        return self._with(
            running=number,
            environment=environment,
            before=before[0],
            before_environment=before[1],
            probation=Probation(blind=blind, closed=closed),
            launches=0,
        )

    def started(self) -> UpdateState:
        """One more start; a release that was started too often without lasting is taken back."""
        if self.probation is None:
            return self
        if self.probation.starts >= MOST_STARTS:
            return self.rolled_back(f"{self.probation.starts} starts, and none lasted")
        return self._with(probation=self.probation.model_copy(update={"starts": self.probation.starts + 1}))

    def launched(self) -> UpdateState:
        """One more start of an environment, counted before it begins: it may be unable to count itself."""
        state = self.started()
        if (state.running, state.environment) != (self.running, self.environment):
            return state
        if self.launches >= MOST_LAUNCHES:
            return self.environment_lost(f"{self.launches} starts of environment {self.environment}, none came up")
        return state.model_copy(update={"launches": self.launches + 1})

    def came_up(self) -> UpdateState:
        """The environment that runs does its work."""
        return self._with(launches=0)

    def lasted(self, agent: str | None = None) -> UpdateState:
        """It proved itself, with the agent of that version."""
        known = [version for version in (self.agent, agent) if version is not None]
        return self._with(probation=None, agent=max(known, key=Version, default=None))

    def environment_lost(self, why: str) -> UpdateState:
        """Without an environment that cannot be started. A release that lasted in it may be taken again."""
        if self.probation is not None:
            return self.rolled_back(why)
        before = (self.before, self.before_environment)
        if self.before_environment == self.environment:
            before = (None, None)
        return self._with(running=before[0], environment=before[1], before=None, before_environment=None, launches=0)

    def release_lost(self) -> UpdateState:
        """Without a release that lasted and was damaged since; it may be taken again."""
        return self._with(
            running=self.before, environment=self.before_environment, before=None, before_environment=None
        )

    def without_environment(self) -> UpdateState:
        """The release that runs, under the agent that was installed on the device."""
        return self._with(environment=None, launches=0)

    def without_way_back_into(self, slot: Slot) -> UpdateState:
        """As an environment is made anew, nothing goes back to what was in it."""
        if self.before_environment != slot:
            return self
        return self._with(before=None, before_environment=None)

    def rolled_back(self, why: str) -> UpdateState:
        """Back to the release before; this one is not taken again."""
        if self.running is None:
            return self
        aside = self.aside(self.running, why).set_aside
        before = (self.before, self.before_environment) if self.before not in aside else (None, None)
        return self._with(
            set_aside=aside,
            running=before[0],
            environment=before[1],
            before=None,
            before_environment=None,
            probation=None,
            launches=0,
        )

    def aside(self, number: int, why: str) -> UpdateState:
        """Do not take a release."""
        known = dict(sorted({**self.set_aside, number: why[:_LONGEST]}.items())[-MOST_ASIDE:])
        return self._with(set_aside=known)

    def takes(self, number: int | None) -> bool:
        """Whether a release may take the place of what runs: a later one, and not one that failed here."""
        return number is not None and number > (self.running or 0) and number not in self.set_aside

    def _with(self, **changes: object) -> UpdateState:
        return self.model_copy(update=changes)


class Progress(_Kept):
    """How far the device is on the way to what it is to run; for people, and nothing depends on it."""

    wanted: Number | None = None
    stage: UpdateStage = "current"
    said: Text = ""
    asked: Instant | None = None  # when the collector answered last


class StateFiles:
    """State and progress in the folder of updates."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "state.json"
        self._progress = folder / "progress.json"

    def state(self) -> UpdateState:
        """What runs; what the device came with, where the file is not there or cannot be read."""
        try:
            return UpdateState.model_validate_json(self._state.read_bytes())
        except FileNotFoundError:
            return UpdateState()
        except (OSError, ValidationError):
            log.exception("update.state_unreadable", path=str(self._state), running="what the device came with")
            return UpdateState()

    def keep(self, state: UpdateState) -> None:
        """Keep what runs.

        Raises:
            OSError: the disk refuses; what was kept before still is.
        """
        write_whole(self._state, state.model_dump_json().encode())

    def progress(self) -> Progress:
        """How far it was; nothing where that is not known."""
        try:
            return Progress.model_validate_json(self._progress.read_bytes())
        except (OSError, ValidationError):
            return Progress()

    def note(self, progress: Progress) -> None:
        """Note how far it is; a disk that refuses keeps nobody from going on."""
        try:
            write_whole(self._progress, progress.model_dump_json().encode())
        except OSError as error:
            log.warning("update.progress_not_noted", error=error.strerror)


def health_of(state: UpdateState, progress: Progress) -> ReleaseHealth:
    """How the device stands, as it tells its collector."""
    stage, said = progress.stage, progress.said
    if state.probation is not None and stage in {"current", "waiting", "trying", "fetching"}:
        stage, said = "probation", ""
    return ReleaseHealth(
        running=state.running,
        environment=state.environment,
        wanted=progress.wanted,
        stage=stage,
        said=said,
        set_aside=dict(state.set_aside),
    )
