"""What a collector orders a device to do that is no setting: to stand elsewhere, or to be a device no more.

A device fetches its order over HTTPS from the collector that its certificate is for; over MQTT it is told no more than
that it may ask now (docs/decisions/0032-moves.md).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.contract.names import Instant, Slug

OrderId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class _Message(BaseModel):
    # Unknown keys are let through: a newer peer of the same major may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Outcome(_Message):
    """What became of an order; of none where somebody retired the device on the spot."""

    order: OrderId | None
    outcome: Literal["moved", "retired", "refused"]
    said: Annotated[str, StringConstraints(max_length=500)] = Field("", description="why it was refused")


class OrderRequest(_Message):
    """A device asks what it is to do, and says what became of what it was told. Signed with its key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"outcome": None}]})

    outcome: Outcome | None = None


class MoveOrder(_Message):
    """Stand elsewhere, under the same name and with the same key."""

    kind: Literal["move"] = "move"
    id: OrderId
    store: Slug
    fixture: Slug
    store_name: str
    configuration: dict[str, Any] = Field(
        description="as for a device that is new there; what is the board's own stays"
    )


class RetireOrder(_Message):
    """Deliver what there is, wipe everything, say so, and be no device any more."""

    kind: Literal["retire"] = "retire"
    id: OrderId
    patience: Annotated[float, Field(ge=0, le=86400)] = Field(description="seconds for what waits to be delivered")


class OrderAnswer(_Message):
    """What a device is to do; null: to go on."""

    order: Annotated[MoveOrder | RetireOrder, Field(discriminator="kind")] | None
    time: Instant
