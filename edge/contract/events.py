"""Events: CloudEvents 1.0 in JSON, one class per type. Their bytes are fixed when they enter the outbox.

What they carry stands in `edge.contract.payloads`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from edge.contract.names import BootId, Epoch, Instant, Seq
from edge.contract.payloads import (
    CaptureRejected,
    CoolerDoor,
    CoolerStatus,
    DeviceHealth,
    EventClass,
    OutboxDropped,
    Part,
    ShelfObserved,
    StockoutClosed,
    StockoutOpened,
    TrafficCounted,
)

MAX_EVENT_BYTES = 256 * 1024
"""The longest message, a single event or an array of a backlog. Above a 20 KB default of some brokers."""

Name = Annotated[str, StringConstraints(max_length=100)]


class Event(Part):
    """A CloudEvents 1.0 envelope. `id` is `{epoch}-{seq}`, `source` is `/{tenant}/{store}/{device}`."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}-[1-9][0-9]{0,15}$")]
    source: Annotated[str, StringConstraints(pattern=r"^(/[a-z0-9][a-z0-9_-]{0,62}){3}$")]
    type: Name
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    epoch: Epoch
    seq: Seq
    zone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$")]
    clock: Literal["synced", "unsynced"]
    boot: BootId
    up: Annotated[int, Field(ge=0, le=2**31 - 1)]
    data: Any

    @model_validator(mode="after")
    def _id_is_epoch_and_seq(self) -> Event:
        if self.id != f"{self.epoch}-{self.seq}":
            raise ValueError(f"id is not {self.epoch}-{self.seq}")
        return self


class ShelfObservedEvent(Event):
    """`shelf.observed.v1`."""

    type: Literal["shelf.observed.v1"] = "shelf.observed.v1"
    data: ShelfObserved


class StockoutOpenedEvent(Event):
    """`stockout.opened.v1`."""

    type: Literal["stockout.opened.v1"] = "stockout.opened.v1"
    data: StockoutOpened


class StockoutClosedEvent(Event):
    """`stockout.closed.v1`."""

    type: Literal["stockout.closed.v1"] = "stockout.closed.v1"
    data: StockoutClosed


class TrafficCountedEvent(Event):
    """`traffic.counted.v1`."""

    type: Literal["traffic.counted.v1"] = "traffic.counted.v1"
    data: TrafficCounted


class CoolerDoorEvent(Event):
    """`cooler.door.v1`."""

    type: Literal["cooler.door.v1"] = "cooler.door.v1"
    data: CoolerDoor


class CoolerStatusEvent(Event):
    """`cooler.status.v1`."""

    type: Literal["cooler.status.v1"] = "cooler.status.v1"
    data: CoolerStatus


class CaptureRejectedEvent(Event):
    """`capture.rejected.v1`."""

    type: Literal["capture.rejected.v1"] = "capture.rejected.v1"
    data: CaptureRejected


class DeviceHealthEvent(Event):
    """`device.health.v1`."""

    type: Literal["device.health.v1"] = "device.health.v1"
    data: DeviceHealth


class OutboxDroppedEvent(Event):
    """`outbox.dropped.v1`."""

    type: Literal["outbox.dropped.v1"] = "outbox.dropped.v1"
    data: OutboxDropped


AnyEvent = Annotated[
    ShelfObservedEvent
    | StockoutOpenedEvent
    | StockoutClosedEvent
    | TrafficCountedEvent
    | CoolerDoorEvent
    | CoolerStatusEvent
    | CaptureRejectedEvent
    | DeviceHealthEvent
    | OutboxDroppedEvent,
    Field(discriminator="type"),
]

Payload = (
    ShelfObserved
    | StockoutOpened
    | StockoutClosed
    | TrafficCounted
    | CoolerDoor
    | CoolerStatus
    | CaptureRejected
    | DeviceHealth
    | OutboxDropped
)

EVENT_TYPES: dict[str, type[Event]] = {
    get_args(cls.model_fields["type"].annotation)[0]: cls for cls in get_args(get_args(AnyEvent)[0])
}
"""Every event type this version speaks, by its name."""

TYPE_OF_PAYLOAD: dict[type[Part], str] = {
    cls.model_fields["data"].annotation: name  # type: ignore[misc]  # `data` of each subclass is a Part
    for name, cls in EVENT_TYPES.items()
}

CLASS_OF_TYPE: dict[str, EventClass] = {
    "stockout.opened.v1": "stockout",
    "stockout.closed.v1": "stockout",
    "shelf.observed.v1": "observation",
    "capture.rejected.v1": "observation",
    "cooler.door.v1": "observation",
    "cooler.status.v1": "health",
    "traffic.counted.v1": "traffic",
    "device.health.v1": "health",
    "outbox.dropped.v1": "stockout",  # the word on what was lost must not be lost itself
}
"""How dear an event is: a full outbox gives up health before traffic, traffic before observations, stock-outs last."""

EVENT_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
