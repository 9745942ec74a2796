"""What a store runs out of next, and with a sales file how much to bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.analyses.demand import Demand, Refill
from cloud_sink.analyses.forecast import HELD_BACK, LEARNT
from cloud_sink.analyses.waiting import Rhythm, Shelf, Watched, chance, expected, judge, look_ahead
from cloud_sink.fleet.products import by_gtin
from cloud_sink.profile.ask import owner_of
from cloud_sink.profile.goods_model import Count, Mean, Portrait, Share
from cloud_sink.store import panel, stale, units
from cloud_sink.store.database import reading
from cloud_sink.store.day import read_episodes, zone_of
from edge.contract.business_day import Span, business_day, opening

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.panel import Counts, Placed
    from edge.contract.business_day import Clockwork
    from edge.contract.catalogue import Sku

HISTORY = 84
"""Days that are learnt from: twelve weeks."""

AHEAD = 60
"""Days within which a next stock-out is named; one later than that is not foreseeable."""

OTHERS = 50
"""Stores that a SKU's usual rate is taken from; of more of them so many, spread over their names."""

_MS = 3_600_000


class Outlook(Portrait):
    """One SKU of the store."""

    sku: str
    name: str | None
    hours_watched: Mean = Field(description="open hours in which it was seen in stock, over the fixtures that have it")
    stockouts: Count = Field(description="that began on days that were watched")
    out_since: datetime | None = Field(description="it is out of stock on some fixture now")
    chance: Share | None = Field(description="of running out on the days that a refill has to last")
    expected_hours: Mean | None = Field(description="open hours until a stock-out is due; null beyond 60 days")
    expected_at: datetime | None = Field(description="when these are over")
    taken_a_day: Mean | None = Field(description="visible depletion: facings, not units")
    rhythm: Rhythm | None = Field(
        description="whether its rate is told apart by days: what did better on held-back days"
    )
    score: Mean | None = Field(
        description="Brier score of that rate on the days held back, over the stores that it is taken from"
    )
    naive_score: Mean | None = Field(description="of saying what happened on the same weekday of the week before them")
    refill: Refill | None
    too_little: list[str] = Field(description="what cannot be said, and why")


class Replenishment(Portrait):
    """What one store runs out of, the soonest first."""

    store: str
    since: date
    until: date = Field(description="the last whole day that was learnt from")
    days: Count = Field(description="that a refill has to last, today the first")
    held_back: Count = Field(HELD_BACK, description="days by which forecasts are judged")
    waiting: Count = Field(description="days of all stores that are not settled yet: figures may still move")
    outlooks: list[Outlook]
    too_little: str | None = Field(description="why there is no outlook, where there is none")


