import numpy as np
import pytest

from edge.recognise.identity import probabilities
from models.train.calibration import NONE, Evidence, calibrate, lowest_for_precision, with_skus_left_out


def made_up(seed: int = 0, *, count: int = 600, skus: int = 12) -> Evidence:
    """Known products near their SKU's references, one in six unknown."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, skus, count)
    labels[::6] = NONE
    cosines = rng.normal(0.2, 0.1, (count, skus))
    known = np.flatnonzero(labels != NONE)
    cosines[known, labels[known]] = rng.normal(0.75, 0.15, len(known))
    return Evidence(cosines.clip(-1, 1).astype(np.float32), labels)


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


def test_a_left_out_sku_is_an_unknown_product() -> None:
    evidence = with_skus_left_out(made_up(), at_once=5, seed=0)
    added = evidence.labels[600:]
    assert (added == NONE).all()
    assert len(added) == (made_up().labels != NONE).sum()


def test_lowest_score_for_a_precision() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6])
    right = np.array([True, True, False, True])
    assert lowest_for_precision(score, right, wanted=1.0) == 0.8
    assert lowest_for_precision(score, right, wanted=0.75) == 0.6
    assert lowest_for_precision(score, ~right, wanted=1.0) == 1.0
