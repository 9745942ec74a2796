from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.mistakes import Box, Mistake
from edge.recognise.report.picture import SAID, TRUE, as_jpeg, picture_of

GREY = np.full((200, 300, 3), 90, np.uint8)
SIDES = st.floats(-5000, 5000, width=32)


def mistake(*, true: Box | None = None, said: Box | None = None) -> Mistake:
    return Mistake("missed", Path("a.jpg"), true, said, None, None, None, shown=False, overlap=0.0)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(SIDES), draw(SIDES)
    return x, y, x + draw(st.floats(0.01, 1e6)), y + draw(st.floats(0.01, 1e6))


def test_the_place_is_shown_with_its_neighbours() -> None:
    image = GREY.copy()
    image[80:120, 100:130] = (0, 0, 200)
    image[80:120, 135:165] = (0, 200, 0)  # the neighbour
    shown = picture_of(image, mistake(said=(100, 80, 130, 120))).astype(int)
    assert ((shown[..., 2] - shown[..., 1]) > 100).any()
    assert ((shown[..., 1] - shown[..., 2]) > 100).any()


@pytest.mark.parametrize(("box", "colour"), [("true", TRUE), ("said", SAID)])
def test_a_box_is_drawn_in_its_colour(box: str, colour: tuple[int, int, int]) -> None:
    shown = picture_of(GREY, mistake(**{box: (100, 80, 130, 120)}))
    assert (shown == colour).all(2).any()


def test_the_photograph_stays_as_it_is() -> None:
    image = GREY.copy()
    picture_of(image, mistake(true=(0, 0, 300, 200), said=(5, 5, 290, 190)))
    assert (image == GREY).all()


@given(boxes(), st.none() | boxes(), st.integers(1, 400), st.integers(1, 400))
def test_any_box_on_any_photograph_gives_a_picture_that_fits_the_page(
    true: Box, said: Box | None, wide: int, tall: int
) -> None:
    shown = picture_of(np.zeros((tall, wide, 3), np.uint8), mistake(true=true, said=said))
    assert min(shown.shape[:2]) >= 1
    assert max(shown.shape[:2]) <= 360
    assert as_jpeg(shown).startswith(b"\xff\xd8")
