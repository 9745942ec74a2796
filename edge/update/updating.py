"""From what the fleet signed to what the device runs: asked for, fetched, tried, and switched in a quiet moment.

A thread does what takes long and changes nothing: it asks, fetches, assembles and tries. The agent's main thread does
what changes something and takes no time (`tend`): it writes which release runs, and the agent begins anew under it.
"""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import ConfigError, DeliveryError, FacingsError
from edge.deliver.signing import RequestSigner
from edge.update.fetch import Fetcher
from edge.update.folder import UpdateFolder
from edge.update.state import StateFiles, UpdateState, health_of
from edge.update.trial import try_out
from edge.update.trusted import AwayError, TrustedReleases

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from edge.contract.config import AgentConfig, UpdatesSection
    from edge.contract.releases import Release, ReleaseHealth, UpdateStage

LONGEST_WAIT = 86400.0
"""Seconds for a quiet moment, in a shop that never closes or on a clock that is wrong."""

PATIENCE = 3.0
"""Times `healthy_after` that a release on probation may need until every camera gives frames again."""

SPARE_BYTES = 256 * 1024 * 1024
"""That stay free on the disk: the outbox needs them more."""

FRESH = 120.0
"""Seconds for which it is known which cameras give frames."""

SETTLED = 1.0
"""Seconds after which what cameras gave has come to whoever asks which are blind."""

MOST_DELAY = 60.0
"""Seconds before the first question: a fleet whose power comes back does not ask all at once."""

log = structlog.get_logger(__name__)


