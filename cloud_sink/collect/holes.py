"""Holes in a device's sequence: seen, given time to fill by themselves, then asked for with `resend`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from cloud_sink.store import ledger, resends
from cloud_sink.store.database import reading, writing
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.resends import Resend
from edge.contract import ranges as ranged
from edge.contract.receipts import MAX_RANGES, Command, CommandName, Reply, ResendResult
from edge.contract.topics import Address, Channel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloud_sink.collect.link import Link
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.facts import Sequence
    from edge.contract.ranges import Range, Ranges

Seen = dict[tuple["Sequence", "Range"], datetime]
"""Since when each hole is there, unchanged."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a hole may fill by itself, how often a question is repeated, and when it expires."""

    grace: timedelta
    every: timedelta
    expires: timedelta


def ripe(
    holes: Mapping[Sequence, Ranges], seen: Seen, asked: Iterable[Resend], *, now: datetime, grace: timedelta
) -> tuple[dict[Sequence, Ranges], Seen]:
    """Which holes to ask for now. Pure.

    A hole that shrinks is filling, and its time starts anew: after a long absence a device sends what is new first
    and works through its backlog behind it. What was asked for lately is not asked for again.

    Args:
        holes: what the ledger misses.
        seen: what this function returned last time.
        asked: the questions that are still good.
        now: the moment.
        grace: how long a hole may fill by itself.

    Returns:
        The ranges to ask for by sequence, and since when each hole is there.
    """
    standing = {
        (sequence, hole): seen.get((sequence, hole), now) for sequence, ranges in holes.items() for hole in ranges
    }
    questions: dict[Sequence, list[Range]] = {}
    for resend in asked:
        questions.setdefault(resend.sequence, []).extend(resend.ranges)
    wanted: dict[Sequence, list[Range]] = {}
    for (sequence, hole), since in standing.items():
        if now - since >= grace:
            wanted.setdefault(sequence, []).append(hole)
    due = {}
    for sequence, ranges in wanted.items():
        missing = ranged.subtract(ranges, questions.get(sequence, []))
        if missing:
            due[sequence] = missing
    return due, standing


class HoleWatch:
    """Looks for holes now and then, asks for them, and repeats what is unanswered."""

    def __init__(self, *, engine: Database, link: Link, patience: Patience) -> None:
        self._engine = engine
        self._link = link
        self._patience = patience
        self._seen: Seen = {}
        self._sent: dict[str, datetime] = {}

    def look(self, now: datetime) -> None:
        """Ask for holes whose time has come, and repeat unanswered questions."""
        now = from_ms(to_ms(now))  # as it is kept: a question reads the same when it is repeated
        with reading(self._engine) as connection:
            holes = ledger.holes(connection)
            asked = resends.asked_since(connection, now - self._patience.expires)
        due, self._seen = ripe(holes, self._seen, asked, now=now, grace=self._patience.grace)
        if due:
            asked += self._ask(due, now)
        for resend in asked:
            last = self._sent.get(resend.id)
            if not resend.answered and now < resend.expires and (last is None or now - last >= self._patience.every):
                self._send(resend, now)
        self._sent = {resend.id: self._sent[resend.id] for resend in asked if resend.id in self._sent}

    def _ask(self, due: Mapping[Sequence, Ranges], now: datetime) -> list[Resend]:
        questions = []
        with writing(self._engine) as connection:
            places = resends.standing(
                connection, {(tenant, device) for tenant, device, _ in due}, self._patience.expires, now
            )
            for sequence, ranges in due.items():
                address = places.get(sequence[:2])
                if address is None:  # silent for long: it is asked when it speaks again
                    continue
                resend = Resend(
                    id=secrets.token_hex(8),
                    address=address,
                    epoch=sequence[2],
                    ranges=ranges[:MAX_RANGES],
                    asked=now,
                    expires=now + self._patience.expires,
                )
                resends.ask(connection, resend)
                _log.info("hole.asked", device=address.source, epoch=resend.epoch, numbers=ranged.size(resend.ranges))
                questions.append(resend)
        return questions

    def _send(self, resend: Resend, now: datetime) -> None:
        command = Command(
            id=resend.id,
            name=CommandName.RESEND,
            arguments={"epoch": resend.epoch, "ranges": [list(hole) for hole in resend.ranges]},
            expires=resend.expires,
        )
        if self._link.publish(resend.address, Channel.COMMANDS, command.model_dump_json().encode()):
            self._sent[resend.id] = now


def take_reply(connection: Transaction, address: Address, payload: bytes, now: datetime) -> None:
    """Take a device's reply to a `resend`; anything else is none of ours."""
    try:
        reply = Reply.model_validate_json(payload)
        result = ResendResult.model_validate(reply.result) if reply.ok else ResendResult()
    except ValidationError as error:
        _log.warning("reply.invalid", device=address.source, errors=error.error_count())
        return
    dropped = tuple(hole for hole in result.dropped if hole[0] <= hole[1])
    text = reply.model_dump_json()
    if resends.answer(connection, address, reply.id, text=text, dropped=ranged.merge(dropped), at=now):
        _log.info("hole.answered", device=address.source, sent=ranged.size(result.sent), dropped=ranged.size(dropped))
