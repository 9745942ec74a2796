"""Display settlement: what was paid for and what stood there, day by day, by a rule that both sides can read."""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from cloud_sink.analyses.settlement_file import seal
from cloud_sink.analyses.settlement_model import RULES, DisplayDay, DisplayLine, Settlement, State
from cloud_sink.store import master, panel
from cloud_sink.store.database import reading
from cloud_sink.store.day import zone_of
from edge.contract.business_day import business_day
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.master import ContractRow
    from cloud_sink.store.panel import Counts, Proof, View
    from edge.contract.catalogue import Sku

ENOUGH = Fraction(1, 2)
"""Captures of those due without which a day was not seen, and days of those in force without which nothing is due."""

HALF = Fraction(1, 2)


class UnknownContract(StoreError):  # noqa: N818 - it is what the user named
    """No contract of that name in that month."""


def ask_settlement(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    contract: str,
    month: date,
    now: datetime,
) -> Settlement:
    """Settle a contract for a calendar month; days that are not over are not in it.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs, of which those of the contract's brand or owner count.
        tenant: whose contract.
        contract: its name in the imported file.
        month: any day of it.
        now: aware.

    Raises:
        UnknownContract: no imported contract of that name holds in that month.
    """
    first, last = month_of(month)
    with reading(engine) as connection:
        own = _rows(connection, tenant, contract, first, last)
        settled = [_settle(connection, stores, products, row, tenant=tenant, month=first, now=now) for row in own]
    found = Settlement(
        contract=contract,
        month=f"{first:%Y-%m}",
        final=all(final for _, final in settled),
        rules=list(RULES),
        lines=[line for line, _ in settled],
        sha256="",
    )
    return found.model_copy(update={"sha256": seal(found, products)})


def ask_line(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    contract: str,
    month: date,
    line: tuple[str, str | None, str],
    now: datetime,
) -> DisplayLine:
    """Settle one line of a contract for a month; the others as of `ask_settlement`.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        tenant: whose contract.
        contract: its name in the imported file.
        month: any day of it.
        line: its store, its fixture, and its brand or owner.
        now: aware.

    Raises:
        UnknownContract: no imported contract has that line in that month.
    """
    first, last = month_of(month)
    with reading(engine) as connection:
        for row in _rows(connection, tenant, contract, first, last):
            if (row.store, row.fixture, row.brand) == line:
                return _settle(connection, stores, products, row, tenant=tenant, month=first, now=now)[0]
    raise UnknownContract(f"contract {contract} has no such line in {first:%Y-%m}", "take it from the list of lines")


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _rows(connection: Transaction, tenant: str, contract: str, first: date, last: date) -> list[ContractRow]:
    rows = master.contracts_of(connection, tenant, None, first, last)
    own = sorted((row for row in rows if row.contract == contract), key=_order)
    if not own:
        known = sorted({row.contract for row in rows})
        mend = f"in that month hold: {', '.join(known[:10])}" if known else "import one: sink import contracts FILE"
        raise UnknownContract(f"no contract {contract} in {first:%Y-%m}", mend)
    return own


def _settle(
    connection: Transaction,
    stores: StoreBook,
    products: Mapping[str, Sku],
    row: ContractRow,
    *,
    tenant: str,
    month: date,
    now: datetime,
) -> tuple[DisplayLine, bool]:
    """One line, and whether it is over in its store."""
    first, last = month_of(month)
    clockwork = stores.clockwork(tenant, row.store, zone_of(connection, tenant, row.store) or "UTC")
    over = business_day(now, clockwork) - timedelta(days=1)
    since, until = max(row.since, first), min(row.until, last, over)
    skus = brand_skus(products, row.brand)
    days = _days(connection, tenant, row, skus, (since, until)) if since <= until else []
    return settle_line(row, skus, days, last.day), min(row.until, last) <= over


def brand_skus(products: Mapping[str, Sku], brand: str) -> list[str]:
    """The SKUs of a brand, or of an owner of brands."""
    return sorted(sku.id for sku in products.values() if brand in {sku.brand, sku.owner})


def settle_line(row: ContractRow, skus: Sequence[str], days: Sequence[DisplayDay], month_days: int) -> DisplayLine:
    """Settle one line from its days in force. Pure."""
    seen = [day for day in days if day.state != "unseen"]
    why = _too_little(row, skus, len(seen), len(days))
    sure = _attained(row.facings, [_exact(day.facings) for day in seen])
    most = _attained(row.facings, [_exact(day.facings) + _exact(day.unsure) for day in seen])
    told = [(day.kept or 0, day.due) for day in days if day.due]
    part = Fraction(len(days), month_days)
    owes = row.side == "own" and row.fee is not None and why is None
    return DisplayLine(
        store=row.store,
        fixture=row.fixture,
        side=row.side,
        brand=row.brand,
        paid_facings=row.facings,
        skus=list(skus),
        days_in_force=len(days),
        days_seen=len(seen),
        days_stood=sum(day.state == "stood" for day in days),
        days_short=sum(day.state == "short" for day in days),
        days_unclear=sum(day.state == "unclear" for day in days),
        completeness=rounded(Fraction(sum(min(kept, due) for kept, due in told), sum(due for _, due in told)), 6)
        if told
        else None,
        attained=float(sure) if why is None else None,
        attained_at_most=float(most) if why is None else None,
        fee=row.fee,
        due=rounded(_exact(row.fee) * sure * part, 2) if owes else None,
        due_at_most=rounded(_exact(row.fee) * most * part, 2) if owes else None,
        currency=row.currency,
        too_little=why,
        days=list(days),
    )


