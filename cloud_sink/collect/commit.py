"""A batch of messages into the store: all in one transaction, or, when one of them breaks it, each apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from cloud_sink.collect.holes import take_reply
from cloud_sink.collect.triage import read_message
from cloud_sink.store import fleet_log
from cloud_sink.store.database import DatabaseAway, writing
from cloud_sink.store.facts import Fact, RefusedBody
from cloud_sink.store.intake import take
from cloud_sink.store.quarantine import MOST_BYTES
from edge.contract.receipts import DeviceState, RefusalReason
from edge.contract.topics import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cloud_sink.collect.link import Message
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.intake import Answers

Part = Fact | RefusedBody

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Into:
    """Where a batch goes and when it came."""

    engine: Database
    stores: StoreBook
    received: datetime
    quarantine_bytes: int


def commit(
    messages: list[Message],
    *,
    engine: Database,
    stores: StoreBook,
    received: datetime,
    quarantine_bytes: int = MOST_BYTES,
) -> Answers:
    """Store a batch and return what to receipt: all of it is on disk.

    Raises:
        DatabaseAway: the database cannot be written now; nothing is stored and nothing may be acknowledged.
    """
    into = _Into(engine, stores, received, quarantine_bytes)
    parts = [part for message in messages if message.channel is Channel.EVENTS for part in _parts(message)]
    words = [message for message in messages if message.channel is not Channel.EVENTS]
    try:
        return _together(parts, words, into)
    except DatabaseAway:
        raise
    except Exception:  # noqa: BLE001 - whatever a hostile body breaks must not stop the stream
        _log.exception("batch.broken", messages=len(messages))
        return _apart(parts, words, into)


def _together(parts: list[Part], words: list[Message], into: _Into) -> Answers:
    with writing(into.engine) as connection:
        answers = take(
            connection,
            [part for part in parts if isinstance(part, Fact)],
            [part for part in parts if isinstance(part, RefusedBody)],
            stores=into.stores,
            received=into.received,
            quarantine_bytes=into.quarantine_bytes,
        )
        for message in words:
            _note(connection, message, into.received)
    return answers


def _apart(parts: list[Part], words: list[Message], into: _Into) -> Answers:
    """Each on its own: what breaks its transaction is refused, and the stream goes on."""
    answers: Answers = {}
    for part in parts:
        try:
            one = _together([part], [], into)
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _log.exception("event.broken", device=part.address.source)
            one = _together([_broken(part, error)], [], into)
        _merge(answers, one)
    for message in words:
        try:
            _together([], [message], into)
        except DatabaseAway:
            raise
        except Exception:  # noqa: BLE001 - as above
            _log.exception("message.broken", device=message.address.source)
    return answers


def _broken(part: Part, error: Exception) -> RefusedBody:
    epoch, seq = (part.event.epoch, part.event.seq) if isinstance(part, Fact) else (part.epoch, part.seq)
    detail = f"it cannot be stored: {type(error).__name__}"
    return RefusedBody(part.address, epoch, seq, RefusalReason.INVALID, detail, part.body, part.sha256)


def _merge(answers: Answers, more: Answers) -> None:
    for key, answer in more.items():
        known = answers.setdefault(key, answer)
        if known is not answer:
            known.taken |= answer.taken
            known.refused |= answer.refused
            known.conflicts |= answer.conflicts


def _parts(message: Message) -> Iterable[Part]:
    return read_message(message.payload, message.address, message.claimed)


def _note(connection: Transaction, message: Message, received: datetime) -> None:
    if message.channel is Channel.REPLIES:
        take_reply(connection, message.address, message.payload, received)
    elif message.channel is Channel.STATE and message.payload:  # empty: a retained state was cleared
        try:
            state = DeviceState.model_validate_json(message.payload)
        except ValidationError as error:
            _log.warning("state.invalid", device=message.address.source, errors=error.error_count())
            return
        fleet_log.note_state(connection, message.address, state, received)
