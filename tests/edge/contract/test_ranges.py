"""Range arithmetic behaves as sets of numbers do."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract import ranges

pairs = st.tuples(st.integers(1, 60), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))
many = st.lists(pairs, max_size=12)


def as_set(value: list[tuple[int, int]] | ranges.Ranges) -> set[int]:
    return {number for first, last in value for number in range(first, last + 1)}


@given(many)
def test_merging_keeps_every_number_and_leaves_neither_overlap_nor_touch(value: list[tuple[int, int]]) -> None:
    merged = ranges.merge(value)
    assert as_set(merged) == as_set(value)
    assert all(later[0] > earlier[1] + 1 for earlier, later in itertools.pairwise(merged))


@given(many, many)
def test_subtract_and_intersect_are_those_of_sets(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    assert as_set(ranges.subtract(left, right)) == as_set(left) - as_set(right)
    assert as_set(ranges.intersect(left, right)) == as_set(left) & as_set(right)


@given(many, st.integers(1, 80))
def test_contains_and_size_and_numbers_agree(value: list[tuple[int, int]], number: int) -> None:
    assert ranges.contains(ranges.merge(value), number) == (number in as_set(value))
    assert ranges.size(value) == len(as_set(value))
    assert list(ranges.numbers(value)) == sorted(as_set(value))


def test_a_hundred_thousand_ranges_are_subtracted_and_searched_in_one_go() -> None:
    many = ranges.from_numbers(range(1, 200_000, 2))
    assert ranges.subtract([(1, 199_999)], many) == ranges.from_numbers(range(2, 200_000, 2))
    assert ranges.subtract(many, ranges.subtract([(1, 199_999)], many)) == many
    assert sum(ranges.contains(many, number) for number in range(100_000, 200_000)) == 50_000


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        ranges.merge([(3, 2)])
