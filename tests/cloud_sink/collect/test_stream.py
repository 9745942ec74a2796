"""What a device is answered, by a whole sink over its embedded broker."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from edge.contract.events import MAX_EVENT_BYTES
from edge.contract.topics import Address, Channel
from tests.cloud_sink.conftest import SinkProcess
from tests.cloud_sink.raw_device import RawDevice, device
from tests.cloud_sink.words import EPOCH, body, observed, rejected

if TYPE_CHECKING:
    from pathlib import Path


def rows(sink: SinkProcess, statement: str, *values: object) -> list[Any]:
    with sqlite3.connect(sink.folder / "data" / "sink.db") as connection:
        return connection.execute(statement, values).fetchall()


def of(raw: RawDevice) -> dict[str, Any]:
    return {"device": raw.address}


def held(sink: SinkProcess, name: str) -> list[Any]:
    return rows(sink, "SELECT seq, reason, body FROM quarantine WHERE device = ? ORDER BY seq", name)


def test_a_valid_event_is_stored_with_its_own_bytes_and_receipted(sink: SinkProcess) -> None:
    with device(sink, "valid") as raw:
        sent = body(rejected(1, **of(raw)))
        raw.send(sent)
        receipt = raw.receipt()
    assert receipt.pop("at").endswith("Z")  # the collector's clock
    assert receipt == {"epoch": EPOCH, "ranges": [[1, 1]], "refused": [], "conflicts": []}
    assert rows(sink, "SELECT body FROM events WHERE device = 'valid'") == [(sent,)]


def test_a_known_event_is_stored_once_and_receipted_again(sink: SinkProcess) -> None:
    with device(sink, "doubled") as raw:
        sent = body(rejected(1, fixture="f-doubled", **of(raw)))
        for _ in range(3):
            raw.send(sent)
            assert raw.receipt()["ranges"] == [[1, 1]]
    assert rows(sink, "SELECT count(*) FROM events WHERE device = 'doubled'") == [(1,)]
    assert rows(sink, "SELECT rejected FROM fixture_day WHERE fixture = 'f-doubled'") == [(1,)]


def test_other_bytes_under_a_known_key_are_a_conflict(sink: SinkProcess) -> None:
    with device(sink, "cloned") as raw:
        original, clone = body(rejected(1, **of(raw))), body(rejected(1, reason="fogged", **of(raw)))
        raw.send(original)
        raw.receipt()
        raw.send(clone)
        receipt = raw.receipt()
    assert (receipt["ranges"], receipt["conflicts"]) == ([], [1])
    assert held(sink, "cloned") == [(1, "conflict", clone)]
    assert rows(sink, "SELECT body FROM events WHERE device = 'cloned'") == [(original,)]


def test_a_conflict_within_one_array_is_one_too(sink: SinkProcess) -> None:
    with device(sink, "cloned-array") as raw:
        both = [rejected(1, **of(raw)), rejected(1, reason="fogged", **of(raw))]
        raw.send(json.dumps(both).encode())
        receipt = raw.receipt()
    assert (receipt["ranges"], receipt["conflicts"]) == ([[1, 1]], [1])


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("invalid", {"zone": 5}, "invalid"),
        ("no-data", {"data": None}, "invalid"),
        ("new-major", {"type": "shelf.observed.v2"}, "unknown-major"),
        ("new-type", {"type": "shelf.smelled.v1"}, "unknown-type"),
        ("elsewhere", {"source": "/acme/s1/somebody-else"}, "wrong-source"),
        ("other-tenant", {"source": "/rival/s1/other-tenant"}, "wrong-source"),
    ],
)
def test_what_is_no_event_is_quarantined_and_receipted_as_refused(
    sink: SinkProcess, name: str, change: dict[str, Any], reason: str
) -> None:
    with device(sink, name) as raw:
        bad = body(rejected(1, **of(raw)) | change)
        raw.send(bad)
        raw.send(body(rejected(2, **of(raw))))
        answered = raw.answered(2)
    assert answered == {"taken": {2}, "refused": {1: reason}, "conflicts": set()}
    assert held(sink, name) == [(1, reason, bad)]


def test_an_event_of_the_store_where_the_device_was_before_is_taken(sink: SinkProcess) -> None:
    with device(sink, "moved") as raw:
        raw.send(body(rejected(1, device=Address("acme", "s-old", "moved"))))
        assert raw.receipt()["ranges"] == [[1, 1]]
    assert rows(sink, "SELECT store FROM events WHERE device = 'moved'") == [("s-old",)]


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("garbage", b"\xff\x00 not json"),
        ("cut", b'{"specversion": "1.0", "id"'),
        ("cut-array", b'[{"a": 1}, {"b"'),
        ("nested", b"[" * 100_000),
        ("nested-object", b'{"a":' * 40_000),
        ("nested-in-event", b'{"type": "shelf.observed.v1", "data": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    ],
)
def test_an_unreadable_body_is_answered_by_its_user_properties(sink: SinkProcess, name: str, payload: bytes) -> None:
    with device(sink, name) as raw:
        raw.send(payload, properties={"epoch": EPOCH, "seq": "7"})
        receipt = raw.receipt()
    assert [(one["seq"], one["reason"]) for one in receipt["refused"]] == [(7, "unreadable")]
    assert held(sink, name) == [(7, "unreadable", payload)]


@pytest.mark.parametrize(
    "properties", [{}, {"epoch": EPOCH}, {"epoch": "no", "seq": "1"}, {"epoch": EPOCH, "seq": "0"}]
)
def test_an_unreadable_body_of_nobody_is_kept_and_the_stream_goes_on(
    sink: SinkProcess, properties: dict[str, str]
) -> None:
    name = f"nobody-{len(properties)}-{properties.get('seq', 'x')}"
    with device(sink, name) as raw:
        raw.send(b"?", properties=properties)
        raw.send(body(rejected(1, **of(raw))))
        assert raw.answered(1)["taken"] == {1}
    assert held(sink, name) == [(0, "unreadable", b"?")]


def test_user_properties_that_contradict_the_body_are_refused_under_their_own_number(sink: SinkProcess) -> None:
    with device(sink, "two-faced") as raw:
        raw.send(body(rejected(1, **of(raw))), properties={"epoch": EPOCH, "seq": "2"})
        assert raw.answered(1)["refused"] == {2: "wrong-source"}
    assert rows(sink, "SELECT count(*) FROM events WHERE device = 'two-faced'") == [(0,)]


def test_a_body_a_little_too_long_is_refused_and_the_longest_is_taken(sink: SinkProcess) -> None:
    with device(sink, "long") as raw:
        event = rejected(1, **of(raw))
        longest = body(event | {"padding": ""})
        longest = body(event | {"padding": "x" * (MAX_EVENT_BYTES - len(longest))})
        assert len(longest) == MAX_EVENT_BYTES
        raw.send(longest)
        raw.send(b"[" + longest + b"]", properties={"epoch": EPOCH, "seq": "2"})
        assert raw.answered(2) == {"taken": {1}, "refused": {2: "too-large"}, "conflicts": set()}


def test_each_event_of_an_array_is_judged_alone_and_keeps_its_bytes(sink: SinkProcess) -> None:
    with device(sink, "array") as raw:
        alone = json.dumps(rejected(1, **of(raw)), indent=1).encode()
        unicode = json.dumps(rejected(2, **of(raw)) | {"note": "kühl, 冷柜"}, ensure_ascii=False).encode()
        wrong = body(rejected(3, **of(raw)) | {"type": "shelf.observed.v9"})
        whole = b" [" + b" ,\n ".join([alone, unicode, wrong, b"17", b"null"]) + b"]\n"
        raw.send(whole)
        assert raw.answered(3) == {"taken": {1, 2}, "refused": {3: "unknown-major"}, "conflicts": set()}
        raw.send(alone)
        assert raw.receipt()["ranges"] == [[1, 1]]
    assert rows(sink, "SELECT body FROM events WHERE device = 'array' ORDER BY seq") == [(alone,), (unicode,)]
    assert sorted(held(sink, "array")) == [(0, "invalid", whole), (3, "unknown-major", wrong)]


def test_an_invalid_event_does_not_refuse_the_one_whose_number_it_gives(sink: SinkProcess) -> None:
    with device(sink, "borrowed") as raw:
        raw.send(body(rejected(10, **of(raw)) | {"clock": "?"}), properties={"epoch": EPOCH, "seq": "42"})
        assert raw.answered(1)["refused"] == {42: "invalid"}
        raw.send(b"[1,2]", properties={"epoch": EPOCH, "seq": "43"})
        assert raw.answered(1)["refused"] == {43: "invalid"}
        raw.send(body(rejected(10, **of(raw))), properties={"epoch": EPOCH, "seq": "10"})
        assert raw.answered(1)["taken"] == {10}


def test_more_messages_than_the_window_of_the_broker_are_all_answered(sink: SinkProcess) -> None:
    with device(sink, "many") as raw:
        for seq in range(1, 251):
            raw.send(body(observed(seq, [], **of(raw))))
        assert raw.answered(250)["taken"] == set(range(1, 251))
    assert rows(sink, "SELECT first, last FROM ledger WHERE device = 'many'") == [(1, 250)]


def test_topics_that_are_none_do_not_stop_the_stream(sink: SinkProcess) -> None:
    with device(sink, "odd") as raw:
        raw._client.publish("facings/v1/UPPER/s1/odd/events", b"{}", qos=1).wait_for_publish(10)
        raw._client.publish("facings/v1/acme/s 1/odd/state", b"{}", qos=1).wait_for_publish(10)
        raw.send(b"not a state", channel=Channel.STATE)
        raw.send(body(rejected(1, **of(raw))))
        assert raw.receipt()["ranges"] == [[1, 1]]


def test_rubbish_without_end_fills_the_share_that_is_set_and_no_more(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink", config="intake: {quarantine_mb: 1}")
    sink.start()
    with device(sink, "rubbish") as raw:
        for number in range(1, 13):
            raw.send(b"%d" % number + b"x" * 200_000, properties={"epoch": EPOCH, "seq": str(number)})
        assert set(raw.answered(12)["refused"]) == set(range(1, 13))
    assert [seq for seq, *_ in held(sink, "rubbish")] == [9, 10, 11, 12]
    assert sink.stop() == 0
    assert (sink.folder / "log").read_text().count("quarantine.full") == 1
