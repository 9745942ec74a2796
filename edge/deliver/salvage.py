"""What can still be read of a damaged outbox is carried over into its successor.

Events that waited keep their keys, in their old epoch: one of them may be stored already, and would be stored twice
under another key. What waited and cannot be read is written down, and told like everything else that is let go.
Nothing here trusts what it reads: an event goes on only if its body is whole and agrees with its row.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from edge.contract.events import CLASS_OF_TYPE
from edge.deliver import outbox_rows
from edge.deliver.envelope import Sealed
from edge.deliver.outbox_rows import ANSWER_REPLY, EVENT_BODY, STATE_VALUE
from edge.deliver.outbox_schema import WAITING
from edge.deliver.outbox_sealing import teach
from edge.deliver.troubles import Trouble, trouble_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.contract.payloads import EventClass
    from edge.contract.topics import Address
    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

MOST_MISSES = 2000
"""Tries behind a damaged page without finding a row, in steps that grow: together they step over 30,000 rows."""

MOST_ROWS = 2_000_000
"""A damaged tree can lead in circles."""

REASON = "the outbox file was damaged"

_STATES = f"SELECT key, {STATE_VALUE} FROM state"  # noqa: S608 - constants
_ANSWERS = f"SELECT id, born, {ANSWER_REPLY} FROM answer"  # noqa: S608 - constants

EPOCH_DIGITS = 32
BATCH = 200


def salvage(damaged: Path, database: sqlite3.Connection, *, address: Address, at_rest: AtRest) -> None:
    """Carry over what can be read; a second time, after a kill, it adds only what is missing.

    Args:
        damaged: the file, with its journals, that nobody else uses.
        database: the new outbox.
        address: whose events they are; another device's journal may have got in between.
        at_rest: opens what was sealed.

    Raises:
        SealError: it is sealed with a key that is not here.
        sqlite3.Error: the new outbox cannot be written, for another reason than a full disk.
    """
    with closing(sqlite3.connect(f"file:{quote(str(damaged))}?mode=ro", uri=True, isolation_level=None)) as old:
        teach(old, at_rest)
        for (named,) in _scan(old, "SELECT value FROM meta WHERE key = 'at_rest'"):
            if not at_rest.opens(named):
                raise at_rest.lost(damaged, named)
        with _transaction(database):
            _carry_notes(old, database)
            epochs = _carry_epochs(old, database)
        carried: set[int] = set()
        events = _events(old, epochs, address)
        try:
            while batch := list(islice(events, BATCH)):
                with _transaction(database):
                    for _, epoch, sealed, born, reissues in batch:
                        _carry_event(database, sealed, epoch=epoch, born=born, reissues=reissues)
                carried |= {row for row, *_ in batch}
        except sqlite3.OperationalError as error:
            if trouble_of(error) is not Trouble.FULL:
                raise
            log.warning("outbox.salvage_cut_short", error=str(error))
        lost = _lost(old, carried, epochs)
        if lost:
            with _transaction(database):
                outbox_rows.add_untold(database, lost)
    log.warning("outbox.salvaged", events=len(carried), lost=sum(len(seqs) for _, _, seqs, _ in lost))


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _carry_notes(old: sqlite3.Connection, database: sqlite3.Connection) -> None:
    """What cameras remember, replies to commands, the age and the drops."""
    for key, value in _scan(old, _STATES):
        if _is_json(value):
            outbox_rows.write_state(database, {key: value}, how="IGNORE")
    for ident, born, reply in _scan(old, _ANSWERS):
        if _is_json(reply) and isinstance(born, float):
            outbox_rows.write_answer(database, ident, born, reply)
    before = dict(_scan(old, "SELECT key, value FROM meta WHERE key IN ('age', 'drops', 'damaged')"))
    damaged = str(before.pop("damaged", 0))
    outbox_rows.write_meta(database, "damaged", str(1 + int(damaged) if damaged.isdigit() else 1))
    for key, value in before.items():
        if _is_json(value):
            database.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))


def _carry_epochs(old: sqlite3.Connection, database: sqlite3.Connection) -> dict[int, tuple[int, str]]:
    """The old epochs, below the new one, which stays current: number and name here, by their number there."""
    found = [
        (number, name, last)
        for number, name, last in _scan(old, "SELECT number, epoch, last_seq FROM epoch")
        if isinstance(number, int) and isinstance(last, int) and _is_epoch(name)
    ]
    epochs: dict[int, tuple[int, str]] = {}
    for number, name, last in sorted(found, reverse=True):
        known = database.execute("SELECT number FROM epoch WHERE epoch = ?", (name,)).fetchone()
        if known is None:
            least: int = database.execute("SELECT min(number) FROM epoch").fetchone()[0]
            database.execute("INSERT INTO epoch VALUES (?, ?, ?)", (least - 1, name, last))
            known = (least - 1,)
        epochs[number] = known[0], name
    return epochs


def _events(
    old: sqlite3.Connection, epochs: dict[int, tuple[int, str]], address: Address
) -> Iterator[tuple[int, int, Sealed, float, int]]:
    """Every event that waits and is whole: its row there, its epoch here, itself, its age, how often re-issued."""
    for row, epoch, seq, kind, born, time, evidence, reissues, body in _rows(old):
        number, name = epochs.get(epoch, (0, ""))
        if _is_whole(body, name=name, seq=seq, kind=kind, address=address) and _is_time(time):
            sealed = Sealed(seq, kind, CLASS_OF_TYPE[kind], time, evidence if isinstance(evidence, str) else None, body)
            age = born if isinstance(born, float) else 0.0
            yield row, number, sealed, age, reissues if isinstance(reissues, int) else 0


def _rows(old: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Every row of an event that waits and can be read, stepping over damaged pages."""
    statement = (
        f"SELECT row, epoch, seq, type, born, time, evidence, reissues, {EVENT_BODY}"  # noqa: S608 - constants
        f" FROM event NOT INDEXED WHERE row > ? AND status = {WAITING} ORDER BY row"
    )
    row = found = misses = 0
    while misses < MOST_MISSES and found < MOST_ROWS:
        try:
            for values in old.execute(statement, (row,)):
                row = max(row, values[0])
                found += 1
                misses = 0
                yield values
        except (sqlite3.Error, OverflowError) as error:
            if getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}:
                return  # there is no such table any more
            misses += 1
            row += 1 + misses // 64
        else:
            return


