"""Who devices are and whom they believe: the fleet's authority, what claims say, and the files of the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from edge.contract.config.section import Duration, Section

Word = Annotated[str, Field(min_length=1, max_length=1000)]


class DeviceBrokerSection(Section):
    """The broker as devices reach it."""

    host: str = Field(description="the host name that its certificate is for")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8883, description="its port with TLS, 1 to 65535")


BrokerKind = Literal["mosquitto", "emqx"]


class BrokerFilesSection(Section):
    """Files of a broker on this machine, written anew whenever a device comes or goes."""

    kind: BrokerKind = Field("mosquitto", description="which broker: mosquitto or emqx")
    folder: Path = Field(description="where they are; `sink broker-files` makes them first")
    reload: tuple[Word, ...] = Field(
        (),
        max_length=20,
        description="the command that has the broker read them, such as [systemctl, reload, mosquitto]",
    )
    every: Duration = Field(0.5, gt=0, le=3600, description="how often is looked whether they are as they should be")


class TrustSection(Section):
    """Devices' identities."""

    passphrase_file: Path | None = Field(
        None, description="a file with the passphrase of the authority's key; without it FACINGS_CA_PASSPHRASE holds"
    )
    url: str | None = Field(
        None, description="how devices reach this collector, such as https://facings.example.com; without it http.url"
    )
    pin_file: Path | None = Field(
        None, description="the certificate that devices meet at that address; without it http.cert_file"
    )
    collector_ca_file: Path | None = Field(
        None, description="the CA that signs that certificate, if it is neither the fleet's nor one that systems know"
    )
    broker: DeviceBrokerSection | None = Field(
        None, description="the broker as devices reach it; without it the one of this sink, with its port"
    )
    broker_files: BrokerFilesSection | None = Field(None, description="files of a broker on this machine")
    template: Path | None = Field(
        None, description="an agent's configuration, YAML, that new devices begin with: cameras, evidence, and so on"
    )
    models: tuple[Word, ...] = Field(
        ("product-detector", "sku-embedder", "people-detector"),
        max_length=20,
        description="what a new device must have",
    )
    certificate_days: Annotated[int, Field(ge=1, le=1000)] = Field(
        180, description="days a device's certificate holds; it is exchanged when a third of them is left"
    )
    claim_lives: Duration = Field(72 * 3600.0, gt=0, le=90 * 86400, description="how long a claim can be used")

    @field_validator("url")
    @classmethod
    def _encrypted(cls, url: str | None) -> str | None:
        if url is not None:
            parts = urlsplit(url)
            if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
                raise ValueError("url begins with https:// and names a host, without a path")
        return None if url is None else url.rstrip("/")
