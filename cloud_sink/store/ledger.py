"""The ledger: which sequence numbers of an outbox were answered, and how; kept in the transaction of the facts."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, bindparam, delete, func, or_, select, true

from cloud_sink.store.dialect import Listed, put
from cloud_sink.store.tables import ledger
from edge.contract import ranges as ranged

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import Connection, Select

    from cloud_sink.store.facts import Sequence
    from edge.contract.ranges import Range, Ranges

Kind = Literal["taken", "refused", "dropped"]

_DELETE = delete(ledger).where(*(column == bindparam(f"old_{column.name}") for column in ledger.primary_key))


def read(connection: Connection, kind: Kind, spans: Mapping[Sequence, tuple[int, int]]) -> dict[Sequence, Ranges]:
    """The ranges of each sequence that meet or touch a span of numbers."""
    if not spans:
        return {}
    found: dict[Sequence, list[tuple[int, int]]] = {sequence: [] for sequence in spans}
    wanted = Listed(connection, [(*sequence, first - 1, last + 1) for sequence, (first, last) in spans.items()])
    meets = and_(
        ledger.c.tenant == wanted.text(0),
        ledger.c.device == wanted.text(1),
        ledger.c.epoch == wanted.text(2),
        ledger.c.kind == kind,
        ledger.c.last >= wanted.number(3),
        ledger.c.first <= wanted.number(4),
    )
    statement = select(ledger.c.tenant, ledger.c.device, ledger.c.epoch, ledger.c.first, ledger.c.last)
    for tenant, device, epoch, first, last in connection.execute(
        statement.select_from(wanted.rows.join(ledger, meets))
    ):
        found[tenant, device, epoch].append((first, last))
    return {sequence: ranged.merge(rows) for sequence, rows in found.items()}


def add(connection: Connection, kind: Kind, answered: Mapping[Sequence, Ranges]) -> None:
    """Enter ranges. Only the rows that they meet or touch are read and rewritten."""
    given = {sequence: ranged.merge(ranges) for sequence, ranges in answered.items() if ranges}
    known = read(connection, kind, {sequence: (ranges[0][0], ranges[-1][1]) for sequence, ranges in given.items()})
    enter(connection, kind, given, known)


def enter(
    connection: Connection, kind: Kind, answered: Mapping[Sequence, Ranges], known: Mapping[Sequence, Ranges]
) -> None:
    """Enter ranges, knowing those that they meet or touch: what `read` said in this transaction."""
    gone: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    for sequence, ranges in answered.items():
        before = set(known[sequence])
        after = set(ranged.merge((*before, *ranges)))
        begins = {first for first, _ in after}
        gone += [_row(sequence, kind, first, last) for first, last in before - after if first not in begins]
        changed += [_row(sequence, kind, first, last) for first, last in sorted(after - before)]
    if gone:
        connection.execute(_DELETE, [{f"old_{name}": value for name, value in row.items()} for row in gone])
    put(connection, ledger, changed)


@cache
def _holed(*, of_tenant: bool, of_devices: bool) -> Select[Any]:
    """The holes of all sequences or of some, numbered for each device.

    Worked out in the database: an outbox whose every second number is missing has as many holes as events.
    """
    c = ledger.c
    spread = (
        select(c.tenant, c.device, c.epoch)
        .where(c.tenant == bindparam("tenant") if of_tenant else true())
        .where(c.device.in_(bindparam("devices", expanding=True)) if of_devices else true())
        .group_by(c.tenant, c.device, c.epoch)
        # One range from 1 has no hole: nearly every sequence is sorted out here, in the database.
        .having(or_(func.count() > 1, func.min(c.first) > 1))
        .subquery()
    )
    same = and_(c.tenant == spread.c.tenant, c.device == spread.c.device, c.epoch == spread.c.epoch)
    before = func.max(c.last).over(partition_by=(c.tenant, c.device, c.epoch), order_by=c.first, rows=(None, -1))
    gaps = (
        select(c.tenant, c.device, c.epoch, (func.coalesce(before, 0) + 1).label("since"), (c.first - 1).label("until"))
        .join(spread, same)
        .subquery()
    )
    g = gaps.c
    place = func.row_number().over(partition_by=(g.tenant, g.device), order_by=(g.epoch, g.since)).label("place")
    holes = select(gaps, place).where(g.since <= g.until).subquery()
    return (
        select(holes.c.tenant, holes.c.device, holes.c.epoch, holes.c.since, holes.c.until)
        .where(holes.c.place <= bindparam("most"))
        .order_by(holes.c.tenant, holes.c.device, holes.c.place)
    )


def holes(
    connection: Connection,
    *,
    tenant: str | None = None,
    devices: Collection[str] | None = None,
    most: int = sys.maxsize,
) -> dict[Sequence, Ranges]:
    """Numbers below the highest of their sequence that were neither taken nor refused nor dropped.

    Args:
        connection: inside `reading` or `writing`.
        tenant: only of this tenant.
        devices: only of these of its devices.
        most: of each device, the first ones of each sequence in turn.
    """
    statement = _holed(of_tenant=tenant is not None, of_devices=devices is not None)
    rows = connection.execute(statement, {"tenant": tenant, "devices": list(devices or ()), "most": most})
    found: dict[Sequence, list[Range]] = {}
    for owner, device, epoch, since, until in rows:
        found.setdefault((owner, device, epoch), []).append((since, until))
    return {sequence: tuple(holes) for sequence, holes in found.items()}


def _row(sequence: Sequence, kind: Kind, first: int, last: int) -> dict[str, object]:
    tenant, device, epoch = sequence
    return {"tenant": tenant, "device": device, "epoch": epoch, "kind": kind, "first": first, "last": last}