def state_of(paid: int, facings: Fraction, unsure: Fraction) -> State:
    """What a seen day is; a half is rounded upward."""
    if facings + HALF >= paid:
        return "stood"
    return "short" if facings + unsure + HALF < paid else "unclear"


def rounded(value: Fraction, places: int) -> float:
    """A value to so many decimals, a half upward: what is printed is exact."""
    scale: int = 10**places
    return math.floor(value * scale + HALF) / scale


def _order(row: ContractRow) -> tuple[str, str, str]:
    return row.store, row.fixture or "", row.brand


def _exact(value: float | None) -> Fraction:
    """A figure as it is printed; nothing is 0."""
    return Fraction(str(value or 0))


def _attained(paid: int, facings: Sequence[Fraction]) -> Fraction:
    """The mean of what was attained a day, to millionths."""
    if not facings:
        return Fraction(0)
    total = sum((min(Fraction(1), one / paid) for one in facings), start=Fraction(0))
    return _exact(rounded(total / len(facings), 6))


def _too_little(row: ContractRow, skus: Sequence[str], seen: int, in_force: int) -> str | None:
    if not skus:
        return f"no catalogue has a brand or owner {row.brand}"
    if not in_force:
        return "no day of it is over yet"
    if seen < ENOUGH * in_force:
        return f"{seen} of {in_force} days were seen; half of them are needed"
    return None


@dataclass(frozen=True, slots=True)
class _Told:
    """What is stored of a line's days."""

    captures: Mapping[View, Mapping[date, int]]
    facings: Mapping[View, Mapping[date, Counts]]
    lasting: Mapping[View, tuple[date, date]]
    owed: Mapping[tuple[str, date], tuple[int, int]]
    proofs: Mapping[date, Proof]
    corrected: Mapping[date, int]


def _days(
    connection: Transaction, tenant: str, row: ContractRow, skus: Sequence[str], span: tuple[date, date]
) -> list[DisplayDay]:
    since, until = span
    store, here = row.store, {"store": row.store, "fixture": row.fixture}
    told = _Told(
        captures=panel.captures(connection, tenant, since, until, **here),
        facings=panel.facings(connection, tenant, [*skus, ""], since, until, **here),
        lasting={
            view: span
            for view, span in panel.lasting(connection, tenant, store).items()
            if row.fixture in {None, view[1]}
        },
        owed={
            key: counts
            for key, counts in panel.owed(connection, tenant, store, since, until).items()
            if row.fixture in {None, key[0]}
        },
        proofs=panel.photographs(connection, tenant, store, since, until, fixture=row.fixture),
        corrected=panel.corrected(connection, tenant, store, since, until, fixture=row.fixture),
    )
    return [_day(told, row.facings, since + timedelta(days=at)) for at in range((until - since).days + 1)]


def _day(told: _Told, paid: int, day: date) -> DisplayDay:
    captures = {view: days[day] for view, days in told.captures.items() if day in days}
    owed = [counts for (_, on), counts in told.owed.items() if on == day]
    proof = told.proofs.get(day)
    seen = _is_seen(told, captures, owed, day)
    sure, unsure = (_exact(_mean(told, captures, day, name)) for name in ("facings", "unsure"))
    return DisplayDay(
        day=day,
        state=state_of(paid, sure, unsure) if seen else "unseen",
        captures=sum(captures.values()),
        kept=sum(kept for kept, _ in owed) if owed else None,
        due=sum(due for _, due in owed) if owed else None,
        facings=float(sure) if seen else None,
        unsure=float(unsure) if seen else None,
        corrected=told.corrected.get(day, 0),
        device=proof.device if proof else None,
        event=proof.event if proof else None,
        at=proof.at if proof else None,
        photograph=proof.photograph if proof else None,
    )


def _is_seen(told: _Told, captures: Mapping[View, int], owed: Iterable[tuple[int, int]], day: date) -> bool:
    standing = {view for view, (first, last) in told.lasting.items() if first <= day <= last}
    return bool(captures) and standing <= captures.keys() and all(kept >= ENOUGH * due for kept, due in owed)


def _mean(told: _Told, captures: Mapping[View, int], day: date, name: str) -> float:
    total = sum(
        (
            Fraction(told.facings[view][day][name], count)
            for view, count in captures.items()
            if day in told.facings.get(view, ())
        ),
        start=Fraction(0),
    )
    return rounded(total, 3)
