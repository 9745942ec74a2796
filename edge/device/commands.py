"""Commands of a collector carried out: one after the other, each answered once."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any

import structlog

from edge.contract.errors import DeliveryError, FacingsError, SourceError
from edge.contract.receipts import CommandName, Reply
from edge.deliver.commands import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from edge.contract.receipts import Command
    from edge.device.crew import Crew

log = structlog.get_logger(__name__)


class Commands:
    """Takes commands as they come in and answers them. Its verbs are for one thread.

    Args:
        pending: commands that no one has answered, each once.
        reply: answers one for good.
        able: what carries out each of them: gives what the reply says, or raises a `FacingsError` with the reason.
        now: the wall clock, which alone can judge when a command expires.
    """

    def __init__(
        self,
        pending: queue.Queue[Command],
        *,
        reply: Callable[[Reply], None],
        able: Mapping[CommandName, Callable[[], dict[str, Any]]],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pending = pending
        self._reply = reply
        self._able = able
        self._now = now

    def carry_out_next(self, *, timeout: float) -> None:
        """Wait `timeout` seconds at most for a command, and carry it out. One that expired meanwhile is not."""
        try:
            command = self._pending.get(timeout=timeout)
        except queue.Empty:
            return
        if command.expires <= self._now():
            log.info("command.expired", id=command.id, name=command.name)
            return
        log.info("command.taken", id=command.id, name=command.name)
        answer = self._answer(command)
        try:
            self._reply(answer)
        except DeliveryError as error:  # a full disk; unanswered, it is asked for again
            log.warning("command.unanswered", id=command.id, error=str(error))

    def _answer(self, command: Command) -> Reply:
        carry_out = self._able.get(command.name)
        if carry_out is None:
            return Reply(id=command.id, ok=False, error=f"{command.name} is not known here")
        try:
            return Reply(id=command.id, ok=True, result=carry_out())
        except FacingsError as error:
            return Reply(id=command.id, ok=False, error=str(error)[:500])


def capture_now(crew: Crew) -> dict[str, Any]:
    """One capture of every camera; what became of each, by its id.

    Raises:
        SourceError: no camera gave a frame, or none looks at a fixture.
    """
    if not crew.cameras:
        raise SourceError("no camera looks at a fixture; people are counted all the time")
    crew.capture("command")
    said = {camera.section.id: camera.error or ("ended" if camera.ended else "taken") for camera in crew.cameras}
    if "taken" not in said.values():
        raise SourceError("; ".join(f"{camera}: {what}" for camera, what in said.items()))
    return {"cameras": said}


def view_anew(crew: Crew) -> dict[str, Any]:
    """Cameras were moved on purpose: what each shows from now on is its usual view; and a capture of it.

    Raises:
        SourceError: no camera gave a frame, or none looks at a fixture.
    """
    crew.forget_views()
    return capture_now(crew)
