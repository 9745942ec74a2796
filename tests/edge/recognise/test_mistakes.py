import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recognise import measures
from edge.recognise.identity import Status
from edge.recognise.mistakes import Mistake, count_outcomes, find_mistakes
from tests.edge.recognise.labelled import SKUS, any_photo, row_of_boxes, said, seen

LISTED = frozenset(SKUS)


def only(mistakes: list[Mistake]) -> Mistake:
    (mistake,) = mistakes
    return mistake


def test_another_sku_said_for_certain_is_wrong() -> None:
    photo = seen(row_of_boxes(2), row_of_boxes(2), skus=["cola", "cola"], identities=[said("cola"), said("water")])
    mistake = only(find_mistakes([photo], LISTED))
    assert (mistake.kind, mistake.truth, mistake.said) == ("wrong", "cola", said("water"))
    assert mistake.true_box == mistake.said_box == (25.0, 0.0, 45.0, 40.0)


@pytest.mark.parametrize("status", ["unsure", "unknown"])
def test_what_is_not_said_for_certain_is_no_mistake(status: Status) -> None:
    photo = seen(row_of_boxes(1), row_of_boxes(1), identities=[said("water", status)])
    assert find_mistakes([photo], LISTED) == []


def test_a_product_that_the_catalogue_does_not_hold_taken_for_a_sku() -> None:
    photo = seen(row_of_boxes(1), row_of_boxes(1), skus=["foreign"], identities=[said("cola")])
    assert only(find_mistakes([photo], LISTED)).kind == "unlisted"


def test_a_box_where_no_facing_is_labelled_is_false() -> None:
    photo = seen(row_of_boxes(1), row_of_boxes(2), identities=[said("cola"), said("cola", "unsure")])
    mistake = only(find_mistakes([photo], LISTED))
    assert (mistake.kind, mistake.true_box, mistake.said_box) == ("false", None, (25.0, 0.0, 45.0, 40.0))


def test_a_second_box_on_a_facing_is_false_and_names_the_facing() -> None:
    photo = seen(row_of_boxes(1), np.concatenate([row_of_boxes(1), row_of_boxes(1, shift=2)]))
    mistake = only(find_mistakes([photo], LISTED))
    assert (mistake.kind, mistake.truth) == ("false", "cola")
    assert mistake.overlap == pytest.approx(18 / 22)


def test_a_facing_without_a_box_is_missed() -> None:
    mistake = only(find_mistakes([seen(row_of_boxes(2), row_of_boxes(1))], LISTED))
    assert (mistake.kind, mistake.true_box, mistake.said_box) == ("missed", (25.0, 0.0, 45.0, 40.0), None)


def test_a_missed_facing_tells_of_the_faint_box_on_it() -> None:
    mistake = only(find_mistakes([seen(row_of_boxes(1), row_of_boxes(1), scores=[0.25])], LISTED))
    assert (mistake.kind, mistake.score, mistake.shown, mistake.overlap) == ("missed", 0.25, False, 1.0)


def test_nothing_in_a_crowd_is_a_mistake() -> None:
    assert find_mistakes([seen(row_of_boxes(2), row_of_boxes(1), crowd=[True, True])], LISTED) == []


def test_a_facing_whose_sku_is_not_told_cannot_be_wrong() -> None:
    assert find_mistakes([seen(row_of_boxes(1), row_of_boxes(1), skus=[None], identities=[said("cola")])], LISTED) == []


def test_right_but_unsure_is_counted_and_is_no_mistake() -> None:
    photo = seen(row_of_boxes(1), row_of_boxes(1), identities=[said("cola", "unsure")])
    mistakes = find_mistakes([photo], LISTED)
    assert mistakes == []
    assert count_outcomes([photo], measures.judge([photo], set(LISTED)), mistakes).right_unsure == 1


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_mistakes_agree_with_the_figures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photos = [any_photo(rng) for _ in range(3)]
    judged = measures.judge(photos, set(LISTED))
    outcomes = count_outcomes(photos, judged, find_mistakes(photos, LISTED))
    assert outcomes.found == sum(len(measures.found_units(one)[0]) for one in photos)
    assert outcomes.found + outcomes.missed == outcomes.facings
    told = (outcomes.right, outcomes.right_unsure, outcomes.held_back, outcomes.wrong)
    assert sum(told) + outcomes.unlisted + outcomes.unlisted_held_back == sum(len(row) for row in judged)
    precision = measures.share(judged, lambda j: j.right, lambda j: j.said.status == "recognised").value
    recognised = outcomes.right + outcomes.wrong + outcomes.unlisted
    assert precision == (pytest.approx(outcomes.right / recognised) if recognised else None)


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_false_and_missed_make_up_the_counting_error(seed: int) -> None:
    photo = any_photo(np.random.default_rng(seed))
    kinds = [mistake.kind for mistake in find_mistakes([photo], LISTED)]
    error = measures.count_error([photo]).value
    if photo.truth.facings:
        off = abs(kinds.count("false") - kinds.count("missed"))
        assert error == pytest.approx(off / photo.truth.facings)
    else:
        assert error is None
