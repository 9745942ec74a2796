"""All an agent is told."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from edge.contract.business_day import Clockwork
from edge.contract.config.at_rest import AtRestSection
from edge.contract.config.cameras import CameraSection
from edge.contract.config.fixtures import FixtureSection
from edge.contract.config.metrics import MetricsSection
from edge.contract.config.recycle import RecycleSection
from edge.contract.config.section import ClockTime, Duration, Section, resolve
from edge.contract.config.traffic import TrafficCameraSection
from edge.contract.config.updates import UpdatesSection
from edge.contract.names import Slug, Zone


class DeviceSection(Section):
    """Which device this is, and where it stands."""

    tenant: Slug = Field(description="the company that owns the fleet, such as acme")
    store: Slug = Field(description="the store where the device stands now")
    id: Slug = Field(description="the device's own id; also its MQTT client id")


class Hours(Section):
    """The store's business day."""

    opens: ClockTime = Field(time(8), description="opening time in the store's zone, such as 08:00")
    closes: ClockTime = Field(time(22), description="closing time in the store's zone, after it opens, such as 22:00")
    day_starts: ClockTime = Field(time(4), description="when a business day begins, such as 04:00")

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Hours:
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens")
        return self


class BrokerSection(Section):
    """The MQTT broker. TLS and credentials are required for any host but this machine."""

    host: str = Field("127.0.0.1", description="the broker's host name or address")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(1883, description="the broker's port, 1 to 65535")
    username: str | None = Field(None, description="the user name, if the broker asks for one")
    password_file: Path | None = Field(None, description="a file that holds the password, readable by its owner only")
    ca_file: Path | None = Field(None, description="the CA certificate that signs the broker's; turns TLS on")
    cert_file: Path | None = Field(None, description="this device's certificate, for mutual TLS")
    key_file: Path | None = Field(None, description="this device's private key, for mutual TLS")


class CollectorSection(Section):
    """Where evidence goes."""

    url: Annotated[str, Field(pattern=r"^https?://")] = Field(
        description="the collector, such as http://127.0.0.1:8080; elsewhere https:// with the files below"
    )
    ca_file: Path | None = Field(None, description="whom to believe there; without it whom the system believes")
    cert_file: Path | None = Field(None, description="this device's certificate, whose key signs what is sent")
    key_file: Path | None = Field(None, description="this device's private key")

    @model_validator(mode="after")
    def _a_pair(self) -> CollectorSection:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.cert_file is not None and not self.url.startswith("https://"):
            raise ValueError("signed requests go to https:// only")
        return self


class OutboxSection(Section):
    """The bounds of what waits for a receipt."""

    max_mb: Annotated[int, Field(ge=1, le=100_000)] = Field(
        256, description="megabytes the outbox may take, its evidence included"
    )
    max_hours: Annotated[float, Field(gt=0, le=24 * 365)] = Field(24 * 30, description="hours an event waits at most")


class EvidenceSection(Section):
    """When the picture behind the numbers is kept and sent."""

    keep: Literal["never", "on_change", "daily", "always"] = Field(
        "never",
        description="never, on_change (a stock-out opens or closes), daily (the first of a business day), always",
    )
    max_mb: Annotated[int, Field(ge=1, le=100_000)] = Field(128, description="megabytes of pictures waiting to be sent")


class ModelsSection(Section):
    """The models and the processor's share."""

    folder: Path | None = Field(None, description="a folder with manifest.json and ONNX files")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(2, description="threads of one inference")


