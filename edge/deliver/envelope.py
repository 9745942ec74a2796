"""From a payload to the bytes of an event, which are fixed here once and for all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Literal

from edge.contract.errors import DeliveryError
from edge.contract.events import CLASS_OF_TYPE, EVENT_TYPES, MAX_EVENT_BYTES, TYPE_OF_PAYLOAD, Payload
from edge.contract.payloads import EventClass, ShelfObserved

if TYPE_CHECKING:
    from datetime import datetime

    from edge.contract.topics import Address


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said, and the moment it speaks of (aware of its zone)."""

    time: datetime
    data: Payload


@dataclass(frozen=True, slots=True)
class Stamp:
    """The circumstances of an event: the store's zone, the state of the clock, this boot and seconds since it."""

    zone: str
    clock: Literal["synced", "unsynced"]
    boot: str
    up: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event whose bytes are fixed."""

    seq: int
    type: str
    kind: EventClass
    time: str
    evidence: str | None
    body: bytes


def seal(draft: Draft, *, stamp: Stamp, address: Address, epoch: str, seq: int) -> Sealed:
    """Fix the bytes of one event.

    Raises:
        DeliveryError: it is longer than a message may be; no broker and no collector would take it.
    """
    name = TYPE_OF_PAYLOAD[type(draft.data)]
    event = EVENT_TYPES[name](
        id=f"{epoch}-{seq}",
        source=address.source,
        type=name,
        time=draft.time.astimezone(UTC),
        epoch=epoch,
        seq=seq,
        zone=stamp.zone,
        clock=stamp.clock,
        boot=stamp.boot,
        up=stamp.up,
        data=draft.data,
    )
    body = event.model_dump_json(exclude_none=True).encode()
    if len(body) > MAX_EVENT_BYTES:
        raise DeliveryError(
            f"{name} is {len(body)} bytes, at most {MAX_EVENT_BYTES}", "record fewer facings per capture"
        )
    evidence = draft.data.evidence if isinstance(draft.data, ShelfObserved) else None
    return Sealed(seq, name, CLASS_OF_TYPE[name], event.time.isoformat(), evidence, body)


def reissue(body: bytes, *, epoch: str, seq: int) -> bytes:
    """The same event under another key: only `id`, `epoch` and `seq` differ."""
    event = json.loads(body)
    event |= {"id": f"{epoch}-{seq}", "epoch": epoch, "seq": seq}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
