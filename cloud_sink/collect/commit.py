"""A batch of messages into the store: all at once, or, when one of them breaks it, without that one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from cloud_sink.collect.holes import take_reply
from cloud_sink.collect.link import Message
from cloud_sink.collect.triage import read_message
from cloud_sink.store import clones, configured, fleet_log
from cloud_sink.store.database import DatabaseAway, writing
from cloud_sink.store.facts import Fact, RefusedBody
from cloud_sink.store.intake import take
from cloud_sink.store.placed import out_of_place
from cloud_sink.store.quarantine import MOST_BYTES
from edge.contract.receipts import DeviceState, RefusalReason
from edge.contract.topics import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.intake import Answers

Heard = Fact | RefusedBody | Message
"""An event, what is none, or a word on another channel."""

_LONGEST_WHY = 500

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
    heard: list[Heard] = []
    for message in messages:
        if message.channel is Channel.EVENTS:
            heard += read_message(message.payload, message.address, message.claimed, cut=message.cut)
        else:
            heard.append(message)
    return _commit(heard, into)


def _commit(heard: list[Heard], into: _Into) -> Answers:
    """All at once; where that breaks, each half on its own, down to what breaks it, which is refused."""
    try:
        return _together(heard, into)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a hostile body breaks must not stop the stream
        if len(heard) == 1:
            return _without(heard[0], error, into)
    half = len(heard) // 2
    answers = _commit(heard[:half], into)
    _merge(answers, _commit(heard[half:], into))
    return answers


def _together(heard: list[Heard], into: _Into) -> Answers:
    """Events in one transaction, words on other channels in a second.

    Each locks the devices that it names in the order of their names; together they would not, and two collectors that
    hear of the same devices would wait for each other in a ring.
    """
    words = [one for one in heard if isinstance(one, Message)]
    answers: Answers = {}
    if len(words) < len(heard):
        with writing(into.engine) as connection:
            answers = take(
                connection,
                [one for one in heard if isinstance(one, Fact)],
                [one for one in heard if isinstance(one, RefusedBody)],
                stores=into.stores,
                received=into.received,
                quarantine_bytes=into.quarantine_bytes,
            )
    if words:
        with writing(into.engine) as connection:
            _note(connection, words, into.received)
    return answers


def _without(one: Heard, error: Exception, into: _Into) -> Answers:
    why = str(getattr(error, "orig", error)).partition("\n")[0]  # SQLAlchemy adds the statement and its values
    _log.error("message.broken", device=one.address.source, error=type(error).__name__, why=why[:_LONGEST_WHY])
    return {} if isinstance(one, Message) else _together([_broken(one, error)], into)


def _broken(part: Fact | RefusedBody, error: Exception) -> RefusedBody:
    detail = f"it cannot be stored: {type(error).__name__}"
    return RefusedBody(part.address, part.epoch, part.seq, RefusalReason.INVALID, detail, part.body, part.sha256)


def _merge(answers: Answers, more: Answers) -> None:
    for key, answer in more.items():
        known = answers.setdefault(key, answer)
        if known is not answer:
            known.taken |= answer.taken
            known.refused |= answer.refused
            known.conflicts |= answer.conflicts


def _note(connection: Transaction, messages: Iterable[Message], received: datetime) -> None:
    states, configurations = [], []
    told = list(messages)
    gone = out_of_place(connection, (one.address for one in told if one.channel is not Channel.REPLIES))
    for message in told:
        if message.address in gone:
            continue
        if message.channel in {Channel.CONFIG, Channel.CONFIG_REPORTED}:
            configurations.append((message.address, message.channel, message.payload))
        elif message.channel is Channel.REPLIES:
            take_reply(connection, message.address, message.payload, received)
        elif message.channel is Channel.STATE and message.payload:  # empty: a retained state was cleared
            try:
                states.append((message.address, DeviceState.model_validate_json(message.payload)))
            except ValidationError as error:
                _log.warning("state.invalid", device=message.address.source, errors=error.error_count())
    configured.note(connection, configurations, received)
    fleet_log.note_states(connection, states, received)
    for tenant, device in clones.note_lives(connection, states, received):
        _log.warning("device.cloned", tenant=tenant, device=device, mend="sink devices tells what to do")
