"""The agent's configuration: one model a concern, unknown keys refused, every field described."""

from __future__ import annotations

import re
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator, model_validator

from edge.contract.business_day import Clockwork
from edge.contract.names import SkuId, Slug, UnitScore, Zone

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h)$")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.match(value.strip())
        if match is None:
            raise ValueError("write a duration such as 30s, 15m or 1h")
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    return value


def _clock_time(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):  # YAML 1.1 reads 08:00 as a number of base 60
        hours, minutes = divmod(value, 60)
        return f"{hours:02d}:{minutes:02d}"
    return value


Duration = Annotated[
    float, BeforeValidator(_seconds), PlainSerializer(lambda value: f"{value:g}s", return_type=str, when_used="json")
]
"""Seconds; written as 30s, 15m or 1h."""

ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceSection(_Section):
    """Which device this is, and where it stands."""

    tenant: Slug = Field(description="the company that owns the fleet, such as acme")
    store: Slug = Field(description="the store where the device stands now")
    id: Slug = Field(description="the device's own id; also its MQTT client id")


class Hours(_Section):
    """The store's business day."""

    opens: ClockTime = Field(time(8), description="opening time in the store's zone, such as 08:00")
    closes: ClockTime = Field(time(22), description="closing time in the store's zone, after it opens, such as 22:00")
    day_starts: ClockTime = Field(time(4), description="when a business day begins, such as 04:00")

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Hours:
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens")
        return self


class BrokerSection(_Section):
    """The MQTT broker. TLS and credentials are required for any host but this machine."""

    host: str = Field("127.0.0.1", description="the broker's host name or address")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(1883, description="the broker's port, 1 to 65535")
    username: str | None = Field(None, description="the user name, if the broker asks for one")
    password_file: Path | None = Field(None, description="a file that holds the password, readable by its owner only")
    ca_file: Path | None = Field(None, description="the CA certificate that signs the broker's; turns TLS on")
    cert_file: Path | None = Field(None, description="this device's certificate, for mutual TLS")
    key_file: Path | None = Field(None, description="this device's private key, for mutual TLS")


class CollectorSection(_Section):
    """Where evidence goes."""

    url: Annotated[str, Field(pattern=r"^https?://")] = Field(
        description="the collector, such as http://127.0.0.1:8080"
    )


class FolderSource(_Section):
    """A folder of pictures: one a capture, in the order of their names."""

    kind: Literal["folder"]
    path: Path = Field(description="the folder with the pictures")
    times: Literal["now", "names", "evenly"] = Field(
        "now",
        description="now: each picture when its turn comes; names: a time-lapse whose file names are store time, like "
        "2026-03-14T08-00-00.jpg, replayed at once; evenly: spread over the opening hours of `day`, replayed at once",
    )
    day: date | None = Field(None, description="the business day of times: evenly, such as 2026-03-14")
    simulated: bool = Field(False, description="true for rendered pictures: everything shown then says so")

    @model_validator(mode="after")
    def _day_with_evenly(self) -> FolderSource:
        if (self.times == "evenly") != (self.day is not None):
            raise ValueError("day goes with times: evenly, and only with it")
        return self

    @property
    def replayed(self) -> bool:
        """Whether the pictures carry their own times and are taken without waiting."""
        return self.times != "now"


class VideoSource(_Section):
    """A video file, read at its own pace; it ends at its last frame."""

    kind: Literal["video"]
    path: Path = Field(description="the video file")


class UsbSource(_Section):
    """A USB or V4L2 camera."""

    kind: Literal["usb"]
    device: str | int = Field(0, description="its number or path, such as 0 or /dev/video0")
    width: Annotated[int, Field(ge=16, le=16384)] | None = Field(None, description="asked for, in pixels")
    height: Annotated[int, Field(ge=16, le=16384)] | None = Field(None, description="asked for, in pixels")


class RtspSource(_Section):
    """A network camera's stream."""

    kind: Literal["rtsp"]
    url: Annotated[str, Field(pattern=r"^rtsps?://")] = Field(description="the stream, such as rtsp://10.0.0.5/stream1")


class SnapshotSource(_Section):
    """A network camera's still picture over HTTP."""

    kind: Literal["snapshot"]
    url: Annotated[str, Field(pattern=r"^https?://")] = Field(
        description="the picture, such as http://10.0.0.5/still.jpg"
    )


Source = Annotated[FolderSource | VideoSource | UsbSource | RtspSource | SnapshotSource, Field(discriminator="kind")]


class Schedule(_Section):
    """When captures are due, within opening hours: by interval or by cron, in the store's time zone."""

    every: Duration | None = Field(None, gt=0, le=86400, description="the interval, such as 15m")
    cron: str | None = Field(None, description="five cron fields, such as */15 8-21 * * *")

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every or cron")
        return self


class CameraSection(_Section):
    """One camera that looks at one fixture."""

    id: Slug = Field(description="the camera's id")
    fixture: Slug = Field(description="the id of the fixture it looks at")
    view: Slug = Field("front", description="which view of the fixture this is")
    source: Source = Field(description="where its frames come from; kind: folder, video, usb, rtsp or snapshot")
    schedule: Schedule = Field(Schedule(every=900.0), description="when captures are due")
    deadline: Duration = Field(20.0, gt=0, le=600, description="how long a frame may take, such as 20s")


class QualityRules(_Section):
    """What a frame must be to be used."""

    darkest: UnitScore = Field(0.12, description="mean brightness under which a frame is dark, 0 to 1")
    brightest: UnitScore = Field(0.92, description="mean brightness over which a frame is blown, 0 to 1")
    sharpness: Annotated[float, Field(ge=0, le=1e6)] = Field(
        0.25, description="the least sharpness, as a share of the median of this camera's accepted frames"
    )
    blocked: UnitScore = Field(
        0.35,
        description="the share of the facings that may vanish between two captures before the view counts as blocked",
    )


