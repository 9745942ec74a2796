"""The assignment is exact: as good as the best of all possible ones."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.traffic.assignment import assign

costs_of = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: st.lists(st.integers(0, 12), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.array(values, dtype=np.float64).reshape(shape)
    )
)


@given(costs_of)
def test_no_other_assignment_is_cheaper(costs: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    limit = 8.0
    rows, columns = assign(costs, limit)
    assert len(set(rows.tolist())) == len(rows)
    assert len(set(columns.tolist())) == len(columns)
    assert (costs[rows, columns] < limit).all()
    side = max(costs.shape)
    gains = np.zeros((side, side))
    gains[: costs.shape[0], : costs.shape[1]] = np.minimum(costs - limit, 0)
    best = min(sum(gains[row, column] for row, column in enumerate(order)) for order in permutations(range(side)))
    assert (costs[rows, columns] - limit).sum() == best


def test_the_nearest_is_left_to_who_has_no_other() -> None:
    rows, columns = assign(np.array([[1.0, 2.0], [2.0, np.inf]]), limit=10.0)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_a_pair_that_cannot_be_is_never_made() -> None:
    assert assign(np.array([[np.inf, np.nan], [9.0, np.inf]]), limit=9.0)[0].size == 0


def test_a_crowded_frame_is_solved() -> None:
    """Sixty people within reach of one another: the row's own detection is the cheapest, and everybody gets it."""
    order = np.random.default_rng(0).permutation(60)
    costs = np.abs(np.arange(60)[:, None] - order[None]).astype(float) ** 2
    rows, columns = assign(costs, limit=10_000.0)
    assert (order[columns] == rows).all()
