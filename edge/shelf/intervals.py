"""Which intervals meet: the pairs every step on shelves begins with, without comparing each box with each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.intp]


def meeting_pairs(start: Floats, end: Floats) -> tuple[Indices, Indices]:
    """Pairs of intervals of which one starts before the other has ended.

    Args:
        start: (n,) where each interval starts.
        end: (n,) where it ends, not before its start.

    Returns:
        Two (p,) index arrays: the interval that starts first, and the one that starts within it. Each pair stands
        once. O(n log n + p).
    """
    order = np.argsort(start, kind="stable")
    ordered = start[order]
    after = np.arange(len(start)) + 1
    last = np.maximum(np.searchsorted(ordered, end[order], side="right"), after)
    counts = last - after
    first = np.repeat(np.arange(len(start)), counts)
    # Each run counts up from the interval after its own: a ramp over all pairs, less where the run began.
    runs = np.cumsum(counts) - counts
    second = np.arange(counts.sum()) - np.repeat(runs, counts) + np.repeat(after, counts)
    return order[first], order[second]


def components(count: int, first: Indices, second: Indices) -> Indices:
    """Connected components of a graph.

    Args:
        count: number of nodes.
        first: (m,) one end of each edge.
        second: (m,) the other end.

    Returns:
        (count,) the smallest node of each node's component.
    """
    label = np.arange(count)
    while True:
        low = np.minimum(label[first], label[second])
        hooked = label.copy()
        # Hooking the roots, not the nodes, halves the depth in each round instead of walking the chain.
        np.minimum.at(hooked, label[first], low)
        np.minimum.at(hooked, label[second], low)
        hooked = hooked[hooked]
        if np.array_equal(hooked, label):
            return label
        label = hooked
