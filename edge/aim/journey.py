"""What a technician does on the page, step by step: the claim, what the device becomes, the aim, the proof.

Each verb says from which stage it is legal; whatever takes long is done in a thread, and the page asks how it goes.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from edge.aim.aiming import Aiming
from edge.contract.errors import FacingsError
from edge.contract.provisioning import parse_claim
from edge.device.installation import Steps, prove
from edge.device.installation_files import keep_result, steps_before
from edge.device.provision import ask_in, write_files
from edge.device.settings import check_config, read_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from edge.contract.provisioning import Granted, InstallStep, ProvisionAnswer
    from edge.device.installation import Result
    from edge.device.installation_page import StepWords
    from edge.device.provision import Wish

log = structlog.get_logger(__name__)


class Stage(StrEnum):
    """Where a technician is."""

    CLAIM = "claim"
    ASKING = "asking"  # the collector, which may ask a person
    CONFIRM = "confirm"  # what the device becomes
    AIM = "aim"
    PROVING = "proving"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a step did not go on."""

    about: str  # the step: `claim`, `collector`, `files`, `cameras`, `reference`, `proof`
    said: str  # in English, with the mend


class LostError(Exception):
    """A verb that is not legal where the technician is: the page shows another stage now."""


@dataclass(slots=True)
class Proof:
    """How the proof goes."""

    waits: str = ""  # for what: `camera`, `broker`, `receipt`, `picture`
    steps: list[InstallStep] = field(default_factory=list)
    words: Mapping[str, StepWords] = field(default_factory=dict)  # of steps that say what was wrong with a view
    result: Result | None = None


