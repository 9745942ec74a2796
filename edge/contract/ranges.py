"""Ranges of sequence numbers: what an outbox sent, what a ledger holds, what a receipt says.

A set of sequence numbers is a tuple of `(first, last)` pairs, both ends included, in ascending order, never
overlapping and never touching (`(1, 3), (4, 6)` is `(1, 6)`). Every function returns that form.
"""

from __future__ import annotations

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
    """Everything in `ranges` that is not in `taken`."""
    left: list[Range] = []
    holes = merge(taken)
    for first, last in merge(ranges):
        start = first
        for hole_first, hole_last in holes:
            if hole_last < start:
                continue
            if hole_first > last:
                break
            if hole_first > start:
                left.append((start, hole_first - 1))
            start = hole_last + 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def intersect(left: Iterable[Range], right: Iterable[Range]) -> Ranges:
    """Everything that is in both."""
    one = merge(left)
    return subtract(one, subtract(one, right))


def contains(ranges: Iterable[Range], number: int) -> bool:
    """Whether a number lies in one of the ranges."""
    return any(first <= number <= last for first, last in ranges)


def size(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(last - first + 1 for first, last in merge(ranges))


def numbers(ranges: Iterable[Range]) -> Iterator[int]:
    """Each number of the ranges, ascending."""
    for first, last in merge(ranges):
        yield from range(first, last + 1)
