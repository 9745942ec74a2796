"""What a promotion changed: facings, availability, stops and, with a sales file, units; and what it returned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from pydantic import Field

from cloud_sink.analyses import outcomes
from cloud_sink.analyses.differences import Effect, Treated, Window, difference_in_differences
from cloud_sink.analyses.matching import Match, match
from cloud_sink.analyses.returns import Return, margins, returned
from cloud_sink.fleet.products import by_gtin
from cloud_sink.profile.goods_model import Count, Portrait
from cloud_sink.store import master, stale
from cloud_sink.store.database import reading
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from cloud_sink.analyses.differences import Daily
    from cloud_sink.fleet.settings import Attribute
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database
    from cloud_sink.store.master import PromotionRow
    from edge.contract.catalogue import Sku


class UnknownPromotion(StoreError):  # noqa: N818 - it is what the user named
    """No promotion of that name."""


LEAST_BEFORE, MOST_BEFORE = 14, 84
"""Days before that a promotion is compared with where nobody says how many."""


class PromotionReport(Portrait):
    """A promotion, measured against stores without it."""

    promotion: str
    since: date
    until: date
    over: bool = Field(description="whether its last day is past everywhere; until then all of it may still move")
    before: Count = Field(description="days before each store's first day that it is compared with")
    skus: list[str]
    unmatched_gtins: list[str] = Field(description="that are in no catalogue: nobody knows of their facings")
    matches: list[Match]
    overlapping: list[str] = Field(
        description="other promotions of the same products: their days are left out of its stores, and their stores "
        "are not matched"
    )
    effects: list[Effect]
    returned: Return | None
    no_return: str | None = Field(description="why it is not known what was returned")
    waiting: Count = Field(description="days of stores that are not settled yet: figures may still move")


@dataclass(frozen=True, slots=True)
class Measured:
    """A report with what it was made of: what was observed day by day, and the stores with it."""

    report: PromotionReport
    daily: Mapping[str, Daily]  # by outcome
    treated: Mapping[str, Treated]


def ask_promotion(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    alike: Sequence[Attribute],
    *,
    tenant: str,
    promotion: str,
    now: datetime,
    before: int | None = None,
) -> PromotionReport:
    """Measure a promotion; arguments and errors as of `measure_promotion`."""
    asked: _Asked = {"tenant": tenant, "promotion": promotion, "now": now, "before": before}
    return measure_promotion(engine, stores, products, alike, **asked).report


class _Asked(TypedDict):
    tenant: str
    promotion: str
    now: datetime
    before: int | None


def measure_promotion(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    alike: Sequence[Attribute],
    *,
    tenant: str,
    promotion: str,
    now: datetime,
    before: int | None = None,
) -> Measured:
    """Measure a promotion.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        alike: what makes stores comparable, the most important first; the last are given up where too few agree.
        tenant: whose promotion.
        promotion: its name in the imported file.
        now: aware.
        before: days before it that it is compared with; as many as it lasts, from two weeks to twelve, if left out.

    Raises:
        UnknownPromotion: no line of an imported file names it.
    """
    with reading(engine) as connection:
        lines = master.promotion_rows(connection, tenant)
        own = _lines_of(promotion, lines)
        since, until = min(line.since for line in own), max(line.until for line in own)
        days = before or min(max((until - since).days + 1, LEAST_BEFORE), MOST_BEFORE)
        within = Window(since - timedelta(days=days), since, until)
        skus = _skus(own, products)
        daily = outcomes.observe(connection, tenant, skus=skus.values(), since=within.first, until=until)
        worth = margins(own)
        daily["units"] = outcomes.sold(connection, tenant, dict.fromkeys(worth, 1.0), within.first, until)
        earned = outcomes.sold(
            connection, tenant, {gtin: one or 0.0 for gtin, one in worth.items()}, within.first, until
        )
        waiting = stale.count_within(connection, tenant, within.first, until)
    windows = _windows(own, days)
    others = _overlapping(lines, promotion, worth, within)
    observed = {store for series in daily.values() for store, _ in series}
    free = observed - windows.keys() - {line.store for line in others}
    matches = match(windows.keys(), free, stores, tenant, alike)
    treated = {store: Treated(windows[store], frozenset(one.matched)) for one in matches for store in one.stores}
    told = {name: _clean(series, others) for name, series in daily.items() if series or name != "units"}
    effects = {name: difference_in_differences(name, series, treated) for name, series in told.items()}
    profit: Return | None = None
    why: str | None = "no sales file tells units of these days: sink import sales FILE"
    if "units" in effects:
        profit, why = returned(own, told["units"], _clean(earned, others), effects["units"], treated)
    report = PromotionReport(
        promotion=promotion,
        since=since,
        until=until,
        over=until < (now - timedelta(days=1)).date(),
        before=days,
        skus=sorted(skus.values()),
        unmatched_gtins=sorted(worth.keys() - skus.keys()),
        matches=matches,
        overlapping=sorted({line.promotion for line in others}),
        effects=list(effects.values()),
        returned=profit,
        no_return=why,
        waiting=waiting,
    )
    return Measured(report, told, treated)


def _lines_of(promotion: str, lines: Iterable[PromotionRow]) -> list[PromotionRow]:
    own = [line for line in lines if line.promotion == promotion]
    if not own:
        known = sorted({line.promotion for line in lines})
        mend = f"known: {', '.join(known[:10])}" if known else "import one: sink import promotions FILE"
        raise UnknownPromotion(f"no promotion {promotion}", mend)
    return own


def _skus(lines: Iterable[PromotionRow], products: Mapping[str, Sku]) -> dict[str, str]:
    """The SKUs of its GTINs, of those that a catalogue knows."""
    known = by_gtin(products)
    return {line.gtin: known[line.gtin] for line in lines if line.gtin in known}


def _windows(lines: Iterable[PromotionRow], before: int) -> dict[str, Window]:
    """Of each store from the first day of its first product to the last of its last, and as many days before."""
    spans: dict[str, tuple[date, date]] = {}
    for line in lines:
        since, until = spans.get(line.store, (line.since, line.until))
        spans[line.store] = (min(since, line.since), max(until, line.until))
    return {store: Window(since - timedelta(days=before), since, until) for store, (since, until) in spans.items()}


def _overlapping(
    lines: Iterable[PromotionRow], promotion: str, gtins: Collection[str], within: Window
) -> list[PromotionRow]:
    """Lines of other promotions of the same products in the same time."""
    return [
        line
        for line in lines
        if line.promotion != promotion
        and line.gtin in gtins
        and line.since <= within.until
        and line.until >= within.first
    ]


def _clean(daily: Daily, others: Iterable[PromotionRow]) -> Daily:
    """Without the days on which another promotion ran in a store."""
    spoiled: dict[str, list[PromotionRow]] = {}
    for line in others:
        spoiled.setdefault(line.store, []).append(line)
    return {
        (store, day): value
        for (store, day), value in daily.items()
        if not any(line.since <= day <= line.until for line in spoiled.get(store, ()))
    }