class AgentConfig(Section):
    """All an agent is told. Paths are relative to the file they stand in."""

    device: DeviceSection = Field(description="which device this is")
    zone: Zone = Field(description="the store's IANA time zone, such as Asia/Ho_Chi_Minh")
    data: Path = Field(description="the folder for outbox and evidence, on a disk that survives a reboot")
    hours: Hours = Field(Hours(), description="the store's business day")
    broker: BrokerSection = Field(BrokerSection(), description="the MQTT broker")
    sensors: BrokerSection | None = Field(
        None, description="the MQTT broker of door and cooler sensors; without it the broker of the events"
    )
    collector: CollectorSection | None = Field(None, description="where evidence goes")
    models: ModelsSection = Field(ModelsSection(), description="the models")
    cameras: tuple[CameraSection, ...] = Field((), max_length=16, description="the cameras that look at fixtures")
    fixtures: tuple[FixtureSection, ...] = Field((), max_length=64, description="the fixtures")
    traffic: tuple[TrafficCameraSection, ...] = Field((), max_length=16, description="the cameras that count people")
    outbox: OutboxSection = Field(OutboxSection(), description="the bounds of what waits for a receipt")
    evidence: EvidenceSection = Field(EvidenceSection(), description="when pictures are kept and sent")
    metrics: MetricsSection = Field(MetricsSection(), description="figures for Prometheus, on loopback")
    recycle: RecycleSection = Field(RecycleSection(), description="when the agent begins anew to give memory back")
    updates: UpdatesSection | None = Field(None, description="signed releases; without it the device takes none")
    at_rest: AtRestSection | None = Field(
        None, description="encryption of events and pictures on this disk; without it there is none"
    )
    health_every: Duration = Field(300.0, ge=1, le=86400, description="the interval of health events, such as 5m")

    @model_validator(mode="after")
    def _a_camera(self) -> AgentConfig:
        if not self.cameras and not self.traffic:
            raise ValueError("no camera is given; name at least one in cameras or in traffic")
        return self

    @model_validator(mode="after")
    def _ids_fit(self) -> AgentConfig:
        fixtures = [fixture.id for fixture in self.fixtures]
        cameras = [*(camera.id for camera in self.cameras), *(camera.id for camera in self.traffic)]
        for kind, ids in (("fixture", fixtures), ("camera", cameras)):
            for one in ids:
                if ids.count(one) > 1:
                    raise ValueError(f"two {kind}s are called {one}")
        for camera in self.cameras:
            if camera.fixture not in fixtures:
                raise ValueError(f"camera {camera.id} looks at fixture {camera.fixture}, which is not in fixtures")
        for counting in self.traffic:
            if counting.fixture is not None and counting.fixture not in fixtures:
                raise ValueError(
                    f"camera {counting.id} counts for fixture {counting.fixture}, which is not in fixtures"
                )
        return self

    @model_validator(mode="after")
    def _views_fit(self) -> AgentConfig:
        for fixture in self.fixtures:
            views = [camera for camera in self.cameras if camera.fixture == fixture.id]
            names = [camera.view for camera in views]
            if len(views) == 1 and views[0].geometry is not None:
                raise ValueError(f"camera {views[0].id} alone looks at fixture {fixture.id}; leave out its geometry")
            if len(views) < 2:  # noqa: PLR2004 - one view is merged with nothing
                continue
            for camera in views:
                if camera.geometry is None:
                    raise ValueError(
                        f"{len(views)} cameras look at fixture {fixture.id}; give camera {camera.id} a geometry, so"
                        " that what both see is counted once, or make each view a fixture of its own"
                    )
                if names.count(camera.view) > 1:
                    raise ValueError(f"two cameras of fixture {fixture.id} have the view {camera.view}")
                if camera.schedule != views[0].schedule:
                    raise ValueError(f"the cameras of fixture {fixture.id} look together; give them one schedule")
            if fixture.region:
                raise ValueError(f"fixture {fixture.id} has several views; their geometry takes the place of region")
        return self

    def relative_to(self, folder: Path) -> AgentConfig:
        """The same configuration with every relative path taken from `folder`."""
        return resolve(self, folder)

    @property
    def clockwork(self) -> Clockwork:
        """What of the store decides about its days and hours."""
        return Clockwork(ZoneInfo(self.zone), self.hours.day_starts, self.hours.opens, self.hours.closes)

    def fixture(self, fixture_id: str) -> FixtureSection:
        """The fixture of that id."""
        return next(fixture for fixture in self.fixtures if fixture.id == fixture_id)
