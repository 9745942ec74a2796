from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.turns import TURNS
from tests.edge.recognise.files import HELD


@pytest.mark.parametrize("orientation", TURNS)
def test_a_stored_picture_is_turned_upright(orientation: int) -> None:
    picture = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)
    upright = TURNS[orientation].upright(np.asarray(HELD[orientation](picture), np.uint8))
    np.testing.assert_array_equal(upright, picture)
    assert upright.flags.c_contiguous


@given(st.sampled_from(sorted(TURNS)), st.data())
def test_a_box_of_the_upright_picture_is_told_where_it_is_stored(orientation: int, data: st.DataObject) -> None:
    turn = TURNS[orientation]
    x1, y1 = data.draw(st.tuples(st.integers(0, 8), st.integers(0, 6)))
    x2, y2 = data.draw(st.tuples(st.integers(x1 + 1, 9), st.integers(y1 + 1, 7)))
    upright = np.zeros((7, 9, 3), np.uint8)
    upright[y1:y2, x1:x2] = 1
    stored = np.asarray(HELD[orientation](upright), np.uint8)
    assert turn.stored_size(9, 7) == stored.shape[1::-1]
    left, top, right, bottom = (int(value) for value in turn.stored_box((x1, y1, x2, y2), width=9, height=7))
    assert stored[top:bottom, left:right].all()
    assert stored.sum() == 3 * (right - left) * (bottom - top)
