from __future__ import annotations

import pytest

from cloud_sink.collect.triage import Claim, claim, read_message
from cloud_sink.store.facts import Fact, RefusedBody
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.words import DEVICE, EPOCH, body, rejected


@pytest.mark.parametrize(
    ("epoch", "seq", "expected"),
    [
        (EPOCH, "12", Claim(EPOCH, 12)),
        (EPOCH, 12, Claim(EPOCH, 12)),
        (EPOCH, str(2**53 - 1), Claim(EPOCH, 2**53 - 1)),
        (EPOCH, str(2**53), None),  # no number of this agreement
        (EPOCH, "012", None),
        (EPOCH, "٣", None),  # a digit, but not of this agreement
        (EPOCH, "12\n", None),
        (EPOCH, True, None),
        (EPOCH, 1.0, None),
        (EPOCH, None, None),
        (EPOCH.upper(), "1", None),
        (EPOCH + "\n", "1", None),
        (7, "1", None),
    ],
)
def test_only_well_formed_claims_count(epoch: object, seq: object, expected: Claim | None) -> None:
    assert claim(epoch, seq) == expected


def test_the_body_of_an_invalid_event_names_it_without_properties() -> None:
    (part,) = read_message(body(rejected(5) | {"clock": "?"}), DEVICE, None)
    assert isinstance(part, RefusedBody)
    assert (part.epoch, part.seq, part.reason) == (EPOCH, 5, RefusalReason.INVALID)


def test_properties_of_an_array_are_not_held_against_its_events() -> None:
    whole = b"[" + body(rejected(1)) + b"," + body(rejected(2)) + b"]"
    parts = list(read_message(whole, DEVICE, Claim(EPOCH, 1)))
    assert [part.seq for part in parts if isinstance(part, Fact)] == [1, 2]


def test_an_event_has_the_same_hash_alone_and_in_an_array() -> None:
    alone = body(rejected(1))
    (single,) = read_message(alone, DEVICE, None)
    (element,) = read_message(b"[ " + alone + b" ]", DEVICE, None)
    assert single == element


def refused_in(payload: bytes, claimed: Claim | None) -> list[tuple[str | None, int | None, bytes]]:
    parts = read_message(payload, DEVICE, claimed)
    return [(part.epoch, part.seq, part.body) for part in parts if isinstance(part, RefusedBody)]


def test_a_refused_body_is_answered_under_its_properties_not_under_a_number_that_may_be_another_event_s() -> None:
    bad = body(rejected(10) | {"clock": "?"})
    assert refused_in(bad, Claim(EPOCH, 42)) == [(EPOCH, 42, bad)]


@pytest.mark.parametrize("claimed", [None, Claim(EPOCH, 42)])
def test_an_invalid_element_of_an_array_is_answered_under_its_own_number(claimed: Claim | None) -> None:
    bad = body(rejected(10) | {"clock": "?"})
    assert refused_in(b"[" + bad + b"]", claimed) == [(EPOCH, 10, bad)]


@pytest.mark.parametrize("whole", [b"[1,2]", b"[]", b'[{"a": 1}, {"b": 2}]', b'[{"seq": 1}, null, "x"]'])
@pytest.mark.parametrize("claimed", [None, Claim(EPOCH, 42)])
def test_an_array_that_names_no_event_is_refused_whole_under_its_properties(
    whole: bytes, claimed: Claim | None
) -> None:
    key = (claimed.epoch, claimed.seq) if claimed else (None, None)
    assert refused_in(whole, claimed) == [(*key, whole)]


def test_a_hundred_thousand_numbers_in_an_array_are_one_refusal() -> None:
    whole = b"[" + b",".join([b"1"] * 100_000) + b"]"
    assert len(refused_in(whole, None)) == 1


def test_a_body_of_which_only_the_beginning_was_kept_is_too_large_and_says_so() -> None:
    (part,) = read_message(b"[" * 10, DEVICE, Claim(EPOCH, 1), cut=250_000_000)
    assert isinstance(part, RefusedBody)
    assert (part.reason, part.seq, part.body) == (RefusalReason.TOO_LARGE, 1, b"[" * 10)
    assert part.detail == "250000010 bytes, at most 262144; the first 10 are kept"


def test_the_shortest_element_that_names_an_event_is_refused_under_its_number() -> None:
    named = b'{"epoch":"%b","seq":7}' % EPOCH.encode()
    assert refused_in(b"[{}," + named + b"]", None) == [(EPOCH, 7, named), (None, None, b"[{}," + named + b"]")]


def test_what_an_array_holds_beside_events_is_kept_and_refuses_none_of_them() -> None:
    whole = b"[" + body(rejected(1)) + b",17]"
    first, second = read_message(whole, DEVICE, Claim(EPOCH, 1))
    assert isinstance(first, Fact)
    assert isinstance(second, RefusedBody)
    assert (second.epoch, second.seq, second.body) == (None, None, whole)
