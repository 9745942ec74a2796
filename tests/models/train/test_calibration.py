import numpy as np
import pytest

from edge.recognise.identity import probabilities
from models.train.calibration import (
    NONE,
    Evidence,
    calibrate,
    evidence,
    lowest_for_precision,
    together,
    weighted_quantile,
    without,
)


def made_up(seed: int = 0, *, count: int = 600, skus: int = 12) -> Evidence:
    """Known products near their SKU's references, one in six unknown."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, skus, count)
    labels[::6] = NONE
    cosines = rng.normal(0.2, 0.1, (count, skus))
    known = np.flatnonzero(labels != NONE)
    cosines[known, labels[known]] = rng.normal(0.75, 0.15, len(known))
    return evidence(cosines.clip(-1, 1).astype(np.float32), labels, weight=1.0)


def test_the_chosen_score_means_a_probability() -> None:
    doubt = calibrate(made_up(0))
    fresh = made_up(1, count=4000)
    chances = probabilities(fresh.cosines, scale=doubt.scale, none_cosine=doubt.none_cosine)[:, :-1]
    score, right = chances.max(1), chances.argmax(1) == fresh.labels
    for low, high in ((0.0, 0.5), (0.5, 0.9), (0.9, 1.0)):
        inside = (score >= low) & (score < high)
        assert right[inside].mean() == pytest.approx(score[inside].mean(), abs=0.12)


def test_recognised_is_nearly_always_right() -> None:
    doubt = calibrate(made_up(0))
    fresh = made_up(2, count=4000)
    chances = probabilities(fresh.cosines, scale=doubt.scale, none_cosine=doubt.none_cosine)[:, :-1]
    recognised = chances.max(1) >= doubt.recognised
    assert (chances.argmax(1) == fresh.labels)[recognised].mean() > 0.98
    assert recognised.mean() > 0.5


def test_few_known_products_are_called_unknown() -> None:
    doubt = calibrate(made_up(0))
    fresh = made_up(3, count=4000)
    none = probabilities(fresh.cosines, scale=doubt.scale, none_cosine=doubt.none_cosine)[:, -1]
    assert (none >= doubt.unknown)[fresh.labels != NONE].mean() < 0.03
    assert (none >= doubt.unknown)[fresh.labels == NONE].mean() > 0.5


def test_facings_of_a_sku_that_the_catalogue_lacks_are_unknown() -> None:
    whole = made_up()
    lacking = without(np.array([2, 5]), whole, weight=0.5)
    assert len(lacking.labels) == np.isin(whole.labels, [2, 5]).sum()
    assert (lacking.labels == NONE).all()
    assert (lacking.cosines[:, [2, 5]] == -1).all()
    assert together([whole, lacking]).weights.sum() == pytest.approx(1.5)


def test_lowest_score_for_a_precision() -> None:
    score, weights = np.array([0.9, 0.8, 0.7, 0.6]), np.ones(4)
    right = np.array([True, True, False, True])
    assert lowest_for_precision(score, right, weights, wanted=1.0) == 0.8
    assert lowest_for_precision(score, right, weights, wanted=0.75) == 0.6
    assert lowest_for_precision(score, ~right, weights, wanted=1.0) == 1.0


def test_weights_count_in_quantiles() -> None:
    assert weighted_quantile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), 0.5) == 3.0
