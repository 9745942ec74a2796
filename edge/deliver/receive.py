"""What a receipt does to the rows of an outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract.events import CLASS_OF_TYPE
from edge.deliver import outbox_rows
from edge.deliver.envelope import Sealed, reissue
from edge.deliver.outbox_file import RECEIPTED, REFUSED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

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


def apply_receipts(
    database: sqlite3.Connection,
    receipts: Sequence[Receipt],
    *,
    epochs: Mapping[str, int],
    may_be_known: Callable[[int], bool],
    age: float,
    change: Change,
) -> Taken:
    """Mark what is stored or refused, and give conflicting events new keys; within the caller's transaction.

    Args:
        database: in a transaction.
        receipts: in the order of their arrival.
        epochs: the number of each epoch this outbox ever had; the highest is the current one.
        may_be_known: whether a row was ever sent, so that a receipt for it can be true.
        age: seconds the outbox has been in use.
        change: is told what the schedule must learn.
    """
    stored = 0
    refused: list[Refusal] = []
    conflicts: list[Row] = []
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
            conflicts += waiting(epoch, seq, seq)
        for refusal in receipt.refused:
            for row in waiting(epoch, refusal.seq, refusal.seq):
                outbox_rows.mark(database, row, status=REFUSED, age=age, reason=refusal.reason, change=change)
                refused.append(refusal)
        for first, last in receipt.ranges:
            for row in waiting(epoch, first, last):
                outbox_rows.mark(database, row, status=RECEIPTED, age=age, change=change)
                stored += 1
    current = max(epochs.values())
    rotated = any(row.epoch == current for row in conflicts)
    target = outbox_rows.begin_epoch(database) if rotated else current
    for row in conflicts:
        _reissue(database, row, epoch=target, change=change)
    return Taken(stored, tuple(refused), len(conflicts), rotated)


def _reissue(database: sqlite3.Connection, row: Row, *, epoch: int, change: Change) -> None:
    body, time, evidence, born = database.execute(
        "SELECT body, time, evidence, born FROM event WHERE row = ?", (row.row,)
    ).fetchone()
    outbox_rows.delete(database, [row], change=change)
    if row.type == "outbox.dropped.v1":
        # Its ranges are numbers of the epoch it was written in; in another epoch it would say something false. The
        # answer to `resend` names what was dropped.
        return
    name = database.execute("SELECT epoch FROM epoch WHERE number = ?", (epoch,)).fetchone()[0]
    seq = outbox_rows.next_seq(database, epoch)
    sealed = Sealed(seq, row.type, CLASS_OF_TYPE[row.type], time, evidence, reissue(body, epoch=name, seq=seq))
    outbox_rows.insert(database, sealed, epoch=epoch, born=born, reissues=row.reissues + 1, change=change)
