"""Proves that a provisioned device works, step by step, and tells the collector how that went."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import FacingsError, ModelError
from edge.contract.provisioning import InstallationRecord, InstallStep
from edge.deliver.signing import RequestSigner
from edge.device.collector import SignedCollector
from edge.device.settings import check_config, read_config
from edge.device.trial import try_out
from edge.recognise.manifest import MODELS, load_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.device.trial import Trial
    from edge.recognise.privacy import View

PATH = "/api/v1/installations"
OFF_SECONDS = 300.0
"""As in the events: a clock further ahead counts as unsynced."""

WITHIN = 60.0
"""Seconds for the broker to let a new device in, and again for the collector's receipts."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Result:
    """What a technician leaves with."""

    config: AgentConfig
    record: InstallationRecord
    recorded: str  # why the collector has no record; empty: it has

    @property
    def passed(self) -> bool:
        """Whether the unit works."""
        return self.record.passed


class Steps:
    """The steps of one installation; what failed before and passes now is told with its tries.

    Args:
        said: is told each step as it ends.
        before: the steps of the tries before.
    """

    def __init__(self, said: Callable[[InstallStep], None], before: Sequence[InstallStep] = ()) -> None:
        self._said = said
        self._before = {step.name: step for step in before}
        self.done: list[InstallStep] = []

    def add(self, name: str, *, error: str = "", found: str = "", mended: int = 0) -> None:
        """One step; what failed last stays said, when it passes now.

        Args:
            name: what the page has words for.
            error: why it did not pass; empty: it did.
            found: what else is to be said.
            mended: how often it failed before it came to this.
        """
        earlier = self._before.get(name)
        tries = mended + (1 if earlier is None else earlier.tries + (not earlier.passed))
        said = error or found or (earlier.said if earlier is not None and not earlier.passed else "")
        step = InstallStep(name=name, passed=not error, tries=tries, said=said[:500])
        self.done.append(step)
        self._said(step)


def prove(
    file: Path,
    *,
    by: str,
    steps: Steps,
    models: Sequence[str] = (),
    clock_off: float | None = None,
    began: float | None = None,
    waits: Callable[[str], None] = lambda _: None,
    within: float = WITHIN,
    picture: bool = False,
    learnt: Mapping[str, View] | None = None,
) -> Result:
    """Look at everything, send a test capture all the way, and tell the collector.

    Args:
        file: the device's configuration.
        by: who installs it.
        steps: gathers what passed and what not.
        models: kinds of models that it needs, besides those that its configuration does.
        clock_off: seconds by which this clock is ahead of the collector's; None: not known.
        began: of the monotonic clock, when the claim was shown.
        waits: is told what is waited for.
        within: seconds for the broker, and again for the receipts.
        picture: stay until there is a picture that shows nobody.
        learnt: what the cameras' fixtures look like without people, where that is known: see `Agent`.

    Raises:
        FacingsError: the configuration cannot be read at all.
    """
    config, start = read_config(file), time.monotonic() if began is None else began
    if clock_off is not None:
        steps.add("clock", error=f"{clock_off:+.0f} s" if abs(clock_off) > OFF_SECONDS else "")
    steps.add("models", error=_missing(config, models))
    error, trial = "", None
    try:
        check_config(config, file)
    except FacingsError as failure:
        error = str(failure)
    steps.add("configuration", error=error)
    if not error:
        before = time.monotonic() - start
        trial = _try(
            steps, lambda: try_out(config, file, within=within, picture=picture, learnt=learnt, said=waits), within
        )
        seconds = before + trial.first_receipt if trial and trial.first_receipt else time.monotonic() - start
    else:
        seconds = time.monotonic() - start
    record = InstallationRecord(
        by=by[:120],
        at=datetime.now(UTC),
        steps=tuple(steps.done),
        evidence=trial.evidence if trial is not None and trial.uploaded else None,
        seconds=round(seconds, 1),
    )
    return Result(config, record, _tell(config, record))


def _try(steps: Steps, tried: Callable[[], Trial], within: float) -> Trial | None:
    try:
        trial = tried()
    except FacingsError as error:
        steps.add("agent", error=str(error))
        return None
    steps.add("camera", error=trial.camera)
    if not trial.camera:
        steps.add("picture", error=trial.rejected)
    steps.add("broker", error=trial.broker)
    if not trial.broker:
        steps.add("receipt", error="" if trial.receipted else f"none within {within:.0f} s")
    if trial.receipted:
        steps.add("upload", error="" if trial.uploaded else f"none within {within:.0f} s")
    return trial


def _missing(config: AgentConfig, models: Sequence[str]) -> str:
    """The kinds of models that are not here."""
    folder = config.models.folder or MODELS
    try:
        here = {entry.kind for entry in load_manifest(folder).models}
        missing = [kind for kind in models if kind not in here]
    except ModelError as error:
        return str(error)
    return f"{', '.join(missing)}: not in {folder}" if missing else ""


def _tell(config: AgentConfig, record: InstallationRecord) -> str:
    """Tell the collector; why it does not know, or nothing."""
    section = config.collector
    if section is None or section.cert_file is None or section.key_file is None:
        return "this device was not provisioned"
    try:
        signer = RequestSigner(section.cert_file, section.key_file)
        SignedCollector(section.url, section.ca_file, signer).post(PATH, record.model_dump(mode="json"))
    except FacingsError as error:
        log.warning("installation.not_told", error=str(error))
        return str(error)
    return ""
