"""Who devices are and whom they believe: the fleet's authority, what claims say, and the files of the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

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


class OwnIssuer(Section):
    """The fleet's own authority issues."""

    kind: Literal["own"] = "own"


class EstIssuer(Section):
    """A CA that speaks EST (RFC 7030)."""

    kind: Literal["est"]
    url: Annotated[str, Field(pattern=r"^https://[^/?#]+/?$")] = Field(
        description="the server, such as https://est.example.com; /.well-known/est is added"
    )
    ca_file: Path = Field(description="the CA certificate that signs that server's")
    cert_file: Path | None = Field(None, description="the certificate that we are known by there")
    key_file: Path | None = Field(None, description="its private key")
    username: str | None = Field(None, description="or the name that we are known by")
    password_file: Path | None = Field(None, description="and a file with the password")
    label: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,64}$")] = Field("", description="which of its CAs issues")
    renew_by: Literal["simplereenroll", "simpleenroll"] = Field(
        "simplereenroll", description="what renewals are asked with; some servers take those from the device alone"
    )

    @model_validator(mode="after")
    def _known(self) -> EstIssuer:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username and password_file belong together")
        if self.cert_file is None and self.username is None:
            raise ValueError("set cert_file and key_file, or username and password_file: an EST server asks who we are")
        return self


class CommandIssuer(Section):
    """A command that has certificates issued: the client of step-ca, Vault, EJBCA and so on."""

    kind: Literal["command"]
    command: Annotated[tuple[Word, ...], Field(min_length=1, max_length=50)] = Field(
        description="reads a request on its input, writes the certificate to its output, both PEM"
    )
    ca_file: Path = Field(description="the authorities that it issues by, with those above them, PEM")


IssuerSection = Annotated[OwnIssuer | EstIssuer | CommandIssuer, Field(discriminator="kind")]


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
    issuer: IssuerSection = Field(OwnIssuer(), description="who issues devices' certificates: own, est or command")
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
