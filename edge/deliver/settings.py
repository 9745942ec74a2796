"""Where the broker is and how long the link waits for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Files for TLS; without `ca` the system's authorities hold, without `certificate` no client certificate is shown.

    Raises:
        DeliveryError: a certificate without its key, or a key without its certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise DeliveryError("broker TLS has one of certificate and key", "give both files, or neither")


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """The broker of a device.

    Raises:
        DeliveryError: a password without a user name, or a port that is none.
    """

    host: str
    port: int
    tls: TlsSettings | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.password is not None and self.username is None:
            raise DeliveryError("the broker has a password but no user name", "give both, or neither")
        if not 0 < self.port < 2**16:
            raise DeliveryError(f"broker port {self.port} is none", "give a port from 1 to 65535")


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """How long the link waits, in seconds."""

    connect: float = 10.0  # TCP and TLS; a shop's mobile uplink can take several seconds
    connack: float = 15.0  # a broker that accepts and says nothing is left after this
    puback: float = 120.0  # a broker that takes all and acknowledges nothing is left after this long without one
    suback: float = 5.0  # some brokers withhold SUBACK while their window is full: go on without it
    keepalive: int = 30
    backoff_first: float = 1.0
    backoff_longest: float = 60.0
    will_delay: int = 30
    farewell: float = 3.0  # for the word `offline` at the end
