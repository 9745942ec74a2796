"""What the collector hands to the store, and what the store answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from edge.contract.events import AnyEvent
    from edge.contract.receipts import RefusalReason
    from edge.contract.topics import Address

Sequence = tuple[str, str, str]
"""Tenant, device, epoch: one outbox's numbers."""

Key = tuple[str, str, str, int]
"""Tenant, device, epoch, seq: one event."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A valid event with the device's own bytes."""

    address: Address  # where the device is now: receipts go there
    event: AnyEvent
    body: bytes
    sha256: bytes

    @property
    def sequence(self) -> Sequence:
        """The outbox it came from."""
        return self.address.tenant, self.address.device, self.event.epoch

    @property
    def key(self) -> Key:
        """What it is known by."""
        return *self.sequence, self.event.seq

    @property
    def store(self) -> str:
        """The store of observation, where the device may no longer be."""
        return self.event.source.split("/")[2]


@dataclass(frozen=True, slots=True)
class RefusedBody:
    """Bytes that are no event here. Without epoch and seq nobody can be told, but they are kept all the same."""

    address: Address
    epoch: str | None
    seq: int | None
    reason: RefusalReason
    detail: str
    body: bytes
    sha256: bytes


@dataclass(slots=True)
class Answer:
    """What became of the events of one outbox in one batch; the receipt's content."""

    taken: set[int] = field(default_factory=set)
    refused: dict[int, tuple[RefusalReason, str]] = field(default_factory=dict)
    conflicts: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Dated:
    """When an event happened, and how that is known: by its clock, by its boot, or by its arrival."""

    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event's sums stand: its business day, the hour in it, and whether the store was open."""

    day: date
    hour: int
    in_hours: bool