def ask_replenishment(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    store: str,
    now: datetime,
    days: int = 3,
) -> Replenishment:
    """Look ahead for one store.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        tenant: whose store.
        store: which.
        now: aware.
        days: days that a refill has to last, today the first.

    Raises:
        UnknownStore: nobody described that store and no device reported from it.
    """
    with reading(engine) as connection:
        owner_of(connection, stores, store, tenant)
        clockwork = stores.clockwork(tenant, store, zone_of(connection, tenant, store) or "UTC")
        today = business_day(now, clockwork)
        history = [today - timedelta(days=HISTORY - at) for at in range(HISTORY)]
        others = sample(panel.stores_watched(connection, tenant, history[0], history[-1]), OTHERS)
        courses = panel.courses(connection, tenant, history[0], history[-1], stores={store, *others})
        own = _of_store(courses, store)
        told = _Told(
            watched=_watched(courses, _begun(connection, stores, tenant, history)),
            out_since={
                one.sku: one.since
                for one in read_episodes(connection, tenant, store, Span(now, now + timedelta(seconds=1)))
                if one.until is None
            },
            taken={sku: sum(row["taken"] for row in rows.values()) / len(rows) for sku, rows in own.items()},
            demand=_demand(connection, tenant, store, history=history, today=today, own=own),
            history=history,
            openings=[opening(today + timedelta(days=at), clockwork) for at in range(AHEAD)],
            now=now,
        )
        waiting = stale.count_within(connection, tenant, history[0], history[-1])
    gtins = {sku: gtin for gtin, sku in by_gtin(products).items()}
    skus = {sku for sku, shelves in told.watched.items() if any(place == store for place, _ in shelves)}
    skus |= {sku for sku, gtin in gtins.items() if max(told.demand.sold.get(gtin, {date.min: 0})) >= history[0]}
    outlooks = [told.outlook(store, sku, gtins.get(sku), products.get(sku), days) for sku in sorted(skus)]
    outlooks.sort(key=lambda one: (one.out_since is None, one.expected_hours or math.inf, one.sku))
    why = None if outlooks else f"nothing that is planned was watched, and nothing sold, in the last {HISTORY} days"
    return Replenishment(
        store=store,
        since=history[0],
        until=history[-1],
        days=days,
        waiting=waiting,
        outlooks=outlooks,
        too_little=why,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """All that is known of the history, and the hours ahead."""

    watched: Mapping[str, Mapping[Shelf, Watched]]  # by SKU, of all stores
    out_since: Mapping[str, datetime]
    taken: Mapping[str, float]  # facings a day, by SKU
    demand: Demand
    history: Sequence[date]
    openings: Sequence[Span]
    now: datetime

    def outlook(self, store: str, sku: str, gtin: str | None, product: Sku | None, days: int) -> Outlook:
        """What to expect of one SKU."""
        shelves = self.watched.get(sku, {})
        own = [shelf for shelf in shelves if shelf[0] == store]
        judged = judge(shelves, self.history)
        ahead = look_ahead(shelves, self.history, AHEAD, judged.rhythm if judged else "constant")
        since = self.out_since.get(sku)
        rates = ahead.rates(own) if ahead and own and since is None else None
        due = expected(rates, self.openings, self.now) if rates else None
        refill, unsure = self.demand.refill(sku, gtin, days)
        return Outlook(
            sku=sku,
            name=product.name if product else None,
            hours_watched=sum(sum(shelves[shelf].hours.values()) for shelf in own),
            stockouts=sum(sum(shelves[shelf].begun.values()) for shelf in own),
            out_since=since,
            chance=chance(rates, self.openings[:days], self.now) if rates else None,
            expected_hours=due[0] if due else None,
            expected_at=due[1] if due else None,
            taken_a_day=self.taken.get(sku),
            rhythm=judged.rhythm if judged else None,
            score=judged.score if judged else None,
            naive_score=judged.naive_score if judged else None,
            refill=refill,
            too_little=[*_unforeseen(own, seen=ahead is not None, judged=judged is not None), *unsure],
        )


def sample(stores: Sequence[str], most: int) -> list[str]:
    """So many of some stores, evenly spread; all, where there are no more. Pure."""
    return [stores[at * len(stores) // most] for at in range(most)] if len(stores) > most else list(stores)


def _unforeseen(own: Sequence[Shelf], *, seen: bool, judged: bool) -> list[str]:
    if not own:
        return ["no camera watched it while it was planned: nothing says when it runs out"]
    if not seen:
        return ["it never ran out in any store: nothing says when it will"]
    return [] if judged else [f"fewer than {LEARNT} watched days before the last {HELD_BACK}: the rate is not judged"]


def _watched(
    courses: Mapping[Placed, Mapping[date, Counts]], begun: Mapping[Placed, Mapping[date, int]]
) -> dict[str, dict[Shelf, Watched]]:
    """By SKU and shelf hours watched, of these in stock, and stock-outs begun; days that nobody saw are left out."""
    found: dict[str, dict[Shelf, Watched]] = {}
    for place, days in courses.items():
        seen = {day: counts for day, counts in days.items() if counts["observed_ms"]}
        if seen:
            store, fixture, sku = place
            found.setdefault(sku, {})[store, fixture] = Watched(
                {day: counts["observed_ms"] / _MS for day, counts in seen.items()},
                {day: (counts["observed_ms"] - counts["out_ms"]) / _MS for day, counts in seen.items()},
                {day: count for day, count in begun.get(place, {}).items() if day in seen},
            )
    return found


def _of_store(courses: Mapping[Placed, Mapping[date, Counts]], store: str) -> dict[str, dict[date, Counts]]:
    """One store's courses by SKU and day, its fixtures together."""
    found: dict[str, dict[date, Counts]] = {}
    for (place, _, sku), days in courses.items():
        for day, counts in days.items() if place == store else ():
            row = found.setdefault(sku, {}).setdefault(day, dict.fromkeys(counts, 0))
            for name, count in counts.items():
                row[name] += count
    return found


def _begun(
    connection: Transaction, stores: StoreBook, tenant: str, history: Sequence[date]
) -> dict[Placed, dict[date, int]]:
    """Stock-outs begun, by store, fixture, SKU and business day."""
    clockworks: dict[str, Clockwork] = {}
    found: dict[Placed, dict[date, int]] = {}
    begins = datetime.combine(history[0], time(), UTC)
    span = Span(begins - timedelta(days=2), begins + timedelta(days=HISTORY + 2))  # in whichever zone a store lies
    for (store, fixture, sku), moments in panel.stockouts_begun(connection, tenant, span).items():
        if store not in clockworks:
            clockworks[store] = stores.clockwork(tenant, store, zone_of(connection, tenant, store) or "UTC")
        counted = found.setdefault((store, fixture, sku), {})
        for at in moments:
            day = business_day(at, clockworks[store])
            counted[day] = counted.get(day, 0) + 1
    return found


def _demand(
    connection: Transaction,
    tenant: str,
    store: str,
    *,
    history: Sequence[date],
    today: date,
    own: Mapping[str, Mapping[date, Counts]],
) -> Demand:
    told = units.days_told(connection, tenant, "sales", history[0], history[-1], store=store)
    sold, delivered = (
        {gtin: days for (_, gtin), days in units.daily(connection, tenant, kind, date.min, today, store=store).items()}
        for kind in ("sales", "deliveries")
    )
    out = {
        sku: {day: row["out_ms"] / row["observed_ms"] for day, row in days.items() if row["observed_ms"]}
        for sku, days in own.items()
    }
    return Demand(today, told.get(store, set()), sold, delivered, out)
