"""Commands of a collector: each id is carried out once and answered once, an expired one not at all."""

from __future__ import annotations

import queue
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ValidationError

from edge.contract.names import Instant, Slug
from edge.contract.receipts import (
    MAX_RANGES,
    Command,
    CommandName,
    Reply,
    ResendArguments,
    ResendResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.deliver.outbox import Outbox

log = structlog.get_logger(__name__)


class _Head(BaseModel):
    """What a command must have at least to be answered."""

    id: Slug
    expires: Instant


def utc_now() -> datetime:
    """The wall clock, which alone can judge when a command expires."""
    return datetime.now(UTC)


class CommandDesk:
    """Takes commands in and hands replies out. `resend` is answered here, the rest waits in `pending` for the agent.

    Collectors send a command again until it is answered, so a reply is kept in the outbox: what comes again is told
    the same. A command that was under way when the agent died was never answered, and is carried out anew.
    """

    def __init__(self, outbox: Outbox, *, now: Callable[[], datetime] = utc_now) -> None:
        self.pending: queue.Queue[Command] = queue.Queue()
        self._outbox = outbox
        self._now = now
        self._under_way: dict[str, datetime] = {}  # and when each expires
        self._lock = threading.Lock()

    def take(self, body: bytes) -> Reply | None:
        """Take in one command; the reply where it can be given at once."""
        try:
            head = _Head.model_validate_json(body)
        except ValidationError as error:
            log.warning("command.invalid", error=_first_fault(error))
            return None
        answered = self._outbox.answers.get(head.id)
        if answered is not None:
            return Reply.model_validate_json(answered)
        now = self._now()
        if head.expires <= now:
            log.info("command.expired", id=head.id)
            return None
        try:
            command = Command.model_validate_json(body)
        except ValidationError as error:
            return self.settle(Reply(id=head.id, ok=False, error=_first_fault(error)))
        if command.name is CommandName.RESEND:
            return self.settle(self._resend(command))
        with self._lock:
            self._under_way = {id_: expires for id_, expires in self._under_way.items() if expires > now}
            if command.id not in self._under_way:
                self._under_way[command.id] = command.expires
                self.pending.put(command)
        return None

    def settle(self, reply: Reply) -> Reply:
        """Keep a reply for good; of several for one command the first holds."""
        held = self._outbox.answers.keep(reply.id, reply.model_dump_json())
        with self._lock:
            self._under_way.pop(reply.id, None)
        return Reply.model_validate_json(held)

    def _resend(self, command: Command) -> Reply:
        try:
            asked = ResendArguments.model_validate(command.arguments)
        except ValidationError as error:
            return Reply(id=command.id, ok=False, error=_first_fault(error))
        if any(last < first for first, last in asked.ranges):
            return Reply(id=command.id, ok=False, error="ranges: one ends before it begins")
        sent, dropped = self._outbox.resend(asked.epoch, asked.ranges)
        log.info("outbox.resend", epoch=asked.epoch, sent=len(sent), dropped=len(dropped))
        # What does not fit is not named; the collector asks again for what it still misses.
        result = ResendResult(sent=list(sent[:MAX_RANGES]), dropped=list(dropped[:MAX_RANGES]))
        return Reply(id=command.id, ok=True, result=result.model_dump(mode="json"))


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:500]
