"""What the link and the delivery tell each other. The link's callbacks put notices into a queue and do nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.contract.topics import Channel


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message for the broker. It dies with the connection it was meant for."""

    token: int
    connection: str
    channel: Channel
    body: bytes
    retain: bool = False
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Up:
    """A connection is ready: subscribed, or not worth waiting for."""

    connection: str
    most_octets: int  # of one message's body


@dataclass(frozen=True, slots=True)
class Down:
    """The connection ended, or none could be made."""

    connection: str
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker's PUBACK. It says nothing of the collector, but where it says that nobody subscribes to the topic."""

    token: int
    heard: bool = True  # False: the broker threw the message away, for nobody subscribes to its topic


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker's PUBACK with a failure: an ACL, a quota, a size."""

    token: int
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of a collector."""

    channel: Channel
    body: bytes


@dataclass(frozen=True, slots=True)
class Wake:
    """The agent has appended something, or wants the delivery to end."""


Notice = Up | Down | Acknowledged | Rejected | Arrived | Wake
