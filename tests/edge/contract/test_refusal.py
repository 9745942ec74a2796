"""Bytes from a device: an event, or the reason why they are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.events import EVENT_TYPES, MAX_EVENT_BYTES, ShelfObservedEvent
from edge.contract.receipts import Refusal, RefusalReason
from edge.contract.refusal import Refused, read_event
from edge.contract.topics import Address
from tests.edge.contract.examples import EXAMPLES, event

HERE = Address("acme", "store-1", "dev-1")


def body(name: str = "shelf.observed.v1", **changes: Any) -> bytes:
    return json.dumps({**json.loads(EXAMPLES[name].model_dump_json()), **changes}).encode()


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_valid_event_of_each_type_is_read_back_as_it_was(name: str) -> None:
    assert read_event(EXAMPLES[name].model_dump_json().encode(), HERE) == EXAMPLES[name]


def test_an_event_of_the_store_before_a_move_is_taken() -> None:
    moved = Address("acme", "store-2", "dev-1")
    assert isinstance(read_event(body(), moved), ShelfObservedEvent)


def test_a_key_of_a_newer_minor_version_is_let_through() -> None:
    assert isinstance(read_event(body(shiny="new"), HERE), ShelfObservedEvent)


@pytest.mark.parametrize(
    ("sent", "reason", "named"),
    [
        (b"", RefusalReason.UNREADABLE, "JSON"),
        (b"\xff\xfe", RefusalReason.UNREADABLE, "JSON"),
        (b'{"type": ', RefusalReason.UNREADABLE, "JSON"),
        (b"[" * 200_000, RefusalReason.UNREADABLE, "JSON"),
        (b"[]", RefusalReason.INVALID, "object"),
        (b"null", RefusalReason.INVALID, "object"),
        (body(type="shelf.observed.v2"), RefusalReason.UNKNOWN_MAJOR, "shelf.observed.v2"),
        (body(type="shelf.dreamt.v1"), RefusalReason.UNKNOWN_TYPE, "shelf.dreamt.v1"),
        (body(type=7), RefusalReason.INVALID, "type"),
        (body(type={"a": 1}), RefusalReason.INVALID, "type"),
        (body()[:-1] + b', "x": ' + b"9" * 5000 + b"}", RefusalReason.UNREADABLE, "number out of range"),
        (body(source="/acme/store-1/dev-2"), RefusalReason.WRONG_SOURCE, "dev-2"),
        (body(source="/other/store-1/dev-1"), RefusalReason.WRONG_SOURCE, "other"),
        (body(seq=2), RefusalReason.INVALID, "id is not"),
        (body(seq="1"), RefusalReason.INVALID, "seq"),
        (body(seq=True), RefusalReason.INVALID, "seq"),
        (body(seq=1.0), RefusalReason.INVALID, "seq"),
        (body(up="7"), RefusalReason.INVALID, "up"),
        (body(time=1_773_478_800), RefusalReason.INVALID, "time"),
        (body(time="2026-03-14T09:00:00"), RefusalReason.INVALID, "time"),
        (body(data={}), RefusalReason.INVALID, "data"),
        (b'{"x": "' + b"a" * MAX_EVENT_BYTES + b'"}', RefusalReason.TOO_LARGE, "bytes"),
    ],
)
def test_what_is_no_event_is_refused_with_its_reason(sent: bytes, reason: RefusalReason, named: str) -> None:
    refused = read_event(sent, HERE)
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert named in refused.detail


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"facings": []}, "facings is 1 but 0"),
        ({"kpis": {**json.loads(EXAMPLES["shelf.observed.v1"].data.kpis.model_dump_json()), "own": 2}}, "add up"),
        ({"gaps": [{"box": [0.1, 0.2, 0.3], "shelf": 1}]}, "gaps.0.box"),
        ({"gaps": [{"box": [0.1, 0.2, 0.3, 1.4], "shelf": 1}]}, "gaps.0.box.3"),
    ],
)
def test_an_observation_that_contradicts_itself_is_refused(change: dict[str, Any], named: str) -> None:
    content = json.loads(event("shelf.observed.v1").model_dump_json())
    content["data"].update(change)
    refused = read_event(json.dumps(content).encode(), HERE)
    assert isinstance(refused, Refused)
    assert refused.reason is RefusalReason.INVALID
    assert named in refused.detail


@pytest.mark.parametrize(
    "change",
    [
        {"type": "\U000e0001" * 1000},
        {"type": "a\0b"},
        {"data": {"planned": {"\0": 1}}},
        {"data": {"planned": {"\x1b[2J" * 1000: 1}}},
    ],
)
def test_a_reason_is_short_and_holds_nothing_that_cannot_be_printed(change: dict[str, Any]) -> None:
    content = json.loads(event("shelf.observed.v1").model_dump_json())
    data = content["data"] | change.get("data", {})
    refused = read_event(json.dumps(content | change | {"data": data}).encode(), HERE)
    assert isinstance(refused, Refused)
    assert Refusal(seq=1, reason=refused.reason, detail=refused.detail).detail.isprintable()


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_stumble(sent: bytes) -> None:
    assert isinstance(read_event(sent, HERE), Refused)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_makes_the_reader_stumble(content: Any) -> None:
    assert isinstance(read_event(json.dumps({"type": "shelf.observed.v1", "data": content}).encode(), HERE), Refused)
