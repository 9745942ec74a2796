"""The store profile as it is given out. A KPI that nobody could observe is null, never 0."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from cloud_sink.profile.figures import Figures
from cloud_sink.profile.goods_model import Completeness, Count, Goods, Mean, Portrait, Share
from edge.contract.names import Slug

Letter = Literal["A", "B", "C", "D"]


class FixtureProfile(Portrait):
    """One fixture: a cooler, shelf, rack or floor stack."""

    fixture: Slug
    name: str | None
    kind: str | None
    captures: Count = Field(description="accepted")
    rejected: dict[str, Count] = Field(description="captures that were not used, by reason")
    completeness: Completeness
    goods: Goods
    door_openings: Count | None = Field(description="null where no door spoke: then nobody knows of a sensor")
    door_open_seconds: Mean | None
    refills: Count | None = Field(description="openings that were refills")
    cabinet_celsius: float | None = Field(description="mean of the readings")
    power: Share | None = Field(description="share of the readings with power")


class HourOfPeople(Portrait):
    """One hour of the business day, added up over the days."""

    clock: str = Field(description="when it begins on the store's clock, such as 08:00")
    since: datetime | None = Field(description="the same as a moment; null in a period of several days")
    footfall: Count | None
    passers: Count | None
    stoppers: Count | None
    completeness: Share | None = Field(description="seconds observed / seconds open in this hour; null while closed")


class People(Portrait):
    """People counted, never identified. Null where no camera counts them."""

    footfall: Count | None = Field(description="inward crossings of entrance lines, of those that were told")
    passers: Count | None = Field(description="crossings in front of fixtures")
    stoppers: Count | None
    dwell_seconds: Mean | None = Field(description="mean over visits to zones")
    door_open_rate: Mean | None = Field(description="door openings, refills left out / passers")
    withheld_intervals: Count = Field(description="intervals in which a count was too small to be told")
    loitering: Count | None = Field(description="visits longer than a zone's threshold")
    occupancy: Mean | None = Field(description="people in all zones at a moment, on the mean")
    peak_hours: list[str] = Field(description="up to three busiest hours by the store's clock, the busiest first")
    seconds_observed: Mean
    completeness: Share | None = Field(description="seconds observed in opening hours / seconds open")
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
    uptime_seconds: Mean | None = Field(description="since it started, at its last health report")


class Contract(Portrait):
    """Shelf space that somebody paid for: what was to stand where, from when to when."""

    contract: str
    fixture: Slug | None = Field(description="null: anywhere in the store")
    side: Literal["own", "competitor"]
    brand: str = Field(description="a brand, or an owner of brands")
    facings: Count = Field(description="that were paid for")
    since: date
    until: date
    fee: Mean | None = Field(description="a month, where it was told")
    currency: str | None


class Place(Portrait):
    """The store itself: master data, null where nobody described it."""

    name: str | None
    chain: str | None
    channel: str | None
    city: str | None
    store_class: str | None
    area_m2: Mean | None
    representative: str | None
    gln: str | None
    latitude: float | None
    longitude: float | None
    zone: str
    opens: datetime
    closes: datetime
    contracts: list[Contract] = Field(description="that hold in the period")
    devices: list[DevicePortrait]


class GradePart(Portrait):
    """What one KPI gives to the score."""

    kpi: str
    value: Share
    weight: Mean
    points: Mean = Field(description="of 100")
    missing: Mean = Field(description="points that a perfect value would add")


class Grade(Portrait):
    """A perfect-store score; null where too little of what it weighs was observed."""

    letter: Letter | None
    bounds: dict[Letter, float] = Field(description="the score from which each letter is given; below them all a D")
    score: Annotated[float, Field(ge=0, le=100.000001)] | None
    covered: Share = Field(description="share of the weights whose KPIs were observed")
    to_next: Mean | None = Field(description="points to the next letter; null for an A, and without a grade")
    parts: list[GradePart] = Field(description="by what they would add")


class Action(Portrait):
    """Something to do, with what proves it."""

    kind: Literal["refill", "remove_foreign", "reset_planogram", "repair_camera"]
    fixture: Slug
    sku: str | None
    name: str | None = Field(description="of the SKU; for a camera the commonest reason of its rejected captures")
    count: Count | None = Field(description="facings that are wrong, or captures that are missing")
    since: datetime | None
    points: Mean = Field(description="points of the score that it is about; for a camera, of the store unseen")
    capture: Slug | None = Field(description="the capture that shows it")
    event: str | None = Field(description="the event that shows it, `{epoch}-{seq}`")
    evidence: str | None = Field(description="SHA-256 of its last photograph on the last day, where one was taken")
    photographed: str | None = Field(description="the capture of that photograph")


class DayLine(Portrait):
    """One day of the period."""

    day: date
    figures: Figures


class StoreProfile(Portrait):
    """People, goods and place of one store over one business day, or several."""

    tenant: Slug
    store: Slug
    since: date = Field(description="the first business day")
    until: date = Field(description="the last one, included")
    day: date | None = Field(description="the business day; null for several")
    simulated: bool = Field(description="whether any of it comes from rendered pictures")
    completeness: Completeness
    silent_days: Count = Field(
        description="days that have begun and of which nothing came at all: they are in no figure"
    )
    figures: Figures = Field(description="the KPIs that stores are ranked and compared by")
    days: list[DayLine] = Field(description="the same day by day, of the days with data")
    people: People
    goods: Goods
    grade: Grade
    todo: list[Action] = Field(description="as of the last day, the most worthwhile first")
    fixtures: list[FixtureProfile]
    place: Place
