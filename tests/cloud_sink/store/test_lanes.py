"""Rows of counts as single numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.store.lanes import Lanes
from cloud_sink.store.tables import fixture_day, traffic_hour

NARROW, WIDE = Lanes(fixture_day), Lanes(traffic_hour, words=2)
SMALL, LARGE = st.integers(-(2**61), 2**61), st.integers(-(2**125), 2**125)


def rows(lanes: Lanes, counts: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries(dict.fromkeys(lanes.at, counts))


@given(rows(NARROW, SMALL), rows(NARROW, SMALL))
def test_packed_rows_add_up_and_are_taken_away_as_their_counts_are(one: dict[str, int], other: dict[str, int]) -> None:
    packed, more = NARROW.pack(**one), NARROW.pack(**other)
    assert NARROW.unpack(packed + more) == tuple(one[name] + other[name] for name in NARROW.at)
    assert NARROW.unpack(packed - more) == tuple(one[name] - other[name] for name in NARROW.at)


@given(rows(WIDE, LARGE))
def test_two_words_hold_what_no_column_does(one: dict[str, int]) -> None:
    assert WIDE.unpack(WIDE.pack(**one)) == tuple(one[name] for name in WIDE.at)


@given(rows(NARROW, SMALL), st.sampled_from(list(NARROW.at)))
def test_one_count_is_left_out_whatever_stands_beside_it(one: dict[str, int], name: str) -> None:
    assert NARROW.unpack(NARROW.without(name, NARROW.pack(**one))) == tuple(
        0 if other == name else one[other] for other in NARROW.at
    )
