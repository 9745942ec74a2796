"""Remote configuration: from what a collector desires to what is in force, and what is said of it.

The device's own file comes first: it says who the device is and whom it trusts, and it holds whenever the desired
document does not fit. What is desired is judged (`edge.contract.desired`), then everything it points to is looked at
as for a file; only then is it kept beside the outbox and put in force.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import structlog

from edge.contract.desired import WHOLE, DesiredRefusedError, desire, fault
from edge.contract.errors import ConfigError, FacingsError
from edge.contract.files import WrongKeyError
from edge.contract.receipts import ConfigReport
from edge.device.overlay import OverlayFile
from edge.device.settings import check_config
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.contract.config import AgentConfig

log = structlog.get_logger(__name__)

REPORT = "config-report.json"
"""In the data folder: what was said last on `config/reported`, for who looks at the device itself."""


class RemoteConfig:
    """The desired configuration of one agent.

    Args:
        filed: the device's own configuration, its paths resolved and its contents checked.
        path: its file, for errors and relative paths.
    """

    def __init__(self, filed: AgentConfig, path: Path) -> None:
        self.filed = filed
        self.path = path
        self._file = OverlayFile(filed.data)
        self._answered: bytes | None = None

    def begin(self) -> tuple[AgentConfig, bytes | None, DesiredRefusedError | None]:
        """What to start with: the configuration, the document that made it, and why one that was kept did not."""
        document = self._file.begin()
        if document is None:
            return self.filed, None, None
        self._answered = document
        try:
            return self.weigh(document), document, None
        except DesiredRefusedError as error:
            return self.filed, document, error

    def is_news(self, document: bytes | None) -> bool:
        """Whether a document is another than the one answered last; it comes again with every connection.

        An empty one takes back what was desired.
        """
        return document is not None and document != (self._answered or b"")

    def weigh(self, document: bytes) -> AgentConfig:
        """The configuration that a document makes, with all it points to looked at. It is neither kept nor in force.

        Raises:
            DesiredRefusedError: with every fault that was found.
        """
        if not document:
            return self.filed
        if self._file.was_set_aside(document):
            raise DesiredRefusedError([fault(WHOLE, "the agent was started under it again and again and did not last")])
        wanted = desire(self.filed, document, folder=self.path.resolve().parent)
        try:
            check_config(wanted, self.path)
        except FacingsError as error:
            raise refused(error, wanted) from None
        return wanted

    @property
    def desired(self) -> bytes | None:
        """The document that is kept; None where nothing is desired."""
        return self._file.read()

    @contextmanager
    def keeping(self, document: bytes) -> Iterator[None]:
        """Keep a document while it is put in force, and from then on; the one before, where that fails.

        Raises:
            DesiredRefusedError: the disk refuses.
        """
        before = self._file.read()
        try:
            self._file.keep(document)
        except OSError as error:
            raise DesiredRefusedError([fault(WHOLE, f"it cannot be kept: {error.strerror}")]) from None
        try:
            yield
        except FacingsError:
            self._file.keep(before or b"")
            raise

    def lasted(self) -> None:
        """The agent has worked long enough under what is in force."""
        self._file.lasted()

    def report(
        self, in_force: AgentConfig, document: bytes | None, error: DesiredRefusedError | None = None
    ) -> ConfigReport:
        """What to say on `config/reported`, and the end of the matter: the same document is no news again."""
        self._answered = document
        configuration = digest(in_force)
        return ConfigReport(
            sha256=hashlib.sha256(document).hexdigest() if document else configuration,
            in_force=error is None,
            configuration=configuration,
            error=str(error)[:500] if error else "",
            errors=list(error.faults) if error else [],
        )


def note_report(data: Path, report: ConfigReport) -> None:
    """Keep what was said last beside the outbox, for `edge status`; a disk that refuses keeps nobody from saying it."""
    with suppress(ConfigError):
        write_whole(data / REPORT, report.model_dump_json())


def refused(error: FacingsError, config: AgentConfig) -> DesiredRefusedError:
    """A fault that was found by looking at what a configuration points to, or by putting it in force."""
    if isinstance(error, DesiredRefusedError):
        return error
    key, said = WHOLE, error.what
    if isinstance(error, WrongKeyError):
        key, said = _by_ids(error.loc, config), error.said
    return DesiredRefusedError([fault(key, f"{said} ({error.mend})" if error.mend else said)])


def _by_ids(loc: tuple[int | str, ...], config: AgentConfig) -> str:
    """A key with ids in place of numbers, as desired documents name cameras and fixtures."""
    steps: list[str] = []
    place: Any = config
    for step in loc:
        place = place[step] if isinstance(step, int) else getattr(place, step, None)
        steps.append(str(getattr(place, "id", step) if isinstance(step, int) else step))
    return ".".join(steps)


def digest(config: AgentConfig) -> str:
    """The sha256 of a configuration as JSON, defaults included: the same for the same configuration."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()
