"""From sums to the goods of a fixture and of a store. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING

from cloud_sink.profile.availability import NOTHING, Availability
from cloud_sink.profile.goods_model import (
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
    from collections.abc import Mapping
    from datetime import datetime

    from cloud_sink.profile.figures import Figures
    from cloud_sink.profile.shelf import Share
    from cloud_sink.store.day import Episode
    from cloud_sink.store.period import StorePeriod
    from edge.contract.catalogue import Sku

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """What is known beside the sums: names, episodes, and when the store was open."""

    products: Mapping[str, Sku]
    openings: tuple[Span, ...]  # of the days, ascending
    now: datetime
    episodes: tuple[Episode, ...] = ()
    known: frozenset[str] | None = field(default=None)  # SKUs seen before; None when nothing was observed then


_MEANS = ("facings", "own", "foreign", "unknown", "unsure", "gaps", "assortment")


def fixture_shelf(period: StorePeriod, fixture: str) -> Shelf:
    """What stood on one fixture.

    A unit that several views show is listed by one of them, so means over the captures of each view are added up; the
    plan is the whole fixture's in each of them.
    """
    means: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    skus: dict[str, SkuSums] = {}
    unsure_width = 0.0
    captures = 0
    for (owner, view), counts in period.fixtures.items():
        accepted = counts["accepted"]
        if owner != fixture or accepted == 0:
            continue
        captures += accepted
        sums.update(counts)
        for name in _MEANS:
            means[name] += counts[name] / accepted  # type: ignore[assignment]  # a Counter adds floats as well
        for (place, seen_from, sku), row in period.skus.items():
            if (place, seen_from) != (fixture, view):
                continue
            unsure_width += row["unsure_width_ppm"] / accepted / _PPM
            if sku:
                skus[sku] = skus.get(sku, SkuSums()).with_view(_sku_sums(row, accepted))
    courses = {sku: row for (place, sku), row in period.courses.items() if place == fixture}
    return Shelf(
        captures=captures,
        means=dict(means),
        sums=sums,
        skus={sku: _moved(one, courses.get(sku, {})) for sku, one in skus.items()},
        unsure_width=unsure_width,
        availability={
            sku: Availability(row["out_ms"] / 1000, row["observed_ms"] / 1000) for sku, row in courses.items()
        },
    )


def goods(shelf: Shelf, told: Told, *, figures: Figures | None = None) -> Goods:
    """The goods of one fixture, or of several added up; with the store's figures where it is all of them."""
    return Goods(
        kpis=_kpis(shelf, figures),
        skus=[_sku_line(shelf, sku, told) for sku in sorted(shelf.skus)],
        brands=[_share_line(share, told) for share in by_brand(shelf, told.products)],
        categories=[_share_line(share, told) for share in by_category(shelf, told.products)],
        owners=[_share_line(share, told) for share in by_owner(shelf, told.products)],
        stockouts=[_stockout_line(episode, told) for episode in told.episodes],
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


def _moved(sums: SkuSums, course: Mapping[str, int]) -> SkuSums:
    return replace(sums, taken=course.get("taken", 0), refilled=course.get("refilled", 0))


def _kpis(shelf: Shelf, figures: Figures | None) -> GoodsKpis:
    if shelf.captures == 0:  # nobody saw it: unknown, not empty
        return GoodsKpis(
            facings=None, purity=None, occupancy=None, assortment=None, must_stock=None, compliance=None, osa=None
        )
    sums, means = shelf.sums, shelf.means
    rivals = sums.get("own", 0) + sums.get("foreign", 0) + sums.get("unsure", 0)
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
        osa_watched=figures.osa_watched if figures else None,
        own_share=divide(sums.get("own", 0), rivals),
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


def _sku_line(shelf: Shelf, sku: str, told: Told) -> SkuLine:
    sums, product = shelf.skus[sku], told.products.get(sku)
    fared = shelf.availability.get(sku, NOTHING)
    return SkuLine(
        sku=sku,
        name=product.name if product else None,
        brand=product.brand if product else None,
        owner=product.owner if product else None,
        category=product.category if product else None,
        gtin=product.gtin if product else None,
        facings=sums.facings,
        unsure=sums.unsure,
        share_of_shelf=sku_share(shelf, sku, told.products),
        planned=sums.planned if sums.is_planned else None,
        seen=sums.seen,
        osa=fared.value,
        stockouts=sum(episode.sku == sku for episode in told.episodes),
        minutes_out=fared.out / 60,
        taken=sums.taken,
        refilled=sums.refilled,
        new=None if told.known is None else sums.seen > 0 and sku not in told.known,
    )


def _share_line(share: Share, told: Told) -> ShareLine:
    return ShareLine(
        name=share.name,
        category=share.category,
        facings=share.facings,
        share_of_shelf=share.share,
        linear_share=share.linear,
        osa=share.osa,
        stockouts=sum(episode.sku in share.skus for episode in told.episodes),
    )


def _stockout_line(episode: Episode, told: Told) -> StockoutLine:
    product = told.products.get(episode.sku)
    return StockoutLine(
        fixture=episode.fixture,
        sku=episode.sku,
        name=product.name if product else None,
        since=episode.since,
        until=episode.until,
        minutes=_open_seconds(episode, told) / 60,
    )


def _open_seconds(episode: Episode, told: Told) -> float:
    """Seconds of an episode in the opening hours; one that lasts, lasts until now."""
    end = episode.until if episode.until is not None else max(told.now, episode.since)
    first = bisect_right(told.openings, episode.since, key=lambda hours: hours.until)
    touched = takewhile(lambda hours: hours.since < end, islice(told.openings, first, None))
    return sum(Span(max(episode.since, hours.since), min(end, hours.until)).seconds for hours in touched)
