"""A test of everything at once: a frame of each camera, looked at, told, and receipted by the collector."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract.errors import FacingsError
from edge.deliver.outbox_look import captures_after, last_row
from edge.device.agent import Agent
from edge.device.at_rest import at_rest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.deliver.outbox_look import Captured
    from edge.recognise.privacy import View

CAPTURES = 2
"""Frames of each camera that are told."""

PICTURE_SECONDS = 150.0
"""Seconds until a picture surely shows nobody, and some more: see `edge.recognise.privacy.PrivacyRules.settle`."""

_PICTURE_EVERY = 10.0

_STEP = 0.1
_PAUSE = 1.0
"""Seconds until what the broker refused is tried anew: it learns of a new device within seconds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went. Each error is empty where there was none."""

    camera: str  # why no camera gave a frame
    broker: str  # why the broker did not take us
    captured: tuple[Captured, ...]
    receipted: bool  # all that was said is stored at the collector
    uploaded: bool  # and every picture
    first_receipt: float | None  # seconds from the beginning

    @property
    def rejected(self) -> str:
        """Why no frame could be used; empty where one was, or none came."""
        if any(not one.reason for one in self.captured) or not self.captured:
            return ""
        return self.captured[-1].reason

    @property
    def evidence(self) -> str | None:
        """The picture of the newest frame that has one."""
        return next((one.evidence for one in reversed(self.captured) if one.evidence), None)


def try_out(
    config: AgentConfig,
    file: Path,
    *,
    within: float,
    picture: bool = False,
    learnt: Mapping[str, View] | None = None,
    said: Callable[[str], None] = lambda _: None,
) -> Trial:
    """Run the agent for as long as it takes, with every picture kept, and end it again.

    Args:
        config: read from `file` and checked.
        file: for errors and relative paths.
        within: seconds for the first receipt, and again for all others and for the pictures.
        picture: stay until there is a picture that shows nobody: a minute and a half, and nobody before the fixture.
        learnt: what the cameras' fixtures look like without people, where that is known: then a picture can be kept at
            once. See `Agent`.
        said: is told what is waited for: `camera`, `broker`, `receipt`, `picture`.

    Raises:
        FacingsError: the agent cannot work under this configuration.
    """
    kept = config.model_copy(update={"evidence": config.evidence.model_copy(update={"keep": "always"})})
    outbox, began = config.data / "outbox.db", time.monotonic()
    before, camera, at_rest = last_row(outbox), None, at_rest_of(config)
    while True:
        run = _Run(Agent(kept, file, learnt=learnt), began=began, within=within, said=said)
        try:
            if camera is None:
                said("camera")
                camera = run.capture()
            run.deliver()
            if picture and run.receipted:
                said("picture")
                run.await_picture(lambda: any(one.evidence for one in captures_after(outbox, before, at_rest)))
        finally:
            run.end()
        if run.first_receipt is not None or time.monotonic() - began > within:
            break
        time.sleep(_PAUSE)
    return Trial(
        camera=camera,
        broker=run.broker,
        captured=tuple(captures_after(outbox, before, at_rest)),
        receipted=run.receipted,
        uploaded=run.uploaded,
        first_receipt=run.first_receipt,
    )


class _Run:
    """One run of the agent."""

    def __init__(self, agent: Agent, *, began: float, within: float, said: Callable[[str], None]) -> None:
        self._agent = agent
        self._began = began
        self._within = within
        self._said = said
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="trial", daemon=True)
        self.broker = ""
        self.receipted = self.uploaded = False
        self.first_receipt: float | None = None
        self._thread.start()

    def capture(self) -> str:
        """Some frames of each camera; why none came, or nothing."""
        for _ in range(CAPTURES):
            try:
                self._agent.capture()
            except FacingsError as error:
                return error.what
        return ""

    def deliver(self) -> None:
        """Wait for the broker, for receipts, for pictures; not on after the broker has refused what was said."""
        agent, deadline = self._agent, self._began + self._within
        self._said("broker")
        self._wait(lambda: agent.delivery.connected, until=deadline)
        self.broker = "" if agent.delivery.connected else agent.delivery.error or "it does not answer"
        self._said("receipt")
        self._wait(lambda: agent.delivery.stored > 0 or agent.delivery.rejected > 0, until=deadline)
        if agent.delivery.rejected:
            return  # it would send that again after a minute; begun anew it does so at once
        if agent.delivery.stored:
            now = time.monotonic()
            self.first_receipt = now - self._began
            self._wait(lambda: agent.unreceipted == 0, until=now + self._within)
            self.receipted = agent.unreceipted == 0
            self.uploaded = self.receipted and self._wait(lambda: agent.not_uploaded == 0, until=now + 2 * self._within)

    def await_picture(self, is_there: Callable[[], bool]) -> None:
        """Take frames until one may be kept, and wait until it and all that was said with it is stored."""
        until = time.monotonic() + PICTURE_SECONDS
        while not is_there() and time.monotonic() < until and not self.capture():
            self._wait(is_there, until=time.monotonic() + _PICTURE_EVERY)
        until = time.monotonic() + self._within
        self.receipted = self._wait(lambda: self._agent.unreceipted == 0, until=until)
        self.uploaded = self.receipted and self._wait(lambda: self._agent.not_uploaded == 0, until=until)

    def end(self) -> None:
        """End the agent.

        Raises:
            FacingsError: it had ended by itself.
        """
        self._agent.stop()
        self._thread.join(self._within)
        if isinstance(self._failure, FacingsError):
            raise self._failure

    def _work(self) -> None:
        try:
            self._agent.run()
        except Exception as error:  # noqa: BLE001 - whoever tries it out is told
            self._failure = error

    def _wait(self, done: Callable[[], bool], *, until: float) -> bool:
        while not done():
            if time.monotonic() > until or self._failure is not None:
                return False
            time.sleep(_STEP)
        return True