class Updating:
    """The releases of one agent.

    Args:
        config: in force at the start, its paths resolved.
        path: the device's file.
        section: of updates.
        now: what time it is by the best that is known, UTC.
        look: has every camera give a frame that nobody reads; outside opening hours no other way tells who is blind.

    Raises:
        ConfigError: there is no address to ask, or token or certificates cannot be read.
    """

    def __init__(
        self,
        config: AgentConfig,
        path: Path,
        section: UpdatesSection,
        *,
        now: Callable[[], datetime],
        look: Callable[[], object],
    ) -> None:
        url = section.url or (config.collector.url if config.collector else None)
        if url is None:
            raise ConfigError("updates: neither updates.url nor collector.url is set", "say where releases are")
        self._base = f"{url.rstrip('/')}/api/v1/releases/{config.device.tenant}"
        self._device = config.device
        self._path = path
        self._section = section
        self._now = now
        self._fetcher = _fetcher(config, section, encrypted=url.startswith("https:"))
        self._folder = UpdateFolder(config.data)
        self._files = StateFiles(self._folder.path)
        self._state = self._files.state()
        self._progress = self._files.progress()
        self._began = time.monotonic()
        self._ready: tuple[int, float] | None = None  # a release that stood the trial, and since when
        self._failed = ""
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._look_through = look
        self._seen = float("-inf")  # when every camera was asked for a frame last
        self._to_see = threading.Event()
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._awake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="updates", daemon=True)
        wanted = self._progress.wanted
        if wanted is not None and wanted in self._state.set_aside and self._progress.stage != "refused":
            self._note("rolled_back", self._state.set_aside[wanted])  # while it started, or it did not come so far
        elif self._progress.stage in {"fetching", "trying", "waiting"}:
            self._note("current")  # it is gone on with soon

    @property
    def health(self) -> ReleaseHealth:
        """How the device stands to its release."""
        return health_of(self._state, self._progress)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Leave off; what was fetched is kept."""
        self._stop.set()
        self._awake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def tend(self, *, blind: frozenset[str], closed: bool) -> bool:
        """Judge a release on probation, or switch to one that stood its trial; for the agent's main thread.

        Args:
            blind: cameras that give no frame now.
            closed: whether the shop is.

        Returns:
            Whether another release is to run: the agent is to begin anew.
        """
        if self._state.probation is not None:
            return self._judge(blind)
        if self._ready is None:
            return False
        number, since = self._ready
        if self._section.when == "closed" and not closed and time.monotonic() - since < LONGEST_WAIT:
            return False
        if not self._seen_lately() or not self._change(lambda state: state.switched(number, blind=blind)):
            return False
        log.info("update.switching", release=number, before=self._state.before)
        return True

    def _judge(self, blind: frozenset[str]) -> bool:
        """Let a release stay that works, or go back to the one before."""
        assert self._state.probation is not None
        up = time.monotonic() - self._began
        if up < self._section.healthy_after or not self._seen_lately():
            return False
        newly = sorted(blind - self._state.probation.blind)
        if not newly:
            if self._change(UpdateState.lasted):
                log.info("update.lasted", release=self._state.running)
                self._note("current")
                self._awake.set()
            return False
        if up < PATIENCE * self._section.healthy_after:
            return False
        why = f"no frame from camera {', '.join(newly)} under it"
        log.error("update.rolled_back", release=self._state.running, why=why)
        if not self._change(lambda state: state.rolled_back(why)):
            return False
        self._note("rolled_back", why)
        return True

    def _seen_lately(self) -> bool:
        """Whether what is known of the cameras is of now; else they are asked, and a later call has the answer."""
        age = time.monotonic() - self._seen
        if age > FRESH:
            self._to_see.set()
            self._awake.set()
        return SETTLED <= age <= FRESH

    def _see(self) -> None:
        """Ask every camera for a frame."""
        self._to_see.clear()
        try:
            self._look_through()
        except Exception:
            log.exception("update.look_failed")
        self._seen = time.monotonic()

    def _run(self) -> None:
        self._awake.wait(min(self._section.every, MOST_DELAY) * self._rng.random())
        while not self._stop.is_set():
            self._awake.clear()
            if self._to_see.is_set():
                self._see()
            try:
                self._look()
            except AwayError as error:
                self._away(str(error))
            except (FacingsError, OSError) as error:
                self._note("faulty", str(error), loud=True)
            self._awake.wait(self._section.every * (0.75 + 0.5 * self._rng.random()))

    def _look(self) -> None:
        """Ask, and do what is to be done."""
        if self._state.probation is not None:
            return  # one after the other
        trusted = TrustedReleases(self._folder, self._base, self._fetcher, self._section.root, self._now())
        wanted = trusted.plan.wanted(store=self._device.store, device=self._device.id)
        self._failed = ""
        self._progress = self._progress.model_copy(update={"wanted": wanted, "asked": self._now()})
        if wanted in self._state.set_aside and wanted is not None:
            stage: UpdateStage = self._progress.stage if self._progress.stage == "refused" else "rolled_back"
            self._note(stage, self._state.set_aside[wanted])
            return
        if wanted is None or not self._state.takes(wanted):
            self._ready = None
            self._folder.prune({self._state.running, self._state.before})
            self._note("current")
            return
        if self._ready is not None and self._ready[0] == wanted:
            return
        self._ready = None
        self._take(trusted, trusted.release(wanted))

    def _take(self, trusted: TrustedReleases, release: Release) -> None:
        """Fetch a release, assemble it, try it."""
        missing = [file for file in release.files if not self._folder.has(file.sha256)]
        needed = sum(file.size for file in missing)
        if missing:
            if self._folder.free() < needed + SPARE_BYTES:
                said = f"release {release.number}: {needed / 1e6:.0f} MB are to be fetched"
                raise DeliveryError(f"{said}, and the disk has {self._folder.free() / 1e6:.0f} MB", "make room on it")
            self._note("fetching", f"{len(missing)} files, {needed / 1e6:.1f} MB")
        for file in missing:
            trusted.fetch(file.sha256, file.size, self._stop)
        self._folder.assemble(release)
        self._note("trying")
        why = try_out(self._path, self._state.running, release.number, release.limits, self._stop)
        if why:
            self._change(lambda state: state.aside(release.number, why))
            self._note("refused", why, loud=True)
            self._folder.prune({self._state.running, self._state.before})
            return
        self._folder.prune({self._state.running, self._state.before, release.number})
        self._ready = release.number, time.monotonic()
        self._note("waiting")
        log.info("update.ready", release=release.number)

    def _change(self, change: Callable[[UpdateState], UpdateState]) -> bool:
        """Keep what a change makes of the state; False where the disk refuses: then all stays as it is."""
        with self._changing:
            state = change(self._state)
            try:
                self._files.keep(state)
            except OSError as error:
                if not self._failed:
                    log.warning("update.state_not_kept", error=error.strerror)
                self._failed = str(error)
                return False
            self._state = state
            return True

    def _note(self, stage: UpdateStage, said: str = "", *, loud: bool = False) -> None:
        after = self._progress.model_copy(update={"stage": stage, "said": said[:500]})
        if loud and (after.stage, after.said) != (self._progress.stage, self._progress.said):
            log.warning("update.refused", release=after.wanted, stage=stage, why=said)
        self._progress = after
        self._files.note(after)

    def _away(self, why: str) -> None:
        """Offline is no error: told once in the log, and asked again."""
        if not self._failed:
            log.info("update.collector_away", why=why)
        self._failed = why


def _fetcher(config: AgentConfig, section: UpdatesSection, *, encrypted: bool) -> Fetcher:
    """HTTP as this device speaks it: signed with its key, where it was provisioned and no token is given."""
    collector, broker = config.collector, config.broker
    certificate = None if broker.cert_file is None or broker.key_file is None else (broker.cert_file, broker.key_file)
    if collector is None:
        return Fetcher(section, certificate, encrypted=encrypted)
    if section.ca_file is None and section.url is None:
        section = section.model_copy(update={"ca_file": collector.ca_file})
    signer = None
    if collector.cert_file is not None and collector.key_file is not None and encrypted and section.token_file is None:
        certificate = collector.cert_file, collector.key_file
        signer = RequestSigner(*certificate)
    return Fetcher(section, certificate, encrypted=encrypted, signer=signer)
