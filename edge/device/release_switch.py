"""The agent's part in its own releases: what it is told for them, and when it ends so that another one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.business_day import is_open
from edge.update.folder import UpdateFolder
from edge.update.frames import TrialFolder
from edge.update.updating import Updating

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from edge.contract.business_day import Clockwork
    from edge.contract.config import AgentConfig
    from edge.contract.releases import ReleaseHealth
    from edge.deliver.sealing import AtRest
    from edge.device.crew import Crew


class ReleaseSwitch:
    """The releases of one agent; of one that takes none, everything here does nothing.

    Args:
        config: in force at the start, its paths resolved.
        file: the device's own.
        now: what time it is by the best that is known, UTC.
        look: has every camera give a frame that nobody reads.

    Raises:
        ConfigError: there is no address to ask, or token or certificates cannot be read.
    """

    def __init__(
        self, config: AgentConfig, file: Path, *, now: Callable[[], datetime], look: Callable[[], object]
    ) -> None:
        section = config.updates
        self._updates = None if section is None else Updating(config, file, section, now=now, look=look)

    @property
    def health(self) -> ReleaseHealth | None:
        """How the device stands to its release; None where it takes none."""
        return None if self._updates is None else self._updates.health

    def start(self) -> None:
        """Begin to ask for releases."""
        if self._updates is not None:
            self._updates.start()

    def receipted(self) -> None:
        """A receipt came: the broker is reached."""
        if self._updates is not None:
            self._updates.receipted()

    def is_due(self, crew: Crew, *, now: datetime, clockwork: Clockwork) -> bool:
        """Whether another release is to run: the agent is to begin anew."""
        if self._updates is None:
            return False
        blind = frozenset(camera.section.id for camera in crew.everyone if camera.error)
        return self._updates.tend(blind=blind, closed=not is_open(now, clockwork))

    def stop(self) -> None:
        """Leave off; what was fetched is kept."""
        if self._updates is not None:
            self._updates.stop()


def trial_folder(config: AgentConfig, at_rest: AtRest) -> TrialFolder | None:
    """Where frames are kept to try releases on; None where none are."""
    if config.updates is None or config.updates.frames == 0:
        return None
    return TrialFolder(UpdateFolder(config.data).frames, config.updates.frames, at_rest)
