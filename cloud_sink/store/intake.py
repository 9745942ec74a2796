"""One batch, one transaction: event rows, ledger, roll-ups and quarantine, or nothing of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from cloud_sink.store import boots, clones, episodes, fleet_log, ledger, outgoing, quarantine, rows, stale
from cloud_sink.store.dating import Days, date_event
from cloud_sink.store.dialect import add_rows
from cloud_sink.store.facts import Answer, Boot, Dated, Fact, Key, Place, RefusedBody, Sequence
from cloud_sink.store.placed import sort_by_place
from cloud_sink.store.quarantine import CONFLICT, Held
from cloud_sink.store.sums import Sums
from edge.contract import ranges as ranged
from edge.contract.payloads import OutboxDropped
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from cloud_sink.fleet.stores import StoreBook
    from edge.contract.ranges import Ranges

Answers = dict[tuple[Address, str], Answer]
"""What to receipt, by where the device is now and epoch."""


def take(
    connection: Connection,
    facts: Iterable[Fact],
    refused: Iterable[RefusedBody],
    *,
    stores: StoreBook,
    received: datetime,
    quarantine_bytes: int = quarantine.MOST_BYTES,
) -> Answers:
    """Store a batch inside the caller's transaction.

    A known event is stored once and answered again; the same key with other bytes is a conflict and goes to
    quarantine; refused bodies go to quarantine, and their numbers into the ledger, so that they are no holes.

    Returns:
        What to receipt once the transaction is committed.
    """
    answers: Answers = defaultdict(Answer)
    facts, strangers = sort_by_place(connection, facts)
    refused = [*refused, *strangers]
    fleet_log.note_seen(
        connection,
        {one.address: "" for one in refused} | {fact.address: fact.zone for fact in facts},
        received,
    )
    taken = ledger.read(connection, "taken", _spans(facts))
    new, contradicting = _sort_out(connection, facts, taken, answers)
    _store(connection, new, stores, received)
    ledger.enter(connection, "taken", _by_sequence((fact.sequence, fact.seq) for fact in new), taken)
    quarantine.hold(connection, _held(refused, contradicting), received, quarantine_bytes)
    clones.note_conflicts(connection, Counter(fact.address for fact in contradicting), received)
    ledger.add(connection, "refused", _by_sequence(_answer_refused(refused, answers)))
    return dict(answers)


def _spans(facts: list[Fact]) -> dict[Sequence, tuple[int, int]]:
    """The lowest and the highest number of each outbox in a batch."""
    spans: dict[Sequence, tuple[int, int]] = {}
    for fact in facts:
        seq = fact.seq
        low, high = spans.get(fact.sequence, (seq, seq))
        spans[fact.sequence] = (min(low, seq), max(high, seq))
    return spans


def _sort_out(
    connection: Connection, facts: list[Fact], taken: dict[Sequence, Ranges], answers: Answers
) -> tuple[list[Fact], list[Fact]]:
    """Tell new facts from known ones and from those that contradict what is stored."""
    new: dict[Key, Fact] = {}
    contradicting = []
    known = _known(connection, facts, taken)
    for fact in facts:
        answer = answers[fact.address, fact.epoch]
        first = new.get(fact.key)
        if fact.key in known:
            stored = known[fact.key]
            same = stored is None or stored == fact.sha256  # None: retention took the bytes, the ledger remembers
        elif first is not None:
            same = first.sha256 == fact.sha256
        else:
            new[fact.key] = fact
            same = True
        if same:
            answer.taken.add(fact.seq)
        else:
            answer.conflicts.add(fact.seq)
            contradicting.append(fact)
    return list(new.values()), contradicting


def _known(connection: Connection, facts: list[Fact], taken: dict[Sequence, Ranges]) -> dict[Key, bytes | None]:
    """The facts whose numbers the ledger has, with the hash of what is stored."""
    keys = {fact.key for fact in facts if ranged.contains(taken[fact.sequence], fact.seq)}
    hashes = rows.hashes(connection, keys)
    return {key: hashes.get(key) for key in keys}


def _store(connection: Connection, new: list[Fact], stores: StoreBook, received: datetime) -> None:
    clocks, moved = boots.learn(connection, new, received)
    sums, days = Sums(), Days(stores)
    placed: list[tuple[Fact, Dated, Place]] = []
    for fact in new:
        dated = date_event(fact, received, clocks.get(fact.boot))
        where = days.place(fact, dated.at)
        placed.append((fact, dated, where))
        sums.add(fact.counted, tenant=fact.address.tenant, store=fact.store, place=where)
    rows.append(connection, placed, received)
    redated = boots.redate(connection, moved, stores, sums) if moved else []
    _add_up(connection, sums, [*redated, *placed], stores)
    outgoing.enqueue_events(connection, new, received)


def date_anew(connection: Connection, boot: Boot, stores: StoreBook) -> int:
    """Go on giving a boot's events the dates that its clock says; returns how many were moved.

    In a transaction of its own, which begins as a batch does: by locking the device.
    """
    fleet_log.lock(connection, *boot[:2])
    sums = Sums()
    moved = boots.redate(connection, [boot], stores, sums)
    _add_up(connection, sums, moved, stores)
    return len(moved)


def _add_up(connection: Connection, sums: Sums, told: list[tuple[Fact, Dated, Place]], stores: StoreBook) -> None:
    for roll in sums.rolls:
        add_rows(connection, roll.table, roll.rows)
    _take_words(connection, [one for one in told if one[0].word is not None], sums, stores)


def _take_words(connection: Connection, told: list[tuple[Fact, Dated, Place]], sums: Sums, stores: StoreBook) -> None:
    """Take what is more than counts, and mark the days that the batch touched."""
    episodes.note(connection, [(fact, dated) for fact, dated, _ in told])
    fleet_log.note_health(connection, [(fact, dated, where.day) for fact, dated, where in told])
    dropped: dict[Sequence, Ranges] = {}
    for fact, _, _ in told:
        if isinstance(fact.word, OutboxDropped):
            known = dropped.get(fact.sequence, ())
            dropped[fact.sequence] = ranged.merge((*known, *fact.word.ranges))
    ledger.add(connection, "dropped", dropped)
    stale.mark(connection, sums, told, stores)


def _held(refused: list[RefusedBody], contradicting: list[Fact]) -> list[Held]:
    held = [
        Held(one.address, one.epoch or "", one.seq or 0, one.reason.value, one.detail, one.body, one.sha256)
        for one in refused
    ]
    contradiction = "other bytes are stored under this epoch and seq"
    return held + [
        Held(fact.address, fact.epoch, fact.seq, CONFLICT, contradiction, fact.body, fact.sha256)
        for fact in contradicting
    ]


def _answer_refused(refused: list[RefusedBody], answers: Answers) -> list[tuple[Sequence, int]]:
    """Answer what can be answered, and return its numbers."""
    numbered = []
    for one in refused:
        if one.epoch is not None and one.seq is not None:
            answers[one.address, one.epoch].refused[one.seq] = (one.reason, one.detail)
            numbered.append(((one.address.tenant, one.address.device, one.epoch), one.seq))
    return numbered


def _by_sequence(numbered: Iterable[tuple[Sequence, int]]) -> dict[Sequence, Ranges]:
    gathered: dict[Sequence, list[int]] = defaultdict(list)
    for sequence, seq in numbered:
        gathered[sequence].append(seq)
    return {sequence: ranged.from_numbers(numbers) for sequence, numbers in gathered.items()}
