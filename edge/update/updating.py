"""From what the fleet signed to what the device runs: asked for, fetched, tried, and switched in a quiet moment.

A thread does what takes long and changes nothing: it asks, fetches, assembles and tries. The agent's main thread does
what changes something and takes no time (`tend`): it writes which release runs, and the agent begins anew under it.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import ConfigError, DeliveryError, FacingsError
from edge.contract.releases import FOLDERS
from edge.device.health import agent_version
from edge.device.settings import read_config
from edge.update.compose import laid_over
from edge.update.environments import Environments, other
from edge.update.fetch import fetcher_of
from edge.update.folder import UpdateFolder
from edge.update.next_agent import NextAgent, UnfitError, left_out, next_agent, prepared
from edge.update.state import StateFiles, UpdateState, health_of
from edge.update.trial import Candidate, try_out
from edge.update.trusted import AwayError, TrustedReleases
from edge.update.ways import Ways, health_address, leads_elsewhere, to_ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from edge.contract.config import AgentConfig, UpdatesSection
    from edge.contract.releases import Release, ReleaseHealth, UpdateStage
    from edge.update.state import Probation, Slot

LONGEST_WAIT = 86400.0
"""Seconds for a quiet moment, in a shop that never closes or on a clock that is wrong."""

PATIENCE = 3.0
"""Times `healthy_after` that a release on probation may need until every camera gives frames again."""

SPARE_BYTES = 256 * 1024 * 1024
"""That stay free on the disk: the outbox needs them more."""

STEADY = 120.0
"""Seconds after which an environment came up: longer than a supervisor waits for a sign of life of a hung one."""

FRESH = 120.0
"""Seconds for which it is known which cameras give frames."""

SETTLED = 1.0
"""Seconds after which what cameras gave has come to whoever asks which are blind."""

MOST_DELAY = 60.0
"""Seconds before the first question: a fleet whose power comes back does not ask all at once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """A release that stood its trial, in which environment, and since when."""

    number: int
    environment: Slot | None
    since: float
    elsewhere: bool = False  # it changes the ways to the collector


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
        self._config = config
        self._device = config.device
        self._path = path
        self._section = section
        self._now = now
        self._fetcher = fetcher_of(config, section)
        self._folder = UpdateFolder(config.data)
        self._files = StateFiles(self._folder.path)
        self._state = self._files.state()
        self._progress = self._files.progress()
        self._began = time.monotonic()
        self._environments = Environments(config.data)
        self._ready: Ready | None = None
        answers = to_ask(config)
        here = self._base + "/metadata/timestamp.json"  # no other collector has this fleet's, nor lets this device in
        self._ways = (
            Ways(config, lambda: self._fetcher, None if config.collector is None else here)
            if answers is None
            else Ways(config, partial(fetcher_of, config, answers), health_address(config))
        )
        self._failed = ""
        self._said = float("-inf")  # that the environment came up
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

    def receipted(self) -> None:
        """A receipt came: events reach the collector."""
        self._ways.receipted()

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
        self._come_up()
        if self._state.probation is not None:
            return self._judge(blind)
        ready = self._ready
        if ready is None:
            return False
        if self._section.when == "closed" and not closed and time.monotonic() - ready.since < LONGEST_WAIT:
            return False
        if not self._seen_lately():
            return False
        ways = self._ways.closed() if ready.elsewhere else None
        if not self._change(
            lambda now: now.switched(ready.number, blind=blind, environment=ready.environment, closed=ways)
        ):
            return False
        log.info(
            "update.switching", release=ready.number, before=self._state.before, environment=self._state.environment
        )
        return True

    def _come_up(self) -> None:
        """Say once that the environment does its work: from then on a start of it is one of a sound one."""
        now = time.monotonic()
        if self._state.launches and now - self._began > STEADY and now - self._said > STEADY:
            self._said = now
            self._change(UpdateState.came_up)

    def _judge(self, blind: frozenset[str]) -> bool:
        """Let a release stay that works, or go back to the one before."""
        assert self._state.probation is not None
        up = time.monotonic() - self._began
        if up < self._section.healthy_after or not self._seen_lately():
            return False
        why = self._worse(self._state.probation, blind)
        if not why:
            agent = agent_version() if self._state.environment is not None else None
            if self._change(lambda state: state.lasted(agent)):
                log.info("update.lasted", release=self._state.running)
                self._note("current")
                self._awake.set()
            return False
        if up < PATIENCE * self._section.healthy_after:
            return False
        log.error("update.rolled_back", release=self._state.running, why=why)
        if not self._change(lambda state: state.rolled_back(why)):
            return False
        self._note("rolled_back", why)
        return True

    def _worse(self, probation: Probation, blind: frozenset[str]) -> str:
        """What worked before a release and does not under it; empty where all does."""
        found = []
        if newly := sorted(blind - probation.blind):
            found.append(f"no frame from camera {', '.join(newly)}")
        if probation.closed is not None and (cut := self._ways.closed(ever=True) - probation.closed):
            found.append(self._ways.told(cut))
        return f"{', '.join(found)} under it" if found else ""

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
        self._ways.ask()
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
            self._prune()
            return
        if wanted is None or not self._state.takes(wanted):
            self._ready = None
            self._prune()
            self._note("current")
            return
        if self._ready is not None and self._ready.number == wanted:
            return
        self._ready = None
        self._take(trusted, trusted.release(wanted))

    def _take(self, trusted: TrustedReleases, release: Release) -> None:
        """Fetch a release, assemble it, try it."""
        try:
            agent = self._agent_of(release)
            without = left_out(release, agent)
            self._fetch(trusted, release, without, agent)
            self._folder.assemble(release, without=without)
            environment = self._state.environment if agent is None else self._environment(release.number, agent)
        except UnfitError as error:
            self._refuse(release.number, error.what)
            return
        python = None if agent is None or environment is None else self._environments.python(environment)
        self._note("trying")
        candidate = Candidate(release.number, release.limits, python, "" if agent is None else agent.version)
        if why := try_out(self._path, self._state.running, candidate, self._stop):
            self._refuse(release.number, why)
            return
        elsewhere = agent is not None or self._leads_elsewhere(release)
        self._ready = Ready(release.number, environment, time.monotonic(), elsewhere)
        self._prune()
        self._note("waiting")
        log.info("update.ready", release=release.number, environment=environment)

    def _leads_elsewhere(self, release: Release) -> bool:
        """Whether a release changes the ways to the collector; one that does not fit the device is never begun."""
        try:
            after = laid_over(read_config(self._path), release, self._folder.place(release.number))
        except FacingsError:
            return False
        return leads_elsewhere(self._config, after)

    def _agent_of(self, release: Release) -> NextAgent | None:
        """The agent that a release brings to this device; None: it says nothing of the agent, and this one stays."""
        if release.agent is None:
            return None
        return next_agent(release.agent, lasted=self._state.agent, installed=agent_version())

    def _fetch(
        self, trusted: TrustedReleases, release: Release, without: frozenset[str], agent: NextAgent | None
    ) -> None:
        """Fetch what is not here yet, where the disk has room for it and for what is made of it."""
        missing = [one for one in release.files if one.sha256 not in without and not self._folder.has(one.sha256)]
        fetched = sum(file.size for file in missing)
        built = 0 if agent is None or self._environments.sealed(agent.key) else agent.room
        if built:
            self._environments.prune(self._kept_environments())
        if (missing or built) and self._folder.free() < fetched + built + SPARE_BYTES:
            said = f"release {release.number}: {(fetched + built) / 1e6:.0f} MB are needed"
            raise DeliveryError(f"{said}, and the disk has {self._folder.free() / 1e6:.0f} MB", "make room on it")
        if missing:
            self._note("fetching", f"{len(missing)} files, {fetched / 1e6:.1f} MB")
        for file in missing:
            trusted.fetch(file.sha256, file.size, self._stop)

    def _environment(self, number: int, agent: NextAgent) -> Slot:
        """An environment with an agent in it: one that is there, or the idle one, built anew."""
        known = self._environments.sealed(agent.key)
        if known is not None:
            return known
        slot = other(self._state.environment)
        if not self._change(lambda state: state.without_way_back_into(slot)):
            raise DeliveryError("the disk does not take down what runs", "make room on it")
        self._note("trying", f"agent {agent.version} is put into environment {slot}")
        prepared(agent, self._folder.place(number).joinpath(*FOLDERS["agent"]), self._environments, slot, self._stop)
        log.info("update.environment_built", environment=slot, agent=agent.version)
        return slot

    def _refuse(self, number: int, why: str) -> None:
        """Do not take a release, and let go of what was made of it."""
        self._change(lambda state: state.aside(number, why))
        self._note("refused", why, loud=True)
        self._prune()

    def _prune(self) -> None:
        """Let go of the releases and environments that nothing runs in, waits in, or goes back to."""
        ready = None if self._ready is None else self._ready.number
        self._folder.prune({self._state.running, self._state.before, ready})
        self._environments.prune(self._kept_environments())

    def _kept_environments(self) -> set[Slot | None]:
        ready = None if self._ready is None else self._ready.environment
        return {self._state.environment, self._state.before_environment, ready}

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
