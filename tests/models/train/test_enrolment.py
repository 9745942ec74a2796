"""How enrolment is measured: what is handed in, and what is reported of it, on a few invented products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.recognise.embedder import SkuEmbedder
from models.scenes.products import BRAND_SIZE, DEMO_SEEDS, TRAINING_SEEDS
from models.train.enrolment import (
    AROUND,
    OF_A_BRAND,
    blur_rows,
    doubt_rows,
    on_white,
    products,
    shot_of,
    transparent,
    trimmed,
)

if TYPE_CHECKING:
    from models.scenes.products import Product


@pytest.fixture(scope="module")
def some() -> list[Product]:
    return products(2)


def test_products_are_of_whole_brands_that_nothing_is_trained_on(some: list[Product]) -> None:
    seeds = [one.seed for one in some]
    assert [seed // BRAND_SIZE - seeds[0] // BRAND_SIZE for seed in seeds] == [0] * OF_A_BRAND + [1] * OF_A_BRAND
    assert not {seed for seed in seeds if seed in TRAINING_SEEDS or seed in DEMO_SEEDS}


def test_on_white_the_pack_alone_is_left_and_trimming_gives_it_back(some: list[Product]) -> None:
    shot, mask = shot_of(some[0], 0)
    white = on_white(shot, mask)
    down, across = round(shot.shape[0] * AROUND), round(shot.shape[1] * AROUND)
    assert white.shape == (shot.shape[0] + 2 * down, shot.shape[1] + 2 * across, 3)
    inside = white[down:-down, across:-across]
    np.testing.assert_array_equal(inside[mask == 1], shot[mask == 1])
    assert (inside[mask == 0] == 255).all()
    rows, columns = np.nonzero(mask.max(axis=1) > 0)[0], np.nonzero(mask.max(axis=0) > 0)[0]
    span = (np.ptp(rows) + 1, np.ptp(columns) + 1)
    for cut in (trimmed(shot, mask), transparent(shot, mask)):
        assert np.abs(np.subtract(cut.shape[:2], span)).max() <= 4


def test_blur_is_told_and_moves_the_embedding_more_the_more_there_is(some: list[Product]) -> None:
    rows = list(blur_rows(some[:1], SkuEmbedder.open(threads=1)))
    cosines = [row["cosine, median"] for row in rows]
    assert cosines[0] == 1
    assert cosines == sorted(cosines, key=lambda cosine: -float(str(cosine)))
    assert (rows[0]["called so"], rows[-1]["called so"]) == (0, 1)


def test_a_picture_of_another_product_is_named_and_no_right_one(some: list[Product]) -> None:
    rows = {str(row["what"]): row for row in doubt_rows(some, SkuEmbedder.open(threads=1))}
    assert rows["right pictures named"]["value"] == 0
    for beside in ("in the catalogue", "not in it"):
        row = rows[f"wrong picture named, its product {beside}"]
        assert (row["value"], row["right ones"], row["of"]) == (6, 0, 6)
