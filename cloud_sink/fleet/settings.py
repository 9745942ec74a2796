"""The sink's configuration: database, evidence, broker, HTTP, catalogues and stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.contract.config import Duration, Hours
from edge.contract.files import load_yaml
from edge.contract.names import Slug, Zone

Port = Annotated[int, Field(ge=0, le=65535)]
Label = Annotated[str, Field(min_length=1, max_length=200)]


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceSection(Section):
    """Where photographs are kept."""

    folder: Path | None = Field(None, description="the folder for photographs; without it DATA/evidence")
    quota_mb: Annotated[int, Field(ge=1, le=100_000_000)] = Field(4096, description="megabytes a tenant may store")


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


BrokerSection = Annotated[EmbeddedBroker | ExternalBroker, Field(discriminator="kind")]


class HttpSection(Section):
    """The REST API. Without credentials, so on loopback only."""

    port: Port = Field(8080, description="the port on 127.0.0.1; 0 takes a free one")


class IntakeSection(Section):
    """How events are gathered and holes are asked for."""

    batch: Annotated[int, Field(ge=1, le=100)] = Field(
        50, description="messages a transaction; at most the broker's in-flight window of 100"
    )
    deadline: Duration = Field(0.05, gt=0, le=5, description="how long a batch waits for more, such as 0.05s")
    quarantine_mb: Annotated[int, Field(ge=1, le=100_000_000)] = Field(
        256, description="megabytes of refused messages kept for a tenant; beyond them the oldest go"
    )
    hole_grace: Duration = Field(90.0, ge=0, le=86400, description="how long a hole may fill by itself, such as 90s")
    resend_every: Duration = Field(60.0, gt=0, le=86400, description="how often an unanswered command is sent again")
    resend_expires: Duration = Field(3600.0, gt=0, le=604800, description="when an unanswered command expires")


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
    intake: IntakeSection = Field(IntakeSection(), description="how events are gathered")
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
    evidence = config.evidence
    if evidence.folder is not None:
        evidence = evidence.model_copy(update={"folder": base / evidence.folder})
    broker = config.broker
    if isinstance(broker, ExternalBroker):
        files = {name: getattr(broker, name) for name in ("password_file", "ca_file", "cert_file", "key_file")}
        broker = broker.model_copy(update={name: base / file for name, file in files.items() if file is not None})
    return config.model_copy(
        update={
            "data": base / config.data,
            "catalogues": tuple(base / folder for folder in config.catalogues),
            "evidence": evidence,
            "broker": broker,
        }
    )
