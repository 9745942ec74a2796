"""What events carry: observations of shelves, stock-outs, traffic, coolers, and the state of devices.

Within a major version fields are only added, so unknown keys are let through; what a reader does not know stays in
the stored bytes.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.contract.names import Count, Instant, Seq, Sha256, SkuId, Slug, Text, UnitScore

Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
UnitBox = Annotated[list[UnitScore], Field(min_length=4, max_length=4)]
"""Normalised `[x1, y1, x2, y2]` of the undistorted frame."""

Level = Annotated[int, Field(ge=1, le=200)]
Status = Literal["recognised", "unknown", "unsure"]
Trigger = Literal["scheduled", "door_before", "door_after", "command"]
RejectionReason = Literal["blurred", "dark", "blown", "fogged", "covered", "frozen", "moved", "blocked"]
EventClass = Literal["stockout", "observation", "traffic", "health", "evidence"]
DeviationKind = Literal["missing", "void", "misplaced", "too_few", "extra", "foreign", "gap"]


class Part(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Ratio(Part):
    """A KPI as `part` of `whole`, so that captures, fixtures and days add up; 0 of 0 is unknown."""

    part: Count
    whole: Count

    @model_validator(mode="after")
    def _part_of_whole(self) -> Ratio:
        if self.part > self.whole:
            raise ValueError(f"part {self.part} is more than the whole {self.whole}")
        return self


class FacingRecord(Part):
    """One front-row unit that a shopper sees."""

    box: UnitBox
    shelf: Level
    position: Level
    sku: SkuId | None = None
    status: Status
    score: UnitScore
    sku_score: UnitScore | None = None

    @model_validator(mode="after")
    def _sku_when_recognised(self) -> FacingRecord:
        if self.status == "recognised" and self.sku is None:
            raise ValueError("a recognised facing names its SKU")
        return self


class GapRecord(Part):
    """An empty place on a shelf, with the SKU that the planogram expects there."""

    box: UnitBox
    shelf: Level
    sku: SkuId | None = None


class Deviation(Part):
    """One difference between planogram and shelf. Shelf and position are those of the plan, or of the facing seen."""

    kind: DeviationKind
    sku: SkuId | None = None
    shelf: Level | None = None
    position: Level | None = None
    planned: Count = 0
    seen: Count = 0


class Compliance(Part):
    """Planned facings satisfied, at four cumulative levels."""

    present: Ratio
    shelf: Ratio
    order: Ratio
    facings: Ratio


class Kpis(Part):
    """The KPIs of one capture of one fixture, as counts that add up."""

    facings: Count
    own: Count
    foreign: Count
    unknown: Count
    unsure: Count
    gaps: Count
    assortment: Count
    must_stock: Ratio | None = None
    compliance: Compliance | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Kpis:
        if self.own + self.foreign + self.unknown + self.unsure != self.facings:
            raise ValueError("own, foreign, unknown and unsure facings do not add up to the facings")
        return self


class Versions(Part):
    """What made the observation."""

    agent: Text
    detector: Text
    embedder: Text | None = None
    catalogue: Text | None = None
    planogram: Text | None = None


class Quality(Part):
    """What the quality gate measured on the frame."""

    brightness: UnitScore
    sharpness: Finite


class ShelfObserved(Part):
    """One accepted capture of a fixture."""

    capture: Slug
    capture_set: Slug
    camera: Slug
    fixture: Slug
    view: Slug = "front"
    trigger: Trigger
    quality: Quality
    evidence: Sha256 | None = None
    versions: Versions
    facings: Annotated[list[FacingRecord], Field(max_length=2000)]
    gaps: Annotated[list[GapRecord], Field(max_length=2000)] = []
    kpis: Kpis
    deviations: Annotated[list[Deviation], Field(max_length=2000)] = []
    planned: Annotated[dict[SkuId, Count], Field(max_length=2000)] = {}
    simulated: bool = False

    @model_validator(mode="after")
    def _counted(self) -> ShelfObserved:
        if self.kpis.facings != len(self.facings):
            raise ValueError(f"kpis.facings is {self.kpis.facings} but {len(self.facings)} facings are listed")
        return self


class StockoutOpened(Part):
    """A planned SKU has had no facing in enough accepted captures."""

    episode: Slug
    fixture: Slug
    sku: SkuId
    since: Instant
    captures: Annotated[list[Slug], Field(min_length=1, max_length=100)]


class StockoutClosed(Part):
    """The SKU is back."""

    episode: Slug
    fixture: Slug
    sku: SkuId
    since: Instant
    until: Instant
    captures: Annotated[list[Slug], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> StockoutClosed:
        if self.until < self.since:
            raise ValueError("the episode ends before it began")
        return self


class LineCount(Part):
    """Crossings of one counting line."""

    line: Slug
    into: Count
    out: Count


class ZoneCount(Part):
    """Dwell and occupancy of one zone."""

    zone: Slug
    visits: Count
    dwell_seconds: Seconds
    occupancy_mean: Seconds
    occupancy_peak: Count


class HeatGrid(Part):
    """Where people stood: seconds per cell, row by row from the top left."""

    rows: Annotated[int, Field(ge=1, le=64)]
    columns: Annotated[int, Field(ge=1, le=64)]
    seconds: Annotated[list[Seconds], Field(max_length=4096)]

    @model_validator(mode="after")
    def _full(self) -> HeatGrid:
        if len(self.seconds) != self.rows * self.columns:
            raise ValueError("seconds holds one value per cell")
        return self


class TrafficCounted(Part):
    """Who walked by in one interval, counted, never identified."""

    camera: Slug
    fixture: Slug | None = None
    since: Instant
    until: Instant
    seconds_observed: Seconds
    lines: Annotated[list[LineCount], Field(max_length=100)] = []
    zones: Annotated[list[ZoneCount], Field(max_length=100)] = []
    passers: Count | None = None
    stoppers: Count | None = None
    heat: HeatGrid | None = None


class CoolerDoor(Part):
    """A cooler's door opened or closed."""

    fixture: Slug
    state: Literal["opened", "closed"]
    seconds_open: Seconds | None = None


