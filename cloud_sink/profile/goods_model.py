"""The goods of a profile as they are given out. A KPI that nobody could observe is null, never 0."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.contract.names import Slug

Share = Annotated[float, Field(ge=0, le=1)]
Mean = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Portrait(BaseModel):
    """A part of a profile."""

    model_config = ConfigDict(frozen=True)


class RatioKpi(Portrait):
    """A share, with the two counts it comes from."""

    value: Share | None = Field(description="part / whole; null for 0 of 0")
    part: Count
    whole: Count


class PurityKpi(Portrait):
    """Own of own and foreign facings, with its range."""

    value: Share | None
    low: Share | None = Field(description="if all unknown and unsure facings were foreign")
    high: Share | None = Field(description="if all of them were own")


class Completeness(Portrait):
    """How much of what was due was seen. Without a reported schedule nobody knows what was due."""

    value: Share | None = Field(description="accepted captures / captures due in opening hours")
    accepted: Count = Field(description="scheduled captures accepted in opening hours")
    due: Count | None
    unknown_days: Count = Field(description="days of which nobody knows what was due; they leave both sides")


class MeanFacings(Portrait):
    """Facings on view, as the mean over captures."""

    all: Mean
    own: Mean
    foreign: Mean
    unknown: Mean
    unsure: Mean
    gaps: Mean


class ComplianceKpi(Portrait):
    """Planned facings satisfied, at four cumulative levels."""

    present: RatioKpi
    shelf: RatioKpi
    order: RatioKpi
    facings: RatioKpi


class GoodsKpis(Portrait):
    """The KPIs of a fixture, or of all fixtures of a store. Null where no capture was accepted."""

    facings: MeanFacings | None
    purity: PurityKpi | None
    occupancy: Share | None = Field(description="filled positions / (filled + gaps)")
    assortment: Mean | None = Field(description="own SKUs seen, as the mean over captures")
    must_stock: RatioKpi | None
    compliance: ComplianceKpi | None
    osa: Share | None = Field(description="1 - stock-out share of planned SKU x observed opening time")
    osa_watched: Share | None = Field(None, description="of the opening hours, how much some capture watched")
    own_share: Share | None = Field(None, description="own / (own + foreign + unsure) facings")


class SkuLine(Portrait):
    """One SKU. `name` and the rest are null for a SKU that is in no catalogue of the sink."""

    sku: str
    name: str | None
    brand: str | None
    owner: str | None
    category: str | None
    gtin: str | None
    facings: Mean = Field(description="recognised, mean over captures")
    unsure: Mean = Field(description="facings that could be this SKU, mean over captures")
    share_of_shelf: Share | None = Field(description="of its category's facings; unsure ones stay below the line")
    planned: Mean | None = Field(description="planned facings; null for a SKU that is in no plan")
    seen: Share = Field(description="share of the captures that show it")
    osa: Share | None
    stockouts: Count = Field(description="episodes that touch the period")
    minutes_out: Mean = Field(description="out of stock in observed opening time")
    taken: Count = Field(description="visible depletion: facings that fell, refills apart; not units")
    refilled: Count = Field(description="facings that came in refills")
    new: bool | None = Field(description="seen, and not in the 90 days before; null when nothing was observed then")


class ShareLine(Portrait):
    """A brand within its category, a category, or an owner."""

    name: str
    category: str | None
    facings: Mean
    share_of_shelf: Share | None
    linear_share: Share | None = Field(description="the same by width")
    osa: Share | None = Field(description="of its planned SKUs")
    stockouts: Count = Field(description="episodes of its SKUs")


class StockoutLine(Portrait):
    """One stock-out episode; `until` is null while it lasts."""

    fixture: Slug
    sku: str
    name: str | None
    since: datetime
    until: datetime | None
    minutes: Mean = Field(description="in opening hours of the period")


class Goods(Portrait):
    """The goods of a fixture or a store."""

    kpis: GoodsKpis
    skus: list[SkuLine]
    brands: list[ShareLine]
    categories: list[ShareLine]
    owners: list[ShareLine]
    stockouts: list[StockoutLine]
