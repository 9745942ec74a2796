from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.collect.split import guess_elements, is_array, split_array

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
space = st.text(alphabet=" \t\r\n", max_size=3)


@given(values=st.lists(st.tuples(json_values, st.booleans(), st.integers(0, 3)), max_size=6), gap=space)
def test_every_element_keeps_exactly_its_bytes(values: list[tuple[object, bool, int]], gap: str) -> None:
    written = [
        json.dumps(value, ensure_ascii=ascii_only, indent=indent or None).encode("utf-8", "surrogatepass")
        for value, ascii_only, indent in values
    ]
    between = gap.encode()
    whole = between + b"[" + between + (between + b"," + between).join(written) + between + b"]" + between
    assert is_array(whole)
    assert split_array(whole) == written


def _is_json(part: bytes) -> bool:
    try:
        json.loads(part)
    except ValueError:
        return False
    return True


def test_a_number_that_no_int_holds_is_one_element_like_any_other() -> None:
    assert split_array(b"[1, %b]" % (b"9" * 5000)) == [b"1", b"9" * 5000]


@given(st.lists(json_values, min_size=1, max_size=6), st.text(max_size=3), st.sampled_from([(",", ":"), (", ", ": ")]))
def test_a_guess_whose_parts_are_all_json_is_how_the_array_is_taken_apart(
    values: list[object], key: str, between: tuple[str, str]
) -> None:
    events = [{key: value, "data": [{key: 1}, {key: 2}]} for value in values]
    body = json.dumps(events, separators=between).encode()
    parts = guess_elements(body)
    if all(map(_is_json, parts)) and parts:
        assert parts == split_array(body)
    if parts:
        assert b"[" + b",".join(parts) + b"]" == body


def test_events_written_alike_are_guessed_right() -> None:
    written = [b'{"specversion":"1.0","data":{"a":[{"b":1},{"b":2}]}}', b'{"specversion":"1.0","data":"},{"}']
    assert guess_elements(b" [" + b",".join(written) + b"]\n") == written


@given(st.binary(max_size=60))
def test_no_bytes_break_it(body: bytes) -> None:
    parts = split_array(b"[" + body)
    assert parts is None or all(part in body for part in parts)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1]x",
        b"[1][2]",
        b"[" * 200_000,
        b"[\xff]",
        b'["\xed\xa0\x80"]',
    ],
)
def test_what_is_no_array_is_none(body: bytes) -> None:
    assert split_array(body) is None


@pytest.mark.parametrize("body", [b"{}", b"", b"  1", b"\x0b[1]"])
def test_a_single_value_is_no_array(body: bytes) -> None:
    assert not is_array(body)
