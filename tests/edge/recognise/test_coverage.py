import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.coverage import Point, coverage_precision

# Few distinct scores, so that facings of the same score come up.
FACINGS = st.lists(st.tuples(st.integers(0, 8).map(lambda eighth: eighth / 8), st.booleans()), min_size=1)


def curve(facings: list[tuple[float, bool]], *, most: int = 50) -> list[Point]:
    return coverage_precision(
        np.array([score for score, _ in facings], np.float64),
        np.array([right for _, right in facings], np.bool_),
        most=most,
    )


def test_a_lower_threshold_names_more() -> None:
    points = curve([(0.9, True), (0.5, False), (0.7, True), (0.3, False)])
    assert points == [Point(0.9, 0.25, 1.0), Point(0.7, 0.5, 1.0), Point(0.5, 0.75, 2 / 3), Point(0.3, 1.0, 0.5)]


@given(FACINGS)
def test_every_point_is_what_its_threshold_gives(facings: list[tuple[float, bool]]) -> None:
    for point in curve(facings):
        named = [right for score, right in facings if score >= point.threshold]
        assert point.coverage == pytest.approx(len(named) / len(facings))
        assert point.precision == pytest.approx(sum(named) / len(named))


@given(FACINGS, st.integers(2, 5))
def test_thinned_to_few_points_it_keeps_both_ends(facings: list[tuple[float, bool]], most: int) -> None:
    whole, thin = curve(facings), curve(facings, most=most)
    assert len(thin) == min(most, len(whole))
    assert (thin[0], thin[-1]) == (whole[0], whole[-1])
    assert thin[-1].coverage == 1.0


def test_without_facings_there_is_no_curve() -> None:
    assert curve([]) == []
