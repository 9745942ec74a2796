"""From sums to the goods of a fixture and of a store. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cloud_sink.profile.availability import NOTHING, availability, observed_spans, step_seconds
from cloud_sink.profile.model import (
    ComplianceKpi,
    Goods,
    GoodsKpis,
    MeanFacings,
    PurityKpi,
    RatioKpi,
    ShareLine,
    SkuLine,
    StockoutLine,
)
from cloud_sink.profile.shelf import Shelf, SkuSums, by_brand, by_category, by_owner, sku_share
from edge.contract.business_day import Span
from edge.shelf.ratio import divide, occupancy, purity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cloud_sink.profile.shelf import Share
    from cloud_sink.store.day import Episode, StoreDay
    from edge.contract.catalogue import Sku

_PPM = 1_000_000
_MEANS = ("facings", "own", "foreign", "unknown", "unsure", "gaps", "assortment")


def fixture_shelf(day: StoreDay, fixture: str, *, hours: Span, due: int, now: datetime) -> Shelf:
    """What stood on one fixture.

    Views show different parts of a fixture, so means over the captures of each view are added up.

    Args:
        day: the store's business day.
        fixture: which one.
        hours: the opening hours.
        due: captures that one camera owed in them; 0 when nobody said.
        now: nothing was observed after it, and a stock-out that lasts, lasts until here.
    """
    means: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    skus: dict[str, SkuSums] = {}
    unsure_width = 0.0
    captures = 0
    for (owner, view), counts in day.fixtures.items():
        accepted = counts["accepted"]
        if owner != fixture or accepted == 0:
            continue
        captures += accepted
        sums.update(counts)
        for name in _MEANS:
            means[name] += counts[name] / accepted  # type: ignore[assignment]  # a Counter adds floats as well
        for (place, seen_from, sku), row in day.skus.items():
            if (place, seen_from) != (fixture, view):
                continue
            unsure_width += row["unsure_width_ppm"] / accepted / _PPM
            if sku:
                skus[sku] = skus.get(sku, SkuSums()) + _sku_sums(row, accepted)
    moments = day.captures.get(fixture, ())
    so_far = Span(hours.since, min(hours.until, max(now, hours.since)))
    observed = observed_spans(moments, step_seconds(moments, due, hours), so_far)
    return Shelf(
        captures=captures,
        means=dict(means),
        sums=sums,
        skus=skus,
        unsure_width=unsure_width,
        availability=availability(_planned_shares(day, fixture), _out(day.episodes, fixture, hours, now), observed),
    )


def goods(
    shelf: Shelf, episodes: Iterable[Episode], products: Mapping[str, Sku], *, hours: Span, now: datetime
) -> Goods:
    """The goods of one fixture, or of several added up."""
    return Goods(
        kpis=_kpis(shelf),
        skus=[_sku_line(shelf, sku, products) for sku in sorted(shelf.skus)],
        brands=[_share_line(share) for share in by_brand(shelf, products)],
        categories=[_share_line(share) for share in by_category(shelf, products)],
        owners=[_share_line(share) for share in by_owner(shelf, products)],
        stockouts=[_stockout_line(episode, products, hours, now) for episode in episodes],
    )


def _sku_sums(row: Mapping[str, int], accepted: int) -> SkuSums:
    return SkuSums(
        facings=row["facings"] / accepted,
        unsure=row["unsure"] / accepted,
        planned=row["planned"] / accepted,
        width=row["width_ppm"] / accepted / _PPM,
        seen=row["captures_seen"] / accepted,
        is_planned=row["captures_planned"] > 0,
    )


def _planned_shares(day: StoreDay, fixture: str) -> dict[str, float]:
    """How large a part of the captures had each SKU in their plan; of several views the largest.

    A SKU that was neither recognised nor out of stock all day is void, or could not be told: its time proves nothing.
    """
    told = {sku for (place, _, sku), row in day.skus.items() if place == fixture and row["captures_seen"]}
    told |= {episode.sku for episode in day.episodes if episode.fixture == fixture}
    shares: dict[str, float] = {}
    for (place, view, sku), row in day.skus.items():
        accepted = day.fixtures.get((place, view), {}).get("accepted", 0)
        if place == fixture and sku in told and accepted and row["captures_planned"]:
            shares[sku] = max(shares.get(sku, 0.0), row["captures_planned"] / accepted)
    return shares


def _out(episodes: Iterable[Episode], fixture: str, hours: Span, now: datetime) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for episode in episodes:
        if episode.fixture == fixture:
            found.setdefault(episode.sku, []).append(_lasting(episode, hours, now))
    return found


def _lasting(episode: Episode, hours: Span, now: datetime) -> Span:
    end = episode.until if episode.until is not None else max(now, episode.since)
    return Span(max(episode.since, hours.since), min(end, hours.until))


def _kpis(shelf: Shelf) -> GoodsKpis:
    if shelf.captures == 0:  # nobody saw it: unknown, not empty
        return GoodsKpis(
            facings=None, purity=None, occupancy=None, assortment=None, must_stock=None, compliance=None, osa=None
        )
    sums, means = shelf.sums, shelf.means
    pure = purity(sums.get("own", 0), sums.get("foreign", 0), sums.get("unknown", 0), sums.get("unsure", 0))
    return GoodsKpis(
        facings=MeanFacings(
            all=means["facings"],
            own=means["own"],
            foreign=means["foreign"],
            unknown=means["unknown"],
            unsure=means["unsure"],
            gaps=means["gaps"],
        ),
        purity=PurityKpi(value=pure.value, low=pure.low, high=pure.high),
        occupancy=occupancy(sums.get("facings", 0), sums.get("gaps", 0)),
        assortment=means["assortment"],
        must_stock=_ratio(sums, "must"),
        compliance=_compliance(sums),
        osa=sum(shelf.availability.values(), start=NOTHING).value,
    )


def _ratio(sums: Mapping[str, int], name: str) -> RatioKpi | None:
    part, whole = sums.get(f"{name}_part", 0), sums.get(f"{name}_whole", 0)
    return RatioKpi(value=divide(part, whole), part=part, whole=whole) if whole else None


def _compliance(sums: Mapping[str, int]) -> ComplianceKpi | None:
    levels = {name: _ratio(sums, name) for name in ("present", "shelf", "order", "facings")}
    present, shelf, order, facings = levels.values()
    if present is None or shelf is None or order is None or facings is None:
        return None
    return ComplianceKpi(present=present, shelf=shelf, order=order, facings=facings)


def _sku_line(shelf: Shelf, sku: str, products: Mapping[str, Sku]) -> SkuLine:
    sums, product = shelf.skus[sku], products.get(sku)
    return SkuLine(
        sku=sku,
        name=product.name if product else None,
        brand=product.brand if product else None,
        owner=product.owner if product else None,
        category=product.category if product else None,
        gtin=product.gtin if product else None,
        facings=sums.facings,
        unsure=sums.unsure,
        share_of_shelf=sku_share(shelf, sku, products),
        planned=sums.planned if sums.is_planned else None,
        seen=sums.seen,
        osa=shelf.availability.get(sku, NOTHING).value,
    )


def _share_line(share: Share) -> ShareLine:
    return ShareLine(
        name=share.name,
        category=share.category,
        facings=share.facings,
        share_of_shelf=share.share,
        linear_share=share.linear,
    )


def _stockout_line(episode: Episode, products: Mapping[str, Sku], hours: Span, now: datetime) -> StockoutLine:
    product = products.get(episode.sku)
    return StockoutLine(
        fixture=episode.fixture,
        sku=episode.sku,
        name=product.name if product else None,
        since=episode.since,
        until=episode.until,
        minutes=_lasting(episode, hours, now).seconds / 60,
    )
