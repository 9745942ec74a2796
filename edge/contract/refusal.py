"""Reading what a device sent: an event, or the reason why it is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.events import EVENT_ADAPTER, EVENT_TYPES, MAX_EVENT_BYTES, AnyEvent
from edge.contract.receipts import RefusalReason

if TYPE_CHECKING:
    from edge.contract.topics import Address

_NAMES = {name.rpartition(".v")[0] for name in EVENT_TYPES}
_LONGEST_DETAIL = 300


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are no event here, and why; they go to quarantine and are receipted as refused."""

    reason: RefusalReason
    detail: str


def read_event(body: bytes, address: Address) -> AnyEvent | Refused:
    """Validate one event that came in on a device's topic.

    Strictly: a number in quotes, or `true` for 1, is no number. What is let through here is kept for good, and a reader
    of the exports would find two kinds of `seq`.

    Args:
        body: the bytes of one event (an array of a backlog is split first).
        address: tenant, store and device of the topic; tenant and device must be those of `source`. The store may
            differ: a device that moved still holds what it saw in the old one.
    """
    if len(body) > MAX_EVENT_BYTES:
        return Refused(RefusalReason.TOO_LARGE, f"{len(body)} bytes, at most {MAX_EVENT_BYTES}")
    try:
        event = EVENT_ADAPTER.validate_json(body, strict=True)
    except ValidationError as error:
        return _refusal(error)
    tenant, _, device = event.source[1:].split("/")
    if (tenant, device) != (address.tenant, address.device):
        return Refused(RefusalReason.WRONG_SOURCE, f"source {event.source} came in on the topic of {address.source}")
    return event


def _refusal(error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return Refused(RefusalReason.UNREADABLE, first["msg"])
    if first["type"] == "union_tag_invalid" and isinstance(kind := first["input"]["type"], str):
        name, _, _ = kind.rpartition(".v")
        reason = RefusalReason.UNKNOWN_MAJOR if name in _NAMES else RefusalReason.UNKNOWN_TYPE
        return Refused(reason, _printable(f"type '{kind}'"))
    where = ".".join(str(step) for step in first["loc"])
    return Refused(RefusalReason.INVALID, _printable(f"{where}: {first['msg']}" if where else first["msg"]))


def _printable(text: str) -> str:
    """As it can be kept and told: what a device sent may hold any character, and as many as it likes."""
    cut = text[:_LONGEST_DETAIL]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)
