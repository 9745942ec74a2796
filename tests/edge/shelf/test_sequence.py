from __future__ import annotations

import functools
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.sequence import align_sequences

COST = st.integers(0, 16).map(lambda quarters: quarters / 4)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[list[float]], list[float], list[float]]:
    rows, columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    pair = [[draw(COST) for _ in range(columns)] for _ in range(rows)]
    return pair, [draw(COST) for _ in range(rows)], [draw(COST) for _ in range(columns)]


@given(problems())
def test_no_alignment_is_cheaper(problem: tuple[list[list[float]], list[float], list[float]]) -> None:
    pair, skip_row, skip_column = problem

    @functools.cache
    def cheapest(i: int, j: int) -> float:
        ways = [0.0] if i == j == 0 else []
        ways += [cheapest(i - 1, j - 1) + pair[i - 1][j - 1]] if i and j else []
        ways += [cheapest(i - 1, j) + skip_row[i - 1]] if i else []
        ways += [cheapest(i, j - 1) + skip_column[j - 1]] if j else []
        return min(ways)

    rows, columns = len(skip_row), len(skip_column)
    cost, pairs = align_sequences(
        np.array(pair, dtype=float).reshape(rows, columns), np.array(skip_row), np.array(skip_column)
    )
    assert cost == cheapest(rows, columns)
    paid = sum(pair[i][j] for i, j in pairs)
    paid += sum(skip for i, skip in enumerate(skip_row) if i not in {i for i, _ in pairs})
    paid += sum(skip for j, skip in enumerate(skip_column) if j not in {j for _, j in pairs})
    assert paid == cost
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(pairs))
