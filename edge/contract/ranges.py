"""Ranges of sequence numbers: what an outbox sent, what a ledger holds, what a receipt says.

A set of sequence numbers is a tuple of `(first, last)` pairs, both ends included, in ascending order, never
overlapping and never touching (`(1, 3), (4, 6)` is `(1, 6)`). Every function returns that form.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Range = tuple[int, int]
Ranges = tuple[Range, ...]


def from_numbers(numbers: Iterable[int]) -> Ranges:
    """Gather single numbers, in any order and with repeats, into ranges."""
    return merge((n, n) for n in numbers)


def merge(ranges: Iterable[Range]) -> Ranges:
    """Bring ranges in any order, overlapping or touching, into the normal form. O(n log n).

    Raises:
        ValueError: a range that ends before it begins.
    """
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if last < first:
            raise ValueError(f"range [{first}, {last}] ends before it begins")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def subtract(ranges: Iterable[Range], taken: Iterable[Range]) -> Ranges:
    """Everything in `ranges` that is not in `taken`. O(n log n): a hostile ledger has a hundred thousand of them."""
    left: list[Range] = []
    holes = merge(taken)
    at = 0
    for start, last in merge(ranges):
        while at < len(holes) and holes[at][0] <= last:
            hole_first, hole_last = holes[at]
            if hole_first > start:
                left.append((start, hole_first - 1))
            start = max(start, hole_last + 1)  # noqa: PLW2901 - what is left of the range
            if hole_last > last:  # it may reach into the next range
                break
            at += 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def intersect(left: Iterable[Range], right: Iterable[Range]) -> Ranges:
    """Everything that is in both."""
    one = merge(left)
    return subtract(one, subtract(one, right))


def contains(ranges: Ranges, number: int) -> bool:
    """Whether a number lies in one of the ranges. O(log n)."""
    at = bisect_right(ranges, number, key=itemgetter(0))
    return at > 0 and number <= ranges[at - 1][1]


def size(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in merge(ranges))


def numbers(ranges: Iterable[Range]) -> Iterator[int]:
    """Each number of the ranges, ascending."""
    for first, last in merge(ranges):
        yield from range(first, last + 1)
