from __future__ import annotations

import numpy as np
import pytest

from models.train.augment import Example, make_example
from models.train.photos import Photo

SIDE = 256


def shelf() -> Photo:
    """White blocks on black, each boxed."""
    image = np.zeros((200, 200, 3), np.uint8)
    boxes = [(20 + 40 * c, 20 + 60 * r, 45 + 40 * c, 65 + 60 * r) for r in range(3) for c in range(4)]
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = (255, 255, 255)
    return Photo("shelf", image, np.array(boxes, np.float32), np.zeros((0, 4), np.float32))


def drawn(seed: int) -> Example:
    return make_example([shelf(), shelf()], 0, side=SIDE, rng=np.random.default_rng(seed), wild=True)


@pytest.mark.parametrize("seed", range(40))
def test_boxes_stay_in_the_picture_and_have_an_area(seed: int) -> None:
    example = drawn(seed)
    assert example.image.shape == (SIDE, SIDE, 3)
    assert example.image.dtype == np.uint8
    for boxes in (example.boxes, example.ignored):
        assert boxes.dtype == np.float32
        assert ((boxes >= 0) & (boxes <= SIDE)).all()
        assert ((boxes[:, 2:] - boxes[:, :2]) >= 3).all()


def test_boxes_follow_the_products_through_every_change() -> None:
    """On average the middle of a box is brighter than the picture around it, whatever the light."""
    contrasts = []
    for seed in range(60):
        example = drawn(seed)
        grey = example.image.mean(axis=2)
        for x1, y1, x2, y2 in example.boxes.astype(int):
            ring = grey[max(0, y1 - 4) : y2 + 4, max(0, x1 - 4) : x2 + 4].mean()
            core = grey[(3 * y1 + y2) // 4 : (y1 + 3 * y2) // 4 + 1, (3 * x1 + x2) // 4 : (x1 + 3 * x2) // 4 + 1].mean()
            contrasts.append(core - ring)
    assert len(contrasts) > 200
    assert np.mean(np.array(contrasts) > 0) > 0.8


def test_the_same_seed_draws_the_same_picture() -> None:
    first, again, other = drawn(7), drawn(7), drawn(8)
    assert (first.image == again.image).all()
    assert (first.boxes == again.boxes).all()
    assert (first.image != other.image).any()


def test_shapes_vary_from_half_to_double_the_width() -> None:
    aspects = []
    for seed in range(80):
        example = make_example([shelf()], 0, side=SIDE, rng=np.random.default_rng(seed), wild=False)
        inner = example.boxes[((example.boxes > 2) & (example.boxes < SIDE - 2)).all(axis=1)]
        aspects.extend(((inner[:, 2] - inner[:, 0]) / (inner[:, 3] - inner[:, 1])).tolist())
    as_photographed = 25 / 45
    assert min(aspects) < 0.6 * as_photographed
    assert max(aspects) > 1.6 * as_photographed
