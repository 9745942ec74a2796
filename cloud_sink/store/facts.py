"""What the collector hands to the store, and what the store answers.

Tuples, where there is one an event: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, cast, get_args

from cloud_sink.store.counted import count
from edge.contract.payloads import (
    DeviceHealth,
    OutboxDropped,
    StockoutClosed,
    StockoutOpened,
    TrafficCounted,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from cloud_sink.store.counted import Counted
    from edge.contract.events import AnyEvent
    from edge.contract.receipts import RefusalReason
    from edge.contract.topics import Address

Sequence = tuple[str, str, str]
"""Tenant, device, epoch: one outbox's numbers."""

Key = tuple[str, str, str, int]
"""Tenant, device, epoch, seq: one event."""

Boot = tuple[str, str, str]
"""Tenant, device, boot."""

Word = DeviceHealth | OutboxDropped | StockoutOpened | StockoutClosed
"""What is more than counts, and kept as what it is."""

LONGEST_INTERVAL = timedelta(days=31)
"""A traffic interval that begins further from its event's time than this cannot be placed by its beginning."""

_WORDS = frozenset(get_args(Word))
_AT_ONCE = timedelta(0)


class Fact(NamedTuple):
    """A valid event: what it counts, and the device's own bytes."""

    address: Address  # where the device is now: receipts go there
    sequence: Sequence
    seq: int
    store: str  # of observation, where the device may no longer be
    type: str
    fixture: str  # '' where the type has none
    time: datetime  # by the device's clock
    is_set: bool  # whether the device believes that clock
    zone: str
    boot: Boot
    up: int  # seconds since boot
    lead: timedelta  # from `time` to the moment to which its counts belong: the beginning of a traffic interval
    counted: Counted
    word: Word | None
    body: bytes
    sha256: bytes

    @property
    def epoch(self) -> str:
        """Of its outbox."""
        return self.sequence[2]

    @property
    def key(self) -> Key:
        """What it is known by."""
        return *self.sequence, self.seq


def fact_of(address: Address, event: AnyEvent, body: bytes) -> Fact:
    """What is to be stored of an event that came from a device.

    Args:
        address: where the device is now.
        event: what it said.
        body: the bytes that say it.
    """
    data, lead = event.data, _AT_ONCE
    if type(data) is TrafficCounted and abs(data.since - event.time) <= LONGEST_INTERVAL:
        lead = data.since - event.time
    return Fact(
        address=address,
        sequence=(address.tenant, address.device, event.epoch),
        seq=event.seq,
        store=event.source.split("/", 3)[2],
        type=event.type,
        fixture=getattr(data, "fixture", None) or "",
        time=event.time,
        is_set=event.clock == "synced",
        zone=event.zone,
        boot=(address.tenant, address.device, event.boot),
        up=event.up,
        lead=lead,
        counted=count(data),
        word=cast("Word", data) if type(data) in _WORDS else None,  # isinstance() would ask the metaclass, slowly
        body=body,
        sha256=hashlib.sha256(body).digest(),
    )


class RefusedBody(NamedTuple):
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


class Dated(NamedTuple):
    """When an event happened, and how that is known: by its clock, by its boot, or by its arrival."""

    at: datetime
    how: str


class Place(NamedTuple):
    """Where an event's sums stand: its business day, the hour in it, and whether the store was open."""

    day: date
    hour: int
    in_hours: bool
