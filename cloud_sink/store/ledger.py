"""The ledger: which sequence numbers of an outbox were answered, and how; kept in the transaction of the facts."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Literal

from sqlalchemy import and_, delete, func, insert, or_, select, true

from cloud_sink.store.tables import ledger
from edge.contract import ranges as ranged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection

    from cloud_sink.store.facts import Sequence
    from edge.contract.ranges import Ranges

Kind = Literal["taken", "refused", "dropped"]

_AT_ONCE = 100
"""Sequences a query: SQLite bounds the depth of an expression."""


def read(connection: Connection, kind: Kind, spans: Mapping[Sequence, tuple[int, int]]) -> dict[Sequence, Ranges]:
    """The ranges of each sequence that meet or touch a span of numbers."""
    found: dict[Sequence, list[tuple[int, int]]] = {sequence: [] for sequence in spans}
    for some in _slices(spans):
        statement = select(ledger.c.tenant, ledger.c.device, ledger.c.epoch, ledger.c.first, ledger.c.last).where(
            ledger.c.kind == kind, or_(*(_meets(sequence, *spans[sequence]) for sequence in some))
        )
        for tenant, device, epoch, first, last in connection.execute(statement):
            found[tenant, device, epoch].append((first, last))
    return {sequence: ranged.merge(rows) for sequence, rows in found.items()}


def add(connection: Connection, kind: Kind, answered: Mapping[Sequence, Ranges]) -> None:
    """Enter ranges. Only the rows that they meet or touch are read and rewritten."""
    given = {sequence: ranged.merge(ranges) for sequence, ranges in answered.items() if ranges}
    if not given:
        return
    known = read(connection, kind, {sequence: (ranges[0][0], ranges[-1][1]) for sequence, ranges in given.items()})
    gone, new = [], []
    for sequence, ranges in given.items():
        after = set(ranged.merge((*known[sequence], *ranges)))
        before = set(known[sequence])
        gone += [(sequence, first) for first, _ in before - after]
        new += [_row(sequence, kind, first, last) for first, last in sorted(after - before)]
    for sequence, first in gone:
        connection.execute(delete(ledger).where(_is(sequence), ledger.c.kind == kind, ledger.c.first == first))
    if new:
        connection.execute(insert(ledger), new)


def holes(connection: Connection, *, tenant: str | None = None) -> dict[Sequence, Ranges]:
    """Numbers below the highest of their sequence that were neither taken nor refused nor dropped."""
    spread = (
        select(ledger.c.tenant, ledger.c.device, ledger.c.epoch)
        .where(true() if tenant is None else ledger.c.tenant == tenant)
        .group_by(ledger.c.tenant, ledger.c.device, ledger.c.epoch)
        # One range from 1 has no hole: nearly every sequence is sorted out here, in the database.
        .having(or_(func.count() > 1, func.min(ledger.c.first) > 1))
        .subquery()
    )
    rows = connection.execute(
        select(ledger.c.tenant, ledger.c.device, ledger.c.epoch, ledger.c.first, ledger.c.last).join(
            spread,
            and_(
                ledger.c.tenant == spread.c.tenant,
                ledger.c.device == spread.c.device,
                ledger.c.epoch == spread.c.epoch,
            ),
        )
    )
    answered: dict[Sequence, list[tuple[int, int]]] = {}
    for owner, device, epoch, first, last in rows:
        answered.setdefault((owner, device, epoch), []).append((first, last))
    found = {}
    for sequence, ranges in answered.items():
        missing = ranged.subtract([(1, max(last for _, last in ranges))], ranges)
        if missing:
            found[sequence] = missing
    return found


def _meets(sequence: Sequence, first: int, last: int) -> ColumnElement[bool]:
    return and_(_is(sequence), ledger.c.last >= first - 1, ledger.c.first <= last + 1)


def _is(sequence: Sequence) -> ColumnElement[bool]:
    tenant, device, epoch = sequence
    return and_(ledger.c.tenant == tenant, ledger.c.device == device, ledger.c.epoch == epoch)


def _row(sequence: Sequence, kind: Kind, first: int, last: int) -> dict[str, object]:
    tenant, device, epoch = sequence
    return {"tenant": tenant, "device": device, "epoch": epoch, "kind": kind, "first": first, "last": last}


def _slices(spans: Iterable[Sequence]) -> Iterator[list[Sequence]]:
    remaining = iter(spans)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some
