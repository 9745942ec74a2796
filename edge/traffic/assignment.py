"""The exact assignment of detections to tracks: few people stand in one frame, and most pairs are out of reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]


def assign(costs: Floats, limit: float) -> tuple[Indices, Indices]:
    """Pairs of rows and columns of the least total cost, where leaving a row and a column single costs `limit`.

    Pairs that have no other choice are taken at once; the rest is solved by shortest augmenting paths (Kuhn 1955;
    Jonker & Volgenant 1987), O(rows^2 * columns) of what is left.

    Args:
        costs: (rows, columns); pairs of cost `limit` or more, or not finite, are never made.
        limit: the cost above which two are better left single.

    Returns:
        Rows and their columns, by row.
    """
    gains = np.where(np.isfinite(costs), costs, limit) - limit
    able = gains < 0
    lone = able & (able.sum(axis=1, keepdims=True) == 1) & (able.sum(axis=0, keepdims=True) == 1)
    rows, columns = np.nonzero(lone)
    left_rows = np.flatnonzero(able.any(axis=1) & ~lone.any(axis=1))
    left_columns = np.flatnonzero(able.any(axis=0) & ~lone.any(axis=0))
    if left_rows.size:
        # Whoever stays single takes a pair that gains nothing; there is one for everybody of the smaller side.
        part = np.minimum(gains[np.ix_(left_rows, left_columns)], 0.0)
        chosen = _solve(part) if part.shape[0] <= part.shape[1] else _turned(_solve(part.T), part.shape[0])
        taken = np.flatnonzero(chosen >= 0)
        taken = taken[part[taken, chosen[taken]] < 0]
        rows = np.concatenate([rows, left_rows[taken]])
        columns = np.concatenate([columns, left_columns[chosen[taken]]])
    order = np.argsort(rows)
    return rows[order], columns[order]


def _turned(row_of_column: Indices, rows: int) -> Indices:
    chosen = np.full(rows, -1, dtype=np.intp)
    chosen[row_of_column] = np.arange(len(row_of_column))
    return chosen


def _solve(costs: Floats) -> Indices:
    """(n, m) costs with n <= m -> (n,) the column of each row; every row gets one."""
    n, m = costs.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    row_of = np.full(m, -1, dtype=np.intp)
    for row in range(n):
        slack, before = np.full(m, np.inf), np.full(m, -1, dtype=np.intp)
        done = np.zeros(m, dtype=bool)
        at, column = row, -1
        while True:
            reach = costs[at] - row_price[at] - column_price
            nearer = ~done & (reach < slack)
            slack[nearer], before[nearer] = reach[nearer], column
            column = int(np.argmin(np.where(done, np.inf, slack)))
            step = slack[column]
            # Prices move so that every pair on the shortest path stays tight and none is undercut.
            row_price[row] += step
            row_price[row_of[done]] += step
            column_price[done] -= step
            slack[~done] -= step
            done[column] = True
            if row_of[column] < 0:
                break
            at = int(row_of[column])
        while column >= 0:
            previous = int(before[column])
            row_of[column] = row if previous < 0 else row_of[previous]
            column = previous
    chosen = np.full(n, -1, dtype=np.intp)
    columns = np.flatnonzero(row_of >= 0)
    chosen[row_of[columns]] = columns
    return chosen
