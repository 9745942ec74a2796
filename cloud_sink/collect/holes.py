"""Holes in a device's sequence: seen, given time to fill by themselves, then asked for with `resend`.

After the database was set back, what may be missing behind the last number is asked for too, without waiting.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from cloud_sink.store import ledger, resends, tails
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

TAILS = 500
"""Open ends that are asked for in one look: after a restore every outbox has one."""

QUESTIONS = 500
"""Outboxes that are asked for holes in one look; the others are asked in the next ones."""

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
            holes = ledger.holes(connection, most=MAX_RANGES)
            asked = resends.asked_since(connection, now - self._patience.expires, holes)
            open_ends = self._open_ends(connection, now)
        due, self._seen = ripe(holes, self._seen, asked, now=now, grace=self._patience.grace)
        if due or open_ends:
            with writing(self._engine) as connection:
                asked += self._ask(connection, due, now) + self._ask_tails(connection, open_ends, now)
        for resend in asked:
            last = self._sent.get(resend.id)
            if not resend.answered and now < resend.expires and (last is None or now - last >= self._patience.every):
                self._send(resend, now)
        self._sent = {resend.id: self._sent[resend.id] for resend in asked if resend.id in self._sent}

    def _open_ends(self, connection: Transaction, now: datetime) -> list[tails.Tail]:
        lately = now - self._patience.expires
        return tails.due(connection, heard_since=lately, asked_before=lately, limit=TAILS)

    def _ask_tails(self, connection: Transaction, open_ends: list[tails.Tail], now: datetime) -> list[Resend]:
        lately = now - self._patience.expires
        return [
            self._question(connection, tail.address, tail.epoch, ((tail.after + 1, tails.LAST_SEQ),), now)
            for tail in open_ends
            if tails.note_asked(connection, tail, asked_before=lately, now=now)
        ]

    def _ask(self, connection: Transaction, due: Mapping[Sequence, Ranges], now: datetime) -> list[Resend]:
        wanted = {(tenant, device) for tenant, device, _ in due}
        places = resends.standing(connection, wanted, self._patience.expires, now)
        # Who is silent for long is asked when it speaks again.
        due = {sequence: ranges for sequence, ranges in due.items() if sequence[:2] in places}
        return [
            self._question(connection, places[sequence[:2]], sequence[2], ranges[:MAX_RANGES], now)
            for sequence, ranges in islice(due.items(), QUESTIONS)
        ]

    def _question(self, connection: Transaction, address: Address, epoch: str, ranges: Ranges, now: datetime) -> Resend:
        resend = Resend(
            id=secrets.token_hex(8),
            address=address,
            epoch=epoch,
            ranges=ranges,
            asked=now,
            expires=now + self._patience.expires,
        )
        resends.ask(connection, resend)
        open_end = ranges[-1][1] == tails.LAST_SEQ
        numbers = f"from {ranges[0][0]}" if open_end else ranged.size(ranges)
        _log.info("hole.asked", device=address.source, epoch=epoch, numbers=numbers)
        return resend

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
    answer = resends.answer(connection, address, reply.id, text=text, dropped=ranged.merge(dropped), at=now)
    if answer is not None:
        if reply.ok and answer.ranges[-1][1] == tails.LAST_SEQ:
            tails.close(connection, answer.sequence)
        _log.info("hole.answered", device=address.source, sent=ranged.size(result.sent), dropped=ranged.size(dropped))