class Journey:
    """One installation, or one camera aimed anew. Safe to use from several threads.

    Args:
        folder: of the device's files.
        file: its configuration.
        wish: what is said beside the claim.
        within: seconds for the broker, and again for the receipts.
    """

    def __init__(self, folder: Path, file: Path, wish: Wish, *, within: float = 60.0) -> None:
        self._folder = folder
        self._file = file
        self._wish = wish
        self._within = within
        self._lock = threading.RLock()
        self._answer: ProvisionAnswer | None = None
        self._clock_off: float | None = None  # seconds by which this clock is ahead of the collector's
        self._began: float | None = None  # of the monotonic clock, when the claim was shown
        self._let_in = False
        self._over = threading.Event()
        self.stage = Stage.AIM if file.exists() else Stage.CLAIM
        self.trouble: Trouble | None = None
        self.key = ""
        """Of this device, while a person has to approve it."""
        self.aiming: Aiming | None = None
        self.proof = Proof()
        if self.stage is Stage.AIM:
            self._aim()

    @property
    def granted(self) -> Granted | None:
        """What the device becomes; None before the collector has said so in this journey."""
        return None if self._answer is None else self._answer.granted

    @property
    def passed(self) -> bool:
        """Whether the device has proved that it works."""
        result = self.proof.result
        return result is not None and result.passed

    def claim(self, text: str) -> None:
        """Show the claim to the collector."""
        with self._at(Stage.CLAIM):
            self.trouble = None
            try:
                claim = parse_claim(text)
            except FacingsError as error:
                self.trouble = Trouble("claim", str(error))
                return
            self.stage, self._began = Stage.ASKING, time.monotonic()

        def ask() -> None:
            answer = ask_in(self._folder, claim, self._wish, waits=self._await_approval)
            with self._lock:
                self._clock_off = (datetime.now(UTC) - answer.time).total_seconds()
                self._answer, self.key, self.stage = answer, "", Stage.CONFIRM

        self._begin("collector", ask, back=Stage.CLAIM)

    def confirm(self, *, right: bool) -> None:
        """Whether the device is to become this: then its files are written, and the cameras are looked through."""
        with self._at(Stage.CONFIRM):
            self.trouble = None
            granted = self.granted
            if not right or granted is None:
                self.stage, self._answer = Stage.CLAIM, None
                return
            try:
                write_files(self._folder, granted, self._wish)
            except FacingsError as error:
                self.trouble = Trouble("files", str(error))
                return
            self._let_in = True
            self.stage = Stage.AIM
            self._aim()

    def look_through(self, camera: str) -> None:
        """Look through another camera."""
        with self._at(Stage.AIM):
            if self.aiming is not None:
                self._tried("cameras", lambda: self.aiming is not None and self.aiming.choose(camera))

    def store(self, number: int) -> bool:
        """Take the picture of this number for the reference; False where a newer one is there."""
        with self._at(Stage.AIM):
            aiming = self.aiming
            return aiming is not None and self._tried("reference", lambda: aiming.store(number))

    def prove(self, *, by: str, anyway: bool) -> None:
        """Send a test capture all the way.

        Args:
            by: who installs.
            anyway: also where a camera has no reference view.
        """
        with self._at(Stage.AIM, Stage.RESULT):
            aiming = self.aiming
            if self.passed or aiming is None or (aiming.left and not anyway):
                raise LostError
            self.stage, self.trouble, self.proof = Stage.PROVING, None, Proof()
        self._begin("proof", lambda: self._prove(aiming, by), back=Stage.AIM)

    def again(self) -> None:
        """Back to the cameras: after a proof that failed, or when they could not be had."""
        with self._at(Stage.AIM, Stage.RESULT):
            if self.passed:
                raise LostError
            self.stage = Stage.AIM
            self._aim()

    def finish(self) -> None:
        """The technician has read that it works."""
        with self._at(Stage.RESULT):
            if not self.passed:
                raise LostError
            self._over.set()

    @property
    def over(self) -> threading.Event:
        """Set when there is nothing more to do here."""
        return self._over

    def close(self) -> None:
        """Let go of the cameras."""
        with self._lock:
            if self.aiming is not None:
                self.aiming.close()

    def _aim(self) -> None:
        self.trouble = None

        def take_hold() -> bool:
            if self.aiming is None:
                config = read_config(self._file)
                check_config(config, self._file)
                self.aiming = Aiming(config)
            if self.aiming.watch is None:
                self.aiming.open()
            return True

        self._tried("cameras", take_hold)

    def _prove(self, aiming: Aiming, by: str) -> None:
        learnt = aiming.close()
        steps = Steps(self.proof.steps.append, steps_before(self._folder))
        if self._let_in:
            steps.add("admission")
        self.proof.words = aiming.tell(steps)
        result = prove(
            self._file,
            by=by or "unknown",
            steps=steps,
            models=() if self.granted is None else self.granted.models,
            clock_off=self._clock_off,
            began=self._began,
            waits=self._wait_for,
            within=self._within,
            picture=True,
            learnt=learnt,
        )
        keep_result(result, self._folder, self.proof.words)
        with self._lock:
            self.proof.result, self.stage = result, Stage.RESULT

    def _wait_for(self, what: str) -> None:
        self.proof.waits = what

    def _await_approval(self, key: str) -> None:
        self.key = key

    def _tried(self, about: str, do: Callable[[], bool]) -> bool:
        try:
            done = do()
        except FacingsError as error:
            self.trouble = Trouble(about, str(error))
            return False
        self.trouble = None
        return done

    def _begin(self, about: str, work: Callable[[], None], *, back: Stage) -> None:
        """Do something that takes long; where it fails, go back."""

        def run() -> None:
            try:
                work()
            except Exception as error:  # whatever it is, the person on the ladder is told
                said = str(error) if isinstance(error, FacingsError) else f"{type(error).__name__}: {error}"
                if not isinstance(error, FacingsError):
                    log.exception("aim.failed", about=about)
                with self._lock:
                    self.stage, self.key = back, ""
                    if back is Stage.AIM:
                        self._aim()
                    self.trouble = Trouble(about, said)

        threading.Thread(target=run, name=f"aim-{about}", daemon=True).start()

    @contextmanager
    def _at(self, *stages: Stage) -> Iterator[None]:
        """One verb at a time, and only where it is legal."""
        with self._lock:
            if self.stage not in stages:
                raise LostError
            yield
