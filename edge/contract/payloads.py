"""What events carry: observations of shelves, stock-outs, traffic, coolers, and the state of devices.

Within a major version fields are only added, so unknown keys are let through; what a reader does not know stays in
the stored bytes.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.contract.names import Count, Instant, Seq, Sha256, SkuId, Slug, Text, UnitScore
from edge.contract.releases import ReleaseHealth

Seconds = Annotated[float, Field(ge=0, le=10**9, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Extent = Annotated[float, Field(ge=0, le=10**4, allow_inf_nan=False)]
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


class Widths(Part):
    """Widths of the facings, added up, in widths of the frame; of a fixture with several views, of its front."""

    own: Extent = 0.0
    foreign: Extent = 0.0
    unknown: Extent = 0.0
    unsure: Extent = 0.0


class Kpis(Part):
    """The KPIs of one capture of one fixture, as counts that add up.

    Of a fixture with several views, what its observations of one capture set hold adds up to the fixture: each counts
    the units that it lists, a SKU is in the assortment of one of them, and one holds must-stock and compliance.
    """

    facings: Count
    own: Count
    foreign: Count
    unknown: Count
    unsure: Count
    gaps: Count
    assortment: Count
    must_stock: Ratio | None = None
    compliance: Compliance | None = None
    widths: Widths | None = None

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
    """What the quality gate measured on the frame; None where there was nothing to measure against."""

    brightness: UnitScore
    sharpness: Finite
    blown: UnitScore | None = None
    edges: Finite | None = None
    contrast: UnitScore | None = None
    featureless: UnitScore | None = None
    repeated: UnitScore | None = None
    moved: Finite | None = None
    agreed: UnitScore | None = None
    covered: UnitScore | None = None
    fogged: UnitScore | None = None
    hidden: UnitScore | None = None
    people: UnitScore | None = None


class Opening(Part):
    """What an opening of the cooler's door did, seen in this capture, the best after it. Facings, not units."""

    before: Slug  # the last accepted capture before it; of a fixture with several views, the capture set
    openings: Annotated[list[Slug], Field(max_length=1000)] = []  # ids, as in cooler.door.v1; several after a rejection
    seconds_open: Seconds | None = None  # None: nobody knows when it closed
    refill: bool  # open for minutes: not depletion
    taken: Annotated[dict[SkuId, Count], Field(max_length=2000)] = {}
    added: Annotated[dict[SkuId, Count], Field(max_length=2000)] = {}


class RenamedFacing(Part):
    """A facing that counts as something else than this capture alone shows."""

    facing: Count  # its index in the facings
    sku: SkuId | None = None
    status: Status
    sku_score: UnitScore | None = None

    @model_validator(mode="after")
    def _sku_when_recognised(self) -> RenamedFacing:
        if self.status == "recognised" and self.sku is None:
            raise ValueError("a recognised facing names its SKU")
        return self


class Vote(Part):
    """What counts after a vote over the last captures, as changes to what this capture alone shows."""

    captures: Annotated[list[Slug], Field(min_length=2, max_length=9)]  # that voted, oldest first, this one last
    kept: Annotated[list[FacingRecord], Field(max_length=2000)] = []  # missed in this capture, and counted
    dropped: Annotated[list[Count], Field(max_length=2000)] = []  # indices of facings not believed yet, not counted
    renamed: Annotated[list[RenamedFacing], Field(max_length=2000)] = []
    gaps: Annotated[list[GapRecord], Field(max_length=2000)] = []
    kpis: Kpis


