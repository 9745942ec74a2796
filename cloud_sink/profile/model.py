"""The store profile as it is given out. A KPI that nobody could observe is null, never 0."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

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


class ShareLine(Portrait):
    """A brand within its category, a category, or an owner."""

    name: str
    category: str | None
    facings: Mean
    share_of_shelf: Share | None
    linear_share: Share | None = Field(description="the same by width")


class StockoutLine(Portrait):
    """One stock-out episode; `until` is null while it lasts."""

    fixture: Slug
    sku: str
    name: str | None
    since: datetime
    until: datetime | None
    minutes: Mean = Field(description="in this business day's opening hours")


class Goods(Portrait):
    """The goods of a fixture or a store."""

    kpis: GoodsKpis
    skus: list[SkuLine]
    brands: list[ShareLine]
    categories: list[ShareLine]
    owners: list[ShareLine]
    stockouts: list[StockoutLine]


class FixtureProfile(Portrait):
    """One fixture: a cooler, shelf, rack or floor stack."""

    fixture: Slug
    name: str | None
    kind: str | None
    captures: Count = Field(description="accepted")
    rejected: dict[str, Count] = Field(description="captures that were not used, by reason")
    completeness: Completeness
    goods: Goods
    door_openings: Count
    door_open_seconds: Mean
    cabinet_celsius: float | None = Field(description="mean of the readings")
    power: Share | None = Field(description="share of the readings with power")


class HourOfPeople(Portrait):
    """One hour of the business day."""

    since: datetime
    footfall: Count | None
    passers: Count | None
    stoppers: Count | None


class People(Portrait):
    """People counted, never identified. Null where no camera counts them."""

    footfall: Count | None = Field(description="inward crossings of entrance lines")
    passers: Count | None = Field(description="crossings in front of fixtures")
    stoppers: Count | None
    dwell_seconds: Mean | None = Field(description="mean over visits to zones")
    door_open_rate: Mean | None = Field(description="door openings / passers")
    seconds_observed: Mean
    completeness: Share | None = Field(description="seconds observed / seconds open")
    hours: list[HourOfPeople]


class DevicePortrait(Portrait):
    """A device that stands here, and how it does."""

    device: Slug
    state: Literal["born", "offline", "lost"] | None
    state_since: datetime | None
    last_seen: datetime
    missing_events: Count = Field(description="asked for, not yet come")
    health: dict[str, object] | None = Field(description="its last health report")
    health_at: datetime | None


class Place(Portrait):
    """The store itself: master data, null where nobody described it."""

    name: str | None
    chain: str | None
    channel: str | None
    city: str | None
    gln: str | None
    latitude: float | None
    longitude: float | None
    zone: str
    opens: datetime
    closes: datetime
    devices: list[DevicePortrait]


class StoreProfile(Portrait):
    """People, goods and place of one store and one business day."""

    tenant: Slug
    store: Slug
    day: date
    simulated: bool = Field(description="whether any of it comes from rendered pictures")
    completeness: Completeness
    people: People
    goods: Goods
    fixtures: list[FixtureProfile]
    place: Place
