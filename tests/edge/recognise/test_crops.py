import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import ImageError
from edge.recognise.crops import CropShape, cut_facings

SHAPE = CropShape(width=32, height=48, margin=0.0)


def test_a_crop_shows_its_box_and_nothing_else() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:50] = (10, 200, 30)
    crops = cut_facings(image, np.array([[30, 20, 50, 60]], np.float32), SHAPE)
    assert crops.shape == (1, 48, 32, 3)
    assert (crops[0] == (10, 200, 30)).all()


def test_a_margin_shows_what_stands_around() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[20:60, 30:50] = 255
    (crop,) = cut_facings(image, np.array([[30, 20, 50, 60]], np.float32), CropShape(32, 48, 0.25))
    assert crop[24, 16].min() == 255
    assert crop[0].max() == 0


def test_a_squashed_photograph_gives_the_same_crop() -> None:
    rows, columns = np.mgrid[0:200, 0:100]
    image = np.stack([rows, columns * 2, rows // 2], 2).astype(np.uint8)
    (tall,) = cut_facings(image, np.array([[20, 40, 60, 160]], np.float32), SHAPE)
    (square,) = cut_facings(image[::2], np.array([[20, 20, 60, 80]], np.float32), SHAPE)
    assert np.abs(tall.astype(int) - square).mean() < 2


@given(st.tuples(*[st.floats(-150, 250) for _ in range(4)]))
def test_any_box_gives_a_crop_or_a_clear_error(corners: tuple[float, float, float, float]) -> None:
    image = np.full((100, 100, 3), 77, np.uint8)
    try:
        crops = cut_facings(image, np.array([corners], np.float32), CropShape())
    except ImageError as error:
        assert "box 0" in str(error)  # noqa: PT017 - either outcome is right, and this one has to say so
    else:
        assert (crops == 77).all()


@pytest.mark.parametrize("bad", [(5, 5, 5, 9), (9, 5, 5, 9), (np.nan, 0, 5, 5), (0, 0, np.inf, 5), (200, 0, 220, 9)])
def test_what_is_no_box_is_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(ImageError, match="box 0"):
        cut_facings(np.zeros((100, 100, 3), np.uint8), np.array([bad], np.float32), SHAPE)


def test_no_boxes_give_no_crops() -> None:
    assert cut_facings(np.zeros((9, 9, 3), np.uint8), np.zeros((0, 4), np.float32), SHAPE).shape == (0, 48, 32, 3)
