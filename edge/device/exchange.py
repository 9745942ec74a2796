"""Puts a configuration in force while the agent runs: the cameras are exchanged, outbox and delivery stay."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog

from edge.contract.desired import DesiredRefusedError, changes
from edge.contract.errors import ConfigError, FacingsError, SourceError
from edge.device.remote_config import digest, refused
from edge.update.begin import read_anew

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.contract.config import AgentConfig
    from edge.contract.desired import Change
    from edge.contract.receipts import ConfigReport
    from edge.device.crew import Crew
    from edge.device.remote_config import RemoteConfig

log = structlog.get_logger(__name__)

LONGEST_END = 60.0
"""Seconds for the frames under way to be read to their end before their cameras are exchanged."""

LASTING = 60.0
"""Seconds at work after which a configuration counts as one that the agent survives."""

EXCHANGED = frozenset(
    {"zone", "hours", "models", "cameras", "fixtures", "traffic", "sensors", "evidence", "health_every", "recycle"}
)
"""Sections that hold from the next crew on; the others, and those yet unheard of, hold from a start on."""


class Exchange:
    """The configuration in force and the crew that works under it. Its verbs are for one thread.

    Args:
        remote: the device's own configuration, and what is desired beside it.
        hire: makes a crew ready to begin.
        report: says what became of a desired configuration.

    Raises:
        FacingsError: the device's own configuration cannot be put in force.
    """

    def __init__(
        self,
        remote: RemoteConfig,
        *,
        hire: Callable[[AgentConfig], Crew],
        report: Callable[[ConfigReport], None],
    ) -> None:
        self._remote = remote
        self._hire = hire
        self._report = report
        self._lasting_since: float | None = time.monotonic()
        self._ended = False
        config, document, error = remote.begin()
        try:
            crew = hire(config)
        except FacingsError as failure:
            if config == remote.filed:
                raise
            error = refused(failure, config)
            config, crew = remote.filed, hire(remote.filed)
        if error is not None:
            log.warning("config.desired_refused", error=str(error), in_force="the device's own file")
        self.config, self.crew = config, crew
        self._report(remote.report(config, document, error))

    def follow(self, document: bytes | None) -> None:
        """Put in force what is desired, if it is news, and say what became of it.

        Raises:
            FacingsError: neither the new cameras nor the ones before can work.
        """
        if document is None or not self._remote.is_news(document):
            return
        try:
            wanted = self._remote.weigh(document)
            with self._remote.keeping(document):
                self._put_in_force(wanted)
        except DesiredRefusedError as error:
            log.warning("config.desired_refused", error=str(error))
            self._report(self._remote.report(self.config, document, error))
            return
        log.info("config.in_force", sha256=digest(self.config))
        self._report(self._remote.report(self.config, document))

    def reload(self) -> dict[str, Any]:
        """Read the device's own file again.

        Returns:
            What a reply says: the configuration in force, and the keys that changed.

        Raises:
            FacingsError: the file cannot be used, or changes what holds from a start on; nothing is changed then.
        """
        before = self.config
        filed = read_anew(self._remote.path)
        fixed = [change.key for change in changes(self._remote.filed, filed) if needs_a_start(change)]
        if fixed:
            raise ConfigError(f"{', '.join(fixed)}: changed, and holds from a start on", "start the agent again")
        kept, self._remote.filed = self._remote.filed, filed
        document = self._remote.desired
        error = None
        try:
            try:
                wanted = self._remote.weigh(document or b"")
            except DesiredRefusedError as failure:  # what was desired does not fit the new file
                wanted, error = filed, failure
            self._put_in_force(wanted)
        except FacingsError:
            self._remote.filed = kept
            raise
        self._report(self._remote.report(self.config, document, error))
        return {
            "configuration": digest(self.config),
            "changed": [change.key for change in changes(before, self.config)],
        }

    def end(self, timeout: float) -> bool:
        """Let the crew end, and no other begin; whether that was done within `timeout` seconds."""
        self._ended = True
        return self.crew.stop(timeout)

    def note_time(self, now: float) -> None:
        """Let a configuration that has lasted count as one the agent survives; `now` in monotonic seconds."""
        if self._lasting_since is not None and now - self._lasting_since > LASTING:
            self._lasting_since = None
            self._remote.lasted()

    def _put_in_force(self, wanted: AgentConfig) -> None:
        """Exchange the cameras; those of the configuration before work again where the new ones cannot."""
        if not any(changes(self.config, wanted)):
            return
        if not self.crew.stop(LONGEST_END):
            raise SourceError(f"a camera did not end within {LONGEST_END:g} s", "the agent is started again")
        try:
            crew = self._hire(wanted)
        except FacingsError as error:
            self._begin(self.config, self._hire(self.config))
            raise refused(error, wanted) from None
        self._lasting_since = time.monotonic()
        self._begin(wanted, crew)

    def _begin(self, config: AgentConfig, crew: Crew) -> None:
        self.config, self.crew = config, crew
        if not self._ended:
            crew.start()


def needs_a_start(change: Change) -> bool:
    """Whether a key holds from a start of the agent on."""
    return change.path[0] not in EXCHANGED or change.path == ("evidence", "max_mb")