def _carry_event(database: sqlite3.Connection, sealed: Sealed, *, epoch: int, born: float, reissues: int) -> None:
    known = database.execute("SELECT 1 FROM event WHERE epoch = ? AND seq = ?", (epoch, sealed.seq)).fetchone()
    if known is None:
        change = outbox_rows.Change()  # nothing is in memory yet that could take it over
        outbox_rows.insert(database, sealed, epoch=epoch, born=born, reissues=reissues, change=change)
        database.execute("UPDATE epoch SET last_seq = max(last_seq, ?) WHERE number = ?", (sealed.seq, epoch))


def _lost(
    old: sqlite3.Connection, carried: set[int], epochs: dict[int, tuple[int, str]]
) -> list[tuple[int, EventClass, list[int], str]]:
    """What waited and could not be read, as far as the indexes know of it."""
    kinds = dict(_scan(old, f"SELECT row, kind FROM event INDEXED BY event_shed WHERE status = {WAITING}"))  # noqa: S608 - constant
    lost: dict[tuple[int, EventClass], list[int]] = {}
    for row, epoch, seq in _scan(old, "SELECT row, epoch, seq FROM event INDEXED BY event_key"):
        kind = next((one for one in CLASS_OF_TYPE.values() if one == kinds.get(row)), None)
        if row not in carried and kind is not None and epoch in epochs and isinstance(seq, int):
            lost.setdefault((epochs[epoch][0], kind), []).append(seq)
    return [(epoch, kind, seqs, REASON) for (epoch, kind), seqs in lost.items()]


def _scan(old: sqlite3.Connection, statement: str) -> list[tuple[Any, ...]]:
    """The rows up to the first that cannot be read."""
    found: list[tuple[Any, ...]] = []
    try:
        for values in old.execute(statement):
            found.append(values)
            if len(found) >= MOST_ROWS:
                break
    except (sqlite3.Error, OverflowError):
        pass
    return found


def _is_whole(body: object, *, name: str, seq: object, kind: object, address: Address) -> bool:
    if not isinstance(body, bytes) or not isinstance(seq, int) or kind not in CLASS_OF_TYPE:
        return False
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(event, dict) or (event.get("id"), event.get("type")) != (f"{name}-{seq}", kind):
        return False
    source = str(event.get("source")).split("/")
    return (source[1:2], source[-1:]) == ([address.tenant], [address.device])


def _is_json(text: object) -> bool:
    try:
        json.loads(text if isinstance(text, str) else "")
    except (ValueError, RecursionError):
        return False
    return True


def _is_time(text: object) -> bool:
    try:
        datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        return False
    return True


def _is_epoch(name: object) -> bool:
    return isinstance(name, str) and len(name) == EPOCH_DIGITS and set(name) <= set("0123456789abcdef")