class ShelfObserved(Part):
    """One accepted capture of a fixture.

    `facings`, `gaps` and `kpis` are those of this capture alone. Where a vote over the last captures says otherwise,
    `vote` says what counts; deviations are those of the vote. Several views of a fixture make one observation each, of
    one `capture_set`; a unit that two of them show is listed by one.
    """

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
    opening: Opening | None = None  # with door_after, where there was a capture before
    vote: Vote | None = None  # None: the vote changed nothing, or there was none

    @model_validator(mode="after")
    def _counted(self) -> ShelfObserved:
        if self.kpis.facings != len(self.facings):
            raise ValueError(f"kpis.facings is {self.kpis.facings} but {len(self.facings)} facings are listed")
        if self.vote is not None:
            named = [*self.vote.dropped, *(one.facing for one in self.vote.renamed)]
            if len(set(named)) < len(named) or any(index >= len(self.facings) for index in named):
                raise ValueError("the vote drops or renames facings that are not listed, or one of them twice")
            counted = len(self.counted_facings)
            if self.vote.kpis.facings != counted:
                raise ValueError(f"vote.kpis.facings is {self.vote.kpis.facings} but the vote counts {counted} facings")
        return self

    @property
    def counted_facings(self) -> list[FacingRecord]:
        """The facings that count: after the vote, where it changed any."""
        if self.vote is None:
            return self.facings
        dropped, renamed = set(self.vote.dropped), {one.facing: one for one in self.vote.renamed}
        held = [
            facing.model_copy(update=renamed[index].model_dump(exclude={"facing"})) if index in renamed else facing
            for index, facing in enumerate(self.facings)
            if index not in dropped
        ]
        return [*held, *self.vote.kept]

    @property
    def counted_gaps(self) -> list[GapRecord]:
        """The gaps that count."""
        return self.gaps if self.vote is None else self.vote.gaps

    @property
    def counted_kpis(self) -> Kpis:
        """The KPIs that count."""
        return self.kpis if self.vote is None else self.vote.kpis


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
    occupancy_mean: Extent
    occupancy_peak: Count
    loitering: Count | None = None  # visits that went over the zone's threshold


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
    """Who walked by in one interval, counted, never identified.

    Counts too small to be told are left out and named in `withheld`, such as `lines.entrance`, `passers` or `heat`.
    """

    camera: Slug
    fixture: Slug | None = None
    since: Instant
    until: Instant
    seconds_observed: Annotated[float, Field(ge=0, le=31 * 86_400, allow_inf_nan=False)]
    lines: Annotated[list[LineCount], Field(max_length=100)] = []
    zones: Annotated[list[ZoneCount], Field(max_length=100)] = []
    passers: Count | None = None
    stoppers: Count | None = None
    heat: HeatGrid | None = None
    withheld: Annotated[list[Text], Field(max_length=300)] = []


class CoolerDoor(Part):
    """A cooler's door opened or closed."""

    fixture: Slug
    state: Literal["opened", "closed"]
    seconds_open: Seconds | None = None
    opening: Slug | None = None  # its id; the observation with the trigger door_after names it with both captures


class CoolerStatus(Part):
    """A cooler's sensors; None where there is none."""

    fixture: Slug
    cabinet_celsius: Annotated[float, Field(ge=-60, le=100, allow_inf_nan=False)] | None = None
    power: bool | None = None
    light: bool | None = None
    door_open_seconds: Seconds | None = None  # the door stands open, and has for so long: longer than it should


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
    """One camera: the age of its last frame and its schedule in force. One that counts people owes no captures."""

    camera: Slug
    fixture: Slug | None = None  # None: a traffic camera that looks at none
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
    outbox_damaged: Count = 0  # files of the outbox that were set aside, each begun anew in a new epoch
    outbox_trouble: Text = ""  # what is the matter with its disk: full, read-only; empty when it does its work
    disk_free_mb: Count | None = None
    memory_mb: Count | None = None
    celsius: Finite | None = None
    inference_ms: dict[Text, Seconds] = {}
    versions: dict[Text, Text] = {}
    release: ReleaseHealth | None = None  # None: it takes no releases


class OutboxDropped(Part):
    """What a full outbox had to let go, so that a hole in a sequence is explained."""

    ranges: Annotated[list[tuple[Seq, Seq]], Field(min_length=1, max_length=4096)]
    kind: EventClass
    reason: Text

    @model_validator(mode="after")
    def _ordered(self) -> OutboxDropped:
        for first, last in self.ranges:
            if last < first:
                raise ValueError(f"range [{first}, {last}] ends before it begins")
        return self