class CoolerStatus(Part):
    """A cooler's sensors; None where there is none."""

    fixture: Slug
    cabinet_celsius: Annotated[float, Field(ge=-60, le=100, allow_inf_nan=False)] | None = None
    power: bool | None = None
    light: bool | None = None


class CaptureRejected(Part):
    """Why a frame was not used."""

    capture: Slug
    camera: Slug
    fixture: Slug
    view: Slug = "front"
    trigger: Trigger
    reason: RejectionReason
    quality: Quality | None = None


class CameraHealth(Part):
    """One camera: the age of its last frame and its schedule in force."""

    camera: Slug
    fixture: Slug
    schedule: Text
    business_day: date | None = None
    due: Count = 0  # captures due in all opening hours of that business day, by the schedule in force
    last_frame_age: Seconds | None = None
    error: Text = ""


class DeviceHealth(Part):
    """How a device does."""

    uptime: Seconds
    cameras: Annotated[list[CameraHealth], Field(max_length=64)] = []
    outbox_depth: Count
    outbox_bytes: Count
    last_seq: Annotated[int, Field(ge=0, le=2**53 - 1)]
    oldest_unreceipted: Instant | None = None
    drops: dict[EventClass, Count] = {}
    disk_free_mb: Count | None = None
    memory_mb: Count | None = None
    celsius: Finite | None = None
    inference_ms: dict[Text, Seconds] = {}
    versions: dict[Text, Text] = {}


class OutboxDropped(Part):
    """What a full outbox had to let go, so that a hole in a sequence is explained."""

    ranges: Annotated[list[tuple[Seq, Seq]], Field(min_length=1, max_length=4096)]
    kind: EventClass
    reason: Text
