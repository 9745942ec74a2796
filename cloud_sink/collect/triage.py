"""From a message to facts and refusals. Pure: bytes in, values out."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, NamedTuple

from cloud_sink.collect.split import guess_elements, is_array, split_array
from cloud_sink.store.facts import Fact, RefusedBody, fact_of
from edge.contract.events import MAX_EVENT_BYTES
from edge.contract.receipts import RefusalReason
from edge.contract.refusal import Refused, read_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.topics import Address

_EPOCH = re.compile(r"[0-9a-f]{32}")
_SEQ = re.compile(r"[1-9][0-9]{0,15}")
_LAST_SEQ = 2**53 - 1
_SHORTEST = len('{"epoch":"","seq":1}') + 32
"""Bytes of the shortest element that names an event: a message full of `{}` is not worth a second's reading."""


class Claim(NamedTuple):
    """Epoch and seq as user properties or an invalid body give them: what a refusal can be answered with."""

    epoch: str
    seq: int


def claim(epoch: object, seq: object) -> Claim | None:
    """A claim of well-formed epoch and seq; None for anything else."""
    if not isinstance(epoch, str) or _EPOCH.fullmatch(epoch) is None:
        return None
    if isinstance(seq, str):
        if _SEQ.fullmatch(seq) is None:
            return None
        seq = int(seq)
    if not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= _LAST_SEQ:
        return None
    return Claim(epoch, seq)


def read_message(
    payload: bytes, address: Address, claimed: Claim | None, *, cut: int = 0
) -> Iterator[Fact | RefusedBody]:
    """Read a single event or the array of a backlog; each element that names itself is judged alone.

    What an array holds beside those is refused as one body, the whole message: an array of a hundred thousand numbers
    is one thing to keep, not as many.

    Args:
        payload: the message as it came.
        address: where its topic says the device is.
        claimed: its user properties. A refused array is answered with them only if none of its elements can be.
        cut: bytes of the payload that were not kept.
    """
    if len(payload) + cut > MAX_EVENT_BYTES:
        kept = f"; the first {len(payload)} are kept" if cut else ""
        detail = f"{len(payload) + cut} bytes, at most {MAX_EVENT_BYTES}{kept}"
        yield _refused(payload, address, claimed, RefusalReason.TOO_LARGE, detail)
        return
    if not is_array(payload):
        yield _read(payload, address, claimed)
        return
    guessed = _all_of(payload, address)
    if guessed:
        yield from guessed
        return
    parts = split_array(payload)
    if parts is None:
        yield _refused(payload, address, claimed, RefusalReason.UNREADABLE, "the body is not JSON")
        return
    judged = [_read(part, address, None) for part in parts if part.startswith(b"{") and len(part) >= _SHORTEST]
    named = [one for one in judged if isinstance(one, Fact) or one.epoch is not None]
    yield from named
    nameless = len(parts) - len(named)
    if nameless or not parts:
        detail = f"{nameless} of the array's {len(parts)} elements name no event" if parts else "an array of no event"
        yield _refused(payload, address, None if named else claimed, RefusalReason.INVALID, detail)


def _all_of(payload: bytes, address: Address) -> list[Fact]:
    """The facts of an array that holds events and nothing else, taken apart by guess; none of any other."""
    facts = []
    for part in guess_elements(payload):
        fact = _read(part, address, None)
        if not isinstance(fact, Fact):
            return []
        facts.append(fact)
    return facts


def _read(body: bytes, address: Address, claimed: Claim | None) -> Fact | RefusedBody:
    """Judge one body. Where there are user properties they are what it is refused under.

    The sender's outbox knows the message by them; the number that a broken body gives may be that of a good event.
    """
    event = read_event(body, address)
    if isinstance(event, Refused):
        return _refused(body, address, claimed or _claim_in(body), event.reason, event.detail)
    if claimed is not None and (claimed.epoch, claimed.seq) != (event.epoch, event.seq):
        detail = f"the user properties say {claimed.epoch}-{claimed.seq}, the body {event.id}"
        return _refused(body, address, claimed, RefusalReason.WRONG_SOURCE, detail)
    try:
        return fact_of(address, event, body)
    except Exception as error:  # noqa: BLE001 - whatever a hostile body breaks must not stop the stream
        detail = f"it cannot be counted: {type(error).__name__}"
        return _refused(body, address, Claim(event.epoch, event.seq), RefusalReason.INVALID, detail)


def _refused(body: bytes, address: Address, claimed: Claim | None, reason: RefusalReason, detail: str) -> RefusedBody:
    return RefusedBody(
        address=address,
        epoch=claimed.epoch if claimed else None,
        seq=claimed.seq if claimed else None,
        reason=reason,
        detail=detail,
        body=body,
        sha256=hashlib.sha256(body).digest(),
    )


def _claim_in(body: bytes) -> Claim | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return claim(content.get("epoch"), content.get("seq")) if isinstance(content, dict) else None
