"""What a collector answers, and how it asks: receipts, commands and replies; and what a device says of itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.contract.names import BootId, Epoch, Instant, Seq, Sha256, Slug, Text

MAX_RANGES = 4096
"""More ranges than this in one message are a fault or an attack; a collector splits what is longer."""

MAX_FAULTS = 64
"""Of one desired configuration that are told."""

SeqRange = tuple[Seq, Seq]


class RefusalReason(StrEnum):
    """Why an event went to quarantine. The device stops sending it; a person can replay it from there."""

    UNREADABLE = "unreadable"  # the body is not JSON
    INVALID = "invalid"  # the body does not fit its type's schema
    UNKNOWN_TYPE = "unknown-type"  # a type this collector has never heard of
    UNKNOWN_MAJOR = "unknown-major"  # a known type in a major version it does not know
    WRONG_SOURCE = "wrong-source"  # `source`, `id` or the user properties disagree with topic or body
    TOO_LARGE = "too-large"  # over MAX_EVENT_BYTES


class _Message(BaseModel):
    # Unknown keys are let through: a newer peer of the same major may say more.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Refusal(_Message):
    """One event that was put into quarantine, and why."""

    seq: Seq
    reason: RefusalReason
    detail: Text = ""


class Receipt(_Message):
    """What of one epoch is stored for good. Published only after the database commit; QoS 1, never retained."""

    epoch: Epoch
    ranges: Annotated[list[SeqRange], Field(max_length=MAX_RANGES)] = []
    refused: Annotated[list[Refusal], Field(max_length=MAX_RANGES)] = []
    conflicts: Annotated[list[Seq], Field(max_length=MAX_RANGES)] = []
    at: Instant | None = None  # the collector's clock: a device without one learns what time it is at least

    @model_validator(mode="after")
    def _ordered(self) -> Receipt:
        for first, last in self.ranges:
            if last < first:
                raise ValueError(f"range [{first}, {last}] ends before it begins")
        return self


class CommandName(StrEnum):
    """What a device can be asked for."""

    CAPTURE = "capture"
    VIEW = "view"  # cameras were moved on purpose: what they show from now on is their usual view
    RELOAD = "reload"
    DOCTOR = "doctor"
    RESEND = "resend"
    RENEW = "renew"  # ask over HTTPS now what is asked once a day: certificate, authorities, orders


class ResendArguments(_Message):
    """Which receipted events a collector wants once more: after a restore, or for a hole in a sequence."""

    epoch: Epoch
    ranges: Annotated[list[SeqRange], Field(min_length=1, max_length=MAX_RANGES)]


class Command(_Message):
    """A request to one device. Re-sent until it is answered or has expired; answered once per id."""

    id: Slug
    name: CommandName
    arguments: dict[str, Any] = {}
    expires: Instant


class Reply(_Message):
    """The one answer to a command."""

    id: Slug
    ok: bool
    result: dict[str, Any] = {}
    error: Text = ""


class ResendResult(_Message):
    """The answer to `resend`: what goes out again, and what the device no longer holds."""

    sent: list[SeqRange] = []
    dropped: list[SeqRange] = []


class ConfigFault(_Message):
    """One key of a desired configuration, and why it cannot be."""

    key: Text
    reason: Text


class ConfigReport(_Message):
    """What became of the desired configuration: in force, or refused as a whole, with the reason for each key."""

    sha256: Sha256  # of the desired document, byte by byte; where none is desired, the same as `configuration`
    in_force: bool  # whether that is in force
    configuration: Sha256 | None = None  # of what is in force, as JSON, defaults included
    error: Text = ""  # the first fault in one line
    errors: Annotated[list[ConfigFault], Field(max_length=MAX_FAULTS)] = []


class DeviceState(_Message):
    """The retained word on a device. `lost` is its last will; one of an older connection changes nothing."""

    state: Literal["born", "offline", "lost"]
    connection: Slug
    epoch: Epoch
    boot: BootId
    at: Instant | None = None  # None in a last will: nobody knows when it will be read