class StockoutSection(_Section):
    """When a planned SKU without a facing is a stock-out."""

    captures: Annotated[int, Field(ge=1, le=100)] = Field(2, description="accepted captures in a row without it")
    minutes: Annotated[float, Field(ge=0, le=1440)] = Field(20, description="minutes of opening hours without it")
    back_captures: Annotated[int, Field(ge=1, le=100)] = Field(1, description="captures in a row that prove its return")


class FixtureSection(_Section):
    """A cooler, shelf, rack or floor stack."""

    id: Slug = Field(description="the fixture's id")
    catalogue: Path | None = Field(None, description="the folder of the catalogue; without it facings have no SKU")
    planogram: Path | None = Field(None, description="the planogram, our CSV: shelf,position,sku,facings[,width_mm]")
    own: tuple[str, ...] = Field(
        (), description="the catalogue's owners whose products are own here; all others are foreign"
    )
    must_stock: tuple[SkuId, ...] = Field((), description="the SKUs that must be there")
    region: tuple[tuple[UnitScore, UnitScore], ...] = Field(
        (),
        max_length=64,
        description="corners of what counts, as shares of width and height, such as [[0.1, 0], [0.9, 0], …]",
    )
    stockout: StockoutSection = Field(StockoutSection(), description="when a planned SKU counts as out of stock")
    quality: QualityRules = Field(QualityRules(), description="what a frame must be to be used")

    @field_validator("region")
    @classmethod
    def _an_area(cls, region: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if region and len(set(region)) < 3:  # noqa: PLR2004 - a triangle is the least area
            raise ValueError("region has at least three corners")
        return region


class OutboxSection(_Section):
    """The bounds of what waits for a receipt."""

    max_mb: Annotated[int, Field(ge=1, le=100_000)] = Field(
        256, description="megabytes the outbox may take, its evidence included"
    )
    max_hours: Annotated[float, Field(gt=0, le=24 * 365)] = Field(24 * 30, description="hours an event waits at most")


class EvidenceSection(_Section):
    """When the picture behind the numbers is kept and sent."""

    keep: Literal["never", "on_change", "daily", "always"] = Field(
        "never",
        description="never, on_change (a stock-out opens or closes), daily (the first of a business day), always",
    )
    max_mb: Annotated[int, Field(ge=1, le=100_000)] = Field(128, description="megabytes of pictures waiting to be sent")


class ModelsSection(_Section):
    """The models and the processor's share."""

    folder: Path | None = Field(None, description="a folder with manifest.json and ONNX files")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(2, description="threads of one inference")


class AgentConfig(_Section):
    """All an agent is told. Paths are relative to the file they stand in."""

    device: DeviceSection = Field(description="which device this is")
    zone: Zone = Field(description="the store's IANA time zone, such as Asia/Ho_Chi_Minh")
    data: Path = Field(description="the folder for outbox and evidence, on a disk that survives a reboot")
    hours: Hours = Field(Hours(), description="the store's business day")
    broker: BrokerSection = Field(BrokerSection(), description="the MQTT broker")
    collector: CollectorSection | None = Field(None, description="where evidence goes")
    models: ModelsSection = Field(ModelsSection(), description="the models")
    cameras: tuple[CameraSection, ...] = Field(min_length=1, max_length=16, description="the cameras")
    fixtures: tuple[FixtureSection, ...] = Field(min_length=1, max_length=64, description="the fixtures")
    outbox: OutboxSection = Field(OutboxSection(), description="the bounds of what waits for a receipt")
    evidence: EvidenceSection = Field(EvidenceSection(), description="when pictures are kept and sent")
    health_every: Duration = Field(300.0, ge=1, le=86400, description="the interval of health events, such as 5m")

    @model_validator(mode="after")
    def _ids_fit(self) -> AgentConfig:
        fixtures = [fixture.id for fixture in self.fixtures]
        cameras = [camera.id for camera in self.cameras]
        for kind, ids in (("fixture", fixtures), ("camera", cameras)):
            for one in ids:
                if ids.count(one) > 1:
                    raise ValueError(f"two {kind}s are called {one}")
        for camera in self.cameras:
            if camera.fixture not in fixtures:
                raise ValueError(f"camera {camera.id} looks at fixture {camera.fixture}, which is not in fixtures")
        looked_at = [camera.fixture for camera in self.cameras]
        for one in looked_at:
            if looked_at.count(one) > 1:  # two views overlap, and nothing merges them yet
                raise ValueError(f"two cameras look at fixture {one}; make each view a fixture of its own")
        return self

    def relative_to(self, folder: Path) -> AgentConfig:
        """The same configuration with every relative path taken from `folder`."""
        return _resolve(self, folder)

    @property
    def clockwork(self) -> Clockwork:
        """What of the store decides about its days and hours."""
        return Clockwork(ZoneInfo(self.zone), self.hours.day_starts, self.hours.opens, self.hours.closes)

    def fixture(self, fixture_id: str) -> FixtureSection:
        """The fixture of that id."""
        return next(fixture for fixture in self.fixtures if fixture.id == fixture_id)


S = TypeVar("S", bound=_Section)


def _resolve(section: S, folder: Path) -> S:
    changed: dict[str, object] = {}
    for name, value in section:
        if isinstance(value, Path):
            changed[name] = folder / value.expanduser()
        elif isinstance(value, _Section):
            changed[name] = _resolve(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], _Section):
            changed[name] = tuple(_resolve(item, folder) for item in value)
    return section.model_copy(update=changed)
