"""How a device comes to its identity: the claim on its label, what it asks, and what it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.contract.errors import ConfigError
from edge.contract.names import Instant, Sha256, Slug

VERSION = "1"

_PARTS = re.compile(r"1\.([A-Za-z0-9_-]{43})\.([0-9a-f]{16})\.([A-Za-z0-9_-]{43})")
_PATH = "/claim"
_MEND = "scan the label again, or ask for a new invitation"

Pem = Annotated[str, StringConstraints(max_length=8 * 1024)]
Word = Annotated[str, StringConstraints(max_length=120)]


class ClaimError(ConfigError):
    """A claim that cannot be read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A one-time claim as it stands on a label.

    It is an address, so that a phone's camera opens it; what is secret stands behind `#`, where no browser sends it.
    """

    address: str  # of the collector, https://host[:port], without a path
    pin: str  # SHA-256 of the server's SubjectPublicKeyInfo, base64url without padding (as in RFC 7469)
    id: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """As it is printed."""
        return f"{self.address}{_PATH}#{VERSION}.{self.pin}.{self.id}.{self.secret}"

    @property
    def token(self) -> str:
        """As it is sent to the collector."""
        return f"{self.id}.{self.secret}"


def parse_claim(text: str) -> Claim:
    """A claim out of the text of a label.

    Raises:
        ClaimError: it is none, or of another version. It never repeats what is secret.
    """
    address, _, rest = text.strip().partition("#")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ClaimError("this claim names no collector", _MEND) from None
    if parts.scheme != "https" or not parts.hostname or parts.path != _PATH or parts.query or parts.username:
        raise ClaimError("this is no claim: it begins with https:// and holds /claim#", _MEND)
    match = _PARTS.fullmatch(rest)
    if match is None:
        newer = rest.partition(".")[0]
        if newer.isdigit() and newer != VERSION:
            raise ClaimError(f"this claim is of version {newer[:3]}", "install a newer version of facings")
        raise ClaimError("this claim is not whole", _MEND)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Claim(f"https://{host}{f':{port}' if port else ''}", match[1], match[2], match[3])


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProvisionRequest(_Message):
    """What a device asks with: its claim, and a request for a certificate that its own key has signed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "claim": "0123456789abcdef.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                    "csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n",
                    "store": None,
                    "agent": "0.1.0",
                }
            ]
        }
    )

    claim: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}\.[A-Za-z0-9_-]{43}$")] = Field(
        description="id and secret of the claim"
    )
    csr: Pem = Field(description="PKCS #10, PEM, with an EC P-256 key, at most 8 KB")
    store: Slug | None = Field(None, description="where whoever installs believes to be; another store is refused")
    agent: Word = Field("", description="the version of the agent")


class Granted(_Message):
    """Who a device is now, and all that it needs to be it."""

    identity: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] = Field(
        description="the certificate's common name: what it is called at the broker"
    )
    tenant: Slug
    store: Slug
    fixture: Slug
    device: Slug
    store_name: str
    certificate: str = Field(description="the device's, PEM")
    authorities: str = Field(description="whom to believe at the broker, PEM, one or more")
    collector_authorities: str | None = Field(
        description="whom to believe at the collector, PEM; null: whom the system believes"
    )
    configuration: dict[str, Any] = Field(description="agent.yaml, but for the files beside it")
    models: tuple[str, ...] = Field((), description="kinds of models that it needs")


class ProvisionAnswer(_Message):
    """What becomes of a claim."""

    state: Literal["granted", "pending"] = Field(description="pending: a person has to approve; ask again")
    time: Instant = Field(description="the collector's clock")
    granted: Granted | None = None


class RenewRequest(_Message):
    """A device asks whether its certificate, or whom it believes, is to be exchanged. Signed with its key."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"csr": "-----BEGIN CERTIFICATE REQUEST-----\n…\n", "believes": "0" * 64}]}
    )

    csr: Pem = Field(description="as when it was provisioned, with the same key")
    believes: Sha256 = Field(description="SHA-256 of the authorities that it has stored")


class RenewAnswer(_Message):
    """The certificate and the authorities that hold now; the ones that the device has, where nothing is due."""

    certificate: str
    authorities: str
    collector_authorities: str | None
    time: Instant


class InstallStep(_Message):
    """One step of an installation."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    passed: bool
    tries: Annotated[int, Field(ge=1, le=1000)] = 1
    said: Annotated[str, StringConstraints(max_length=500)] = ""


class InstallationRecord(_Message):
    """What a technician leaves behind, told by the device itself. Signed with its key."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "mai",
                    "at": "2026-03-14T01:30:00Z",
                    "steps": [{"name": "capture", "passed": True, "tries": 2, "said": "dark"}],
                    "evidence": None,
                    "seconds": 21.5,
                }
            ]
        }
    )

    by: Word = Field(description="who installed it")
    at: Instant
    steps: tuple[InstallStep, ...] = Field(min_length=1, max_length=50)
    evidence: Sha256 | None = Field(None, description="the picture that was sent")
    seconds: Annotated[float, Field(ge=0, le=1e7)] = Field(description="from the claim to the first receipt")

    @property
    def passed(self) -> bool:
        """Whether every step passed in the end."""
        return all(step.passed for step in self.steps)

    @property
    def failed_first(self) -> str:
        """The first step that did not pass at once; empty where none was."""
        return next((step.name for step in self.steps if not step.passed or step.tries > 1), "")
