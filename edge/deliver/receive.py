"""What receipts say of the rows of an outbox, and how it is written down.

That something is stored need not be written at once: a receipt that a kill takes with it costs one more sending, and is
given again. So it waits for the next transaction, and saves an SD card one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.contract.events import CLASS_OF_TYPE
from edge.deliver import outbox_rows
from edge.deliver.envelope import Sealed, reissue
from edge.deliver.outbox_schema import RECEIPTED, REFUSED
from edge.deliver.troubles import DiskError, Trouble

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence

    from edge.contract.receipts import Receipt, Refusal
    from edge.deliver.outbox_rows import Change, Row


@dataclass(frozen=True, slots=True)
class Taken:
    """What receipts said of events that waited. Numbers that were never sent, and unknown epochs, count for nothing."""

    stored: int = 0
    refused: tuple[Refusal, ...] = ()
    conflicts: int = 0
    rotated: bool = False  # a new epoch began

    @property
    def any(self) -> bool:
        """Whether any waiting event was answered."""
        return bool(self.stored or self.refused or self.conflicts)


@dataclass(slots=True)
class Verdict:
    """The rows that receipts named."""

    stored: list[Row] = field(default_factory=list)
    refused: list[tuple[Row, Refusal]] = field(default_factory=list)
    conflicts: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Settled:
    """A row that was answered: what becomes of it, at which age of the outbox."""

    row: Row
    status: int
    age: float
    reason: str = ""


def read_receipts(
    database: sqlite3.Connection,
    receipts: Sequence[Receipt],
    *,
    epochs: Mapping[str, int],
    may_be_known: Callable[[int], bool],
) -> Verdict:
    """Find the waiting rows that receipts name, each once.

    Args:
        database: is read only.
        receipts: in the order of their arrival.
        epochs: the number of each epoch this outbox ever had.
        may_be_known: whether a row waits and was ever sent, so that a receipt for it can be true.
    """
    verdict = Verdict()
    answered: set[int] = set()

    def waiting(epoch: int, first: int, last: int) -> list[Row]:
        found = outbox_rows.in_range(database, epoch, (first, last), waiting=True)
        fresh = [row for row in found if row.row not in answered and may_be_known(row.row)]
        answered.update(row.row for row in fresh)
        return fresh

    for receipt in receipts:
        epoch = epochs.get(receipt.epoch)
        if epoch is None:
            continue
        # A conflict comes first: a ledger's ranges may well contain the number, with the other bytes.
        for seq in receipt.conflicts:
            verdict.conflicts += waiting(epoch, seq, seq)
        for refusal in receipt.refused:
            verdict.refused += [(row, refusal) for row in waiting(epoch, refusal.seq, refusal.seq)]
        for first, last in receipt.ranges:
            verdict.stored += waiting(epoch, first, last)
    return verdict


def settled(verdict: Verdict, *, age: float) -> list[Settled]:
    """What has to be written down of a verdict, its conflicts aside."""
    stored = [Settled(row, RECEIPTED, age) for row in verdict.stored]
    return stored + [Settled(row, REFUSED, age, refusal.reason) for row, refusal in verdict.refused]


def write_settled(database: sqlite3.Connection, answered: Collection[Settled]) -> None:
    """Write it down; within the caller's transaction."""
    database.executemany(
        "UPDATE event SET status = ?, settled = ?, reason = ? WHERE row = ?",
        [(one.status, one.age, one.reason or None, one.row.row) for one in answered],
    )


def reissue_all(database: sqlite3.Connection, conflicts: Sequence[Row], *, current: int, change: Change) -> bool:
    """Give conflicting events new keys, in a new epoch if one of them had its key in the current one.

    Returns:
        Whether a new epoch began.
    """
    rotated = any(row.epoch == current for row in conflicts)
    target = outbox_rows.begin_epoch(database) if rotated else current
    for row in conflicts:
        _reissue(database, row, epoch=target, change=change)
    return rotated


def _reissue(database: sqlite3.Connection, row: Row, *, epoch: int, change: Change) -> None:
    time, evidence, born = database.execute(
        "SELECT time, evidence, born FROM event WHERE row = ?", (row.row,)
    ).fetchone()
    body = outbox_rows.body_of(database, row.row)
    if body is None:
        raise DiskError(f"the outbox has lost event {row.row}", Trouble.DAMAGED)
    outbox_rows.delete(database, [row], change=change)
    if row.type == "outbox.dropped.v1":
        # Its ranges are numbers of the epoch it was written in; in another epoch it would say something false. The
        # answer to `resend` names what was dropped.
        return
    name = database.execute("SELECT epoch FROM epoch WHERE number = ?", (epoch,)).fetchone()[0]
    seq = outbox_rows.next_seq(database, epoch)
    sealed = Sealed(seq, row.type, CLASS_OF_TYPE[row.type], time, evidence, reissue(body, epoch=name, seq=seq))
    outbox_rows.insert(database, sealed, epoch=epoch, born=born, reissues=row.reissues + 1, change=change)
