"""The sink's configuration: database, evidence, broker, HTTP, catalogues and stores."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud_sink.fleet.alert_settings import AlertSection, WebhookSection
from cloud_sink.fleet.audit_settings import AuditSection
from cloud_sink.fleet.evidence_settings import EvidenceSection
from cloud_sink.fleet.http_settings import LOOPBACK_NAMES, HttpSection, Port
from cloud_sink.fleet.pages_settings import PagesSection
from cloud_sink.fleet.rules import read_rule
from cloud_sink.fleet.trust_settings import TrustSection
from edge.contract.config import Duration, Hours
from edge.contract.config.section import resolve
from edge.contract.files import load_yaml
from edge.contract.names import Slug, Zone

Days = Annotated[int, Field(ge=1, le=36_500)]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=100)]
Label = Annotated[str, Field(min_length=1, max_length=200)]


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddedBroker(Section):
    """A broker of our own, on loopback only."""

    kind: Literal["embedded"] = "embedded"
    port: Port = Field(0, description="the port on 127.0.0.1; 0 takes a free one")


class ExternalBroker(Section):
    """An MQTT 5 broker that is there already."""

    kind: Literal["external"]
    host: str = Field(description="the broker's host name or address")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(1883, description="the broker's port, 1 to 65535")
    username: str | None = Field(None, description="the user name, if the broker asks for one")
    password_file: Path | None = Field(None, description="a file that holds the password, readable by its owner only")
    ca_file: Path | None = Field(None, description="the CA certificate that signs the broker's; turns TLS on")
    cert_file: Path | None = Field(None, description="the collector's certificate, for mutual TLS")
    key_file: Path | None = Field(None, description="the collector's private key, for mutual TLS")
    share: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = Field(
        "", description="the group of collectors that share the load, empty for one alone"
    )
    client_id: Slug | None = Field(None, description="this collector's client id, another for each collector")

    @model_validator(mode="after")
    def _mutual(self) -> ExternalBroker:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if self.host not in LOOPBACK_NAMES and (self.ca_file is None or self.cert_file is None):
            raise ValueError(
                f"{self.host} is not this machine: set ca_file, cert_file and key_file (sink broker-files makes them)"
            )
        return self


BrokerSection = Annotated[EmbeddedBroker | ExternalBroker, Field(discriminator="kind")]


class IntakeSection(Section):
    """How events are gathered and holes are asked for."""

    batch: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1000, description="messages a transaction at most; the broker may have half as many again under way"
    )
    deadline: Duration = Field(0.05, gt=0, le=5, description="how long a batch waits for more, such as 0.05s")
    quarantine_mb: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        256, description="megabytes of refused messages kept for a tenant; beyond them the oldest go"
    )
    hole_grace: Duration = Field(90.0, ge=0, le=86400, description="how long a hole may fill by itself, such as 90s")
    resend_every: Duration = Field(60.0, gt=0, le=86400, description="how often an unanswered command is sent again")
    resend_expires: Duration = Field(3600.0, gt=0, le=604800, description="when an unanswered command expires")


class RetentionSection(Section):
    """How many days each class of data is kept. Which numbers were taken is kept for good."""

    observations: Days = Field(400, description="days that observations of shelves and rejected captures are kept")
    traffic: Days = Field(400, description="days that counts of people are kept")
    stockouts: Days = Field(800, description="days that the events of stock-outs are kept")
    coolers: Days = Field(400, description="days that doors, temperatures and power are kept")
    health: Days = Field(60, description="days that health reports and told losses are kept")
    evidence: Days = Field(90, description="days that photographs are kept")
    quarantine: Days = Field(60, description="days that refused messages are kept")
    audit: Days = Field(400, description="days that the log of who read or changed what is kept")
    roll_ups: Days = Field(1100, description="days that the sums behind profiles are kept")


class GradeWeights(Section):
    """What each KPI weighs; they need not add up to anything."""

    osa: Weight = Field(35, description="on-shelf availability")
    compliance: Weight = Field(25, description="planogram compliance with all facings")
    must_stock: Weight = Field(15, description="must-stock SKUs seen")
    purity: Weight = Field(15, description="own of own and foreign facings")
    occupancy: Weight = Field(10, description="filled of filled and empty places")

    @cached_property
    def by_name(self) -> dict[str, float]:
        """The weights by the figures that they weigh."""
        return self.model_dump()


class GradeSection(Section):
    """The perfect-store score and its grades."""

    weights: GradeWeights = Field(GradeWeights(), description="what each KPI weighs")
    a: Score = Field(85, description="an A from this score")
    b: Score = Field(70, description="a B from this score")
    c: Score = Field(50, description="a C from this score; below it a D")
    least_covered: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="share of the weights that must have been observed for a grade"
    )

    @model_validator(mode="after")
    def _falls(self) -> GradeSection:
        if not self.a >= self.b >= self.c:
            raise ValueError("a, b and c must fall")
        if not any(self.weights.model_dump().values()):
            raise ValueError("some weight must be more than 0")
        return self


Attribute = Literal["chain", "channel", "store_class", "city", "representative"]
"""What stores are grouped by."""


class FixtureSection(Section):
    """A cooler, shelf, rack or floor stack of a store."""

    id: Slug = Field(description="the fixture's id, as the device reports it")
    name: Label | None = Field(None, description="as a merchandiser says it")
    kind: Literal["cooler", "shelf", "rack", "floor_stack"] = Field("cooler", description="what it is")
    own: tuple[str, ...] = Field(
        (), description="the catalogue's owners whose products are own here; all others are foreign"
    )


class StoreSection(Section):
    """Master data of one store."""

    tenant: Slug = Field(description="the company that owns the devices here")
    id: Slug = Field(description="the store's id, as its devices report it")
    name: Label = Field(description="as a merchandiser says it")
    zone: Zone = Field(description="the store's IANA time zone, such as Asia/Ho_Chi_Minh")
    hours: Hours = Field(Hours(), description="the store's business day")
    chain: Label | None = Field(None, description="the chain it belongs to")
    channel: Label | None = Field(None, description="such as convenience, supermarket, kiosk")
    city: Label | None = Field(None, description="the city")
    store_class: Label | None = Field(None, description="its class by size or turnover, such as A")
    area_m2: Annotated[float, Field(gt=0, le=1e6)] | None = Field(None, description="sales area in square metres")
    representative: Label | None = Field(None, description="who visits it")
    gln: Annotated[str, Field(pattern=r"^[0-9]{13}$")] | None = Field(None, description="13 digits in quotes")
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = Field(None, description="degrees north")
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = Field(None, description="degrees east")
    fixtures: tuple[FixtureSection, ...] = Field((), max_length=200, description="what stands in it")

    @model_validator(mode="after")
    def _fixtures_once(self) -> StoreSection:
        ids = [fixture.id for fixture in self.fixtures]
        doubled = next((one for one in ids if ids.count(one) > 1), None)
        if doubled is not None:
            raise ValueError(f"two fixtures are called {doubled}")
        return self


class SinkConfig(Section):
    """All the sink is told. Paths are relative to the file they stand in."""

    data: Path = Field(Path("sink-data"), description="the folder for database, evidence and the broker's file")
    database: str | None = Field(None, description="a database URL; without it SQLite in DATA/sink.db")
    evidence: EvidenceSection = Field(EvidenceSection(), description="where photographs are kept")
    broker: BrokerSection = Field(EmbeddedBroker(), description="the MQTT broker; kind: embedded or external")
    http: HttpSection = Field(HttpSection(), description="the REST API")
    pages: PagesSection = Field(PagesSection(), description="the pages for people")
    trust: TrustSection = Field(TrustSection(), description="who devices are, and whom they believe")
    webhooks: WebhookSection = Field(WebhookSection(), description="events that are sent to others' systems")
    alerts: AlertSection = Field(AlertSection(), description="what is watched, and where it is said")
    intake: IntakeSection = Field(IntakeSection(), description="how events are gathered")
    retention: RetentionSection = Field(RetentionSection(), description="how long data are kept")
    audit: AuditSection = Field(AuditSection(), description="how much of what the machine says is judged by people")
    grade: GradeSection = Field(GradeSection(), description="how stores are graded")
    alike: tuple[Attribute, ...] = Field(
        ("channel", "store_class", "city"),
        min_length=1,
        description="a store's cluster: the stores that agree in these",
    )
    tags: dict[Slug, str] = Field(
        {}, max_length=100, description="tags by name, each with its rule, such as: footfall > p75 and osa < 0.9"
    )
    catalogues: tuple[Path, ...] = Field((), max_length=100, description="folders with a catalogue.yaml")
    stores: tuple[StoreSection, ...] = Field((), max_length=100_000, description="the stores; others get defaults")

    @model_validator(mode="after")
    def _stores_once(self) -> SinkConfig:
        seen: set[tuple[str, str]] = set()
        for store in self.stores:
            if (store.tenant, store.id) in seen:
                raise ValueError(f"two stores of {store.tenant} are called {store.id}")
            seen.add((store.tenant, store.id))
        return self

    @field_validator("tags")
    @classmethod
    def _tags_read(cls, tags: dict[str, str]) -> dict[str, str]:
        for name, text in tags.items():
            read_rule(name, text)
        return tags

    @property
    def database_url(self) -> str:
        """The database, SQLite in the data folder when none is configured."""
        return self.database or f"sqlite:///{self.data / 'sink.db'}"

    @property
    def evidence_folder(self) -> Path:
        """Where photographs are kept."""
        return self.evidence.folder or self.data / "evidence"


def load_config(path: Path) -> SinkConfig:
    """Read the sink's configuration; relative paths are taken from the file's folder.

    Raises:
        ConfigError: one line naming file, line, key and mend.
    """
    config = load_yaml(path, SinkConfig)
    base = path.resolve().parent
    broker = config.broker
    if isinstance(broker, ExternalBroker):
        files = {name: getattr(broker, name) for name in ("password_file", "ca_file", "cert_file", "key_file")}
        broker = broker.model_copy(update={name: base / file for name, file in files.items() if file is not None})
    return config.model_copy(
        update={
            "data": base / config.data,
            "catalogues": tuple(base / folder for folder in config.catalogues),
            "evidence": resolve(config.evidence, base),
            "broker": broker,
            "http": resolve(config.http, base),
            "trust": resolve(config.trust, base),
            "alerts": config.alerts.beside(base),
        }
    )
