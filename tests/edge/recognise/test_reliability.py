import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.reliability import Bin, expected_calibration_error, reliability

FACINGS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1)


def bins_of(facings: list[tuple[float, bool]]) -> list[Bin]:
    return reliability(
        np.array([score for score, _ in facings], np.float64), np.array([right for _, right in facings], np.bool_)
    )


def test_a_bin_holds_its_facings_and_empty_bins_are_left_out() -> None:
    low, high = bins_of([(0.12, False), (0.95, True), (0.97, True), (0.99, False)])
    assert (low.low, low.high, low.count, low.right) == (0.1, 0.2, 1, 0.0)
    assert (high.low, high.high, high.count) == (0.9, 1.0, 3)
    assert high.score == pytest.approx(0.97)
    assert high.right == pytest.approx(2 / 3)


def test_scores_that_mean_what_they_say_have_no_error() -> None:
    assert expected_calibration_error(bins_of([(0.75, True)] * 3 + [(0.75, False)])) == pytest.approx(0.0)


def test_the_error_is_weighted_by_facings() -> None:
    # Three facings are off by 0.1, one by 0.8.
    error = expected_calibration_error(bins_of([(0.9, True)] * 3 + [(0.8, False)]))
    assert error == pytest.approx((3 * 0.1 + 0.8) / 4)


@given(FACINGS)
def test_every_facing_stands_in_one_bin_within_its_limits(facings: list[tuple[float, bool]]) -> None:
    bins = bins_of(facings)
    assert sum(one.count for one in bins) == len(facings)
    assert sum(one.count * one.right for one in bins) == pytest.approx(sum(right for _, right in facings))
    assert all(one.low - 1e-9 <= one.score <= one.high + 1e-9 for one in bins)


@given(FACINGS)
def test_the_error_is_a_share(facings: list[tuple[float, bool]]) -> None:
    error = expected_calibration_error(bins_of(facings))
    assert error is not None
    assert 0 <= error <= 1


def test_without_facings_there_is_no_error() -> None:
    assert expected_calibration_error(bins_of([])) is None
