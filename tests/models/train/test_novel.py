"""How new SKUs and unlisted products are measured, on made embeddings whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from edge.recognise.identity import Doubt  # noqa: E402 - after the check for torch
from models.train.embedder_data import FacingCrop  # noqa: E402
from models.train.novel import Product, enrolled_top1, interval, refused, refused_in_rotation  # noqa: E402

SURE = Doubt(scale=30.0, none_cosine=0.6, recognised=0.9, unknown=0.5)
NOTHING = np.zeros((4, 4, 3), np.uint8)


def spread(around: int, count: int, *, noise: float, seed: int) -> np.ndarray:
    """(count, 16) unit vectors about one axis."""
    vectors = np.eye(16)[around] + np.random.default_rng(seed).normal(0, noise, (count, 16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def product(axis: int, *, noise: float = 0.02, photos: int = 12) -> Product:
    sku = f"sku-{axis}"
    crops = [FacingCrop(NOTHING, (0, 0, 4, 4), sku, f"{axis}-{number}.jpg", "made") for number in range(photos)]
    return Product(sku, crops, spread(axis, photos, noise=noise, seed=axis))


def test_products_that_lie_apart_are_all_told() -> None:
    products = [product(axis) for axis in range(6)]
    told = enrolled_top1(products, asked={"sku-0", "sku-3"}, rng=np.random.default_rng(0))
    assert told == {"sku-0": 1.0, "sku-3": 1.0}


def test_products_that_lie_together_are_not() -> None:
    same = [Product(f"sku-{n}", product(0).crops, spread(0, 12, noise=0.3, seed=n)) for n in range(4)]
    told = enrolled_top1(same, asked={"sku-0", "sku-1", "sku-2", "sku-3"}, rng=np.random.default_rng(0))
    assert np.mean(list(told.values())) < 0.8


def test_a_photograph_is_never_both_enrolled_and_asked_for() -> None:
    """A product of as many photographs as are enrolled has nothing left to ask for."""
    told = enrolled_top1([product(0, photos=5), product(1)], asked={"sku-0", "sku-1"}, rng=np.random.default_rng(0))
    assert set(told) == {"sku-1"}


def test_what_lies_apart_from_all_known_is_refused_and_what_lies_on_one_is_not() -> None:
    known = {f"sku-{axis}": spread(axis, 8, noise=0.02, seed=axis) for axis in range(4)}
    apart, alike = spread(9, 5, noise=0.02, seed=20), spread(2, 5, noise=0.02, seed=21)
    assert refused(known, {"strange": apart}, SURE) == [1.0]
    assert refused(known, {"strange": alike}, SURE) == [0.0]


def test_in_rotation_no_sku_is_in_the_catalogue_it_is_asked_of() -> None:
    known = {f"sku-{axis}": spread(axis, 8, noise=0.02, seed=axis) for axis in range(7)}
    asked = {sku: held[:3] for sku, held in known.items()}
    assert refused_in_rotation(known, asked, SURE) == [1.0] * 7


def test_an_interval_holds_its_mean() -> None:
    mean, low, high = interval([1.0, 0.5, 0.75, 1.0])
    assert mean == pytest.approx(0.8125)
    assert low < mean < high
