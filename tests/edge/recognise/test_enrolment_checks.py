"""What is doubtful about an enrolment, on vectors made here: which SKUs, pictures and figures are named."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.recognise.crops import CropShape
from edge.recognise.enrolment_checks import MOST_NAMED, Judgement, Shown, closest_told_apart, judge, pairs_once
from edge.recognise.identity import Doubt, Index, decide
from edge.recognise.sharpness import BLURRED

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOUBT = Doubt(scale=24.0, none_cosine=0.6, recognised=0.95, unknown=0.5)
SHAPE = CropShape(64, 96)


def at(cosine: float, axis: int = 1) -> NDArray[np.float32]:
    """A unit vector with this cosine to the first axis, the rest along another one."""
    vector = np.zeros(8, np.float32)
    vector[0], vector[axis] = cosine, sqrt(1 - cosine**2)
    return vector[None]


def shown(name: str, vector: NDArray[np.float32], *, size: tuple[int, int] = (200, 400), sharp: float = 9.0) -> Shown:
    return Shown(name, *size, sharp, vector)


def index(**skus: NDArray[np.float32]) -> Index:
    return Index(tuple(skus), np.concatenate(list(skus.values())), np.arange(len(skus)))


def doubts(
    *pictures: Shown, known: Index | None = None, held: NDArray[np.float32] | None = None, sku: str = "new"
) -> list[tuple[str, str | None, str | None]]:
    found = judge(sku, pictures, known=known, held=held, doubt=DOUBT, shape=SHAPE)
    assert all(judgement.sku == sku for judgement in found)
    return [(judgement.kind, judgement.picture, judgement.other) for judgement in found]


@given(st.floats(5, 60), st.floats(0.2, 0.9), st.floats(0.5, 0.999))
def test_the_limit_is_where_even_a_perfect_facing_stops_being_recognised(
    scale: float, none_cosine: float, recognised: float
) -> None:
    doubt = Doubt(scale, none_cosine, recognised, 0.5)
    limit = closest_told_apart(doubt)
    assume(-0.99 < limit < 0.99)
    (above,) = decide(np.array([[1.0, limit + 0.005]], np.float32), ("new", "known"), doubt)
    (below,) = decide(np.array([[1.0, limit - 0.005]], np.float32), ("new", "known"), doubt)
    assert (below.status, above.status) == ("recognised", "unsure")


def test_where_nothing_can_be_recognised_every_sku_is_too_close() -> None:
    assert closest_told_apart(Doubt(scale=10.0, none_cosine=0.9, recognised=0.9, unknown=0.5)) == -1


def test_good_pictures_of_a_new_sku_raise_no_doubt() -> None:
    assert doubts(shown("a.png", at(1)), shown("b.png", at(0.9)), known=index(other=at(0.1, 2))) == []


def test_a_sku_close_to_a_known_one_is_named_with_it() -> None:
    limit = closest_told_apart(DOUBT)
    known = index(far=at(0.1, 2), near=at(limit + 0.01, 3), apart=at(limit - 0.01, 4))
    assert doubts(shown("a.png", at(1)), known=known) == [("too close", None, "near")]


def test_no_more_than_three_are_named_the_nearest_first() -> None:
    known = index(**{f"sku{number}": at(0.95 + number / 200, number + 1) for number in range(5)})
    named = [other for _, _, other in doubts(shown("a.png", at(1)), known=known)]
    assert named == ["sku4", "sku3", "sku2"]
    assert len(named) == MOST_NAMED


def test_a_sku_enrolled_again_is_not_close_to_itself() -> None:
    assert doubts(shown("a.png", at(1)), known=index(new=at(1), other=at(0.1, 2))) == []


def test_a_picture_nearer_to_another_sku_is_named_and_does_not_make_the_two_alike() -> None:
    pictures = (shown("a.png", at(1)), shown("b.png", at(0.95)), shown("wrong.png", at(0.2, 5)))
    assert doubts(*pictures, known=index(other=at(0.2, 5))) == [("nearer to another", "wrong.png", "other")]


def test_of_two_skus_that_look_the_same_no_picture_is_blamed() -> None:
    pictures = (shown("a.png", at(1)), shown("b.png", at(0.97)))
    assert doubts(*pictures, known=index(twin=at(1))) == [("too close", None, "twin")]


def test_a_picture_unlike_the_others_is_named() -> None:
    pictures = (shown("a.png", at(1)), shown("b.png", at(0.95)), shown("back.png", at(0.2, 5)))
    assert doubts(*pictures, known=index(other=at(0.1, 3))) == [("unlike the others", "back.png", None)]


def test_what_the_design_was_known_by_counts_as_its_pictures() -> None:
    assert doubts(shown("a.png", at(1)), held=at(0.95, 3)) == []
    assert doubts(shown("a.png", at(1)), held=at(0.2, 3)) == [("unlike the others", "a.png", None)]


def test_the_nearest_view_counts() -> None:
    both = np.concatenate([at(0.2, 5), at(1)])
    assert doubts(shown("a.png", both), shown("b.png", at(0.95))) == []


def test_a_single_picture_has_nothing_to_disagree_with() -> None:
    assert doubts(shown("a.png", at(1)), known=index(other=at(0.1, 2))) == []


def test_a_picture_of_fewer_pixels_than_are_looked_at_is_named() -> None:
    pictures = [shown(f"{wide}x{high}", at(1), size=(wide, high)) for wide, high in ((64, 96), (63, 96), (96, 64))]
    assert doubts(*pictures) == [("tiny", "63x96", None)]


def test_a_blurred_picture_is_named() -> None:
    pictures = (shown("a.png", at(1), sharp=BLURRED - 0.1), shown("b.png", at(1), sharp=BLURRED))
    assert doubts(*pictures) == [("blurred", "a.png", None)]


def test_a_judgement_is_one_line_with_the_mend() -> None:
    (found,) = judge("new", [shown("a.png", at(1), sharp=1.0)], known=None, held=None, doubt=DOUBT, shape=SHAPE)
    assert str(found).startswith("a.png: is blurred")
    assert str(found).endswith("(take it again with a still hand)")
    assert "\n" not in str(found)


def test_two_skus_too_close_to_each_other_are_told_once() -> None:
    one = Judgement("too close", "a", None, "b", "", "")
    back = Judgement("too close", "b", None, "a", "", "")
    third = Judgement("too close", "b", None, "c", "", "")
    assert pairs_once([one, back, third, back]) == [one, third]
