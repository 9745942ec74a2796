"""Global alignment of two sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

COLUMN_SKIPPED, ROW_SKIPPED, PAIRED = range(3)
"""The ways back through the table, in the order they are taken of equally cheap ones."""


def align_sequences(pair: Floats, skip_row: Floats, skip_column: Floats) -> tuple[float, list[tuple[int, int]]]:
    """Pair rows with columns in order, at the least total cost (Needleman & Wunsch 1970).

    Args:
        pair: (n, m) cost of pairing row i with column j; infinite where they may not be paired.
        skip_row: (n,) cost of leaving row i without a column.
        skip_column: (m,) cost of leaving column j without a row.

    Returns:
        The total cost and the pairs, ascending in both. Of equally cheap alignments the one that pairs first is taken.
        O(n m), a row at a time.
    """
    rows, columns = pair.shape
    # Skipping columns from k to j costs a difference of this sum, which makes a row one running minimum.
    skipped = np.concatenate([[0.0], np.cumsum(skip_column)])
    table = np.empty((rows + 1, columns + 1))
    table[0] = skipped
    for i in range(rows):
        entered = table[i] + skip_row[i]
        np.minimum(entered[1:], table[i, :-1] + pair[i], out=entered[1:])
        table[i + 1] = skipped + np.minimum.accumulate(entered - skipped)
    pairs: list[tuple[int, int]] = []
    i, j = rows, columns
    while i and j:
        # Rounding of the running sums may part equal values, so the cheapest way back is taken, not an equal one.
        ways = (
            table[i, j - 1] + skip_column[j - 1],
            table[i - 1, j] + skip_row[i - 1],
            table[i - 1, j - 1] + pair[i - 1, j - 1],
        )
        way = int(np.argmin(ways))
        if way == PAIRED:
            pairs.append((i - 1, j - 1))
        i -= way != COLUMN_SKIPPED
        j -= way != ROW_SKIPPED
    return float(table[rows, columns]), pairs[::-1]
