"""Invented products: the same from the same seed, sound GTINs, brands that hold together, seeds kept apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes import demo
from models.scenes.packages import PACKAGES, outline_mm
from models.scenes.packshot import pack_shot
from models.scenes.products import BRAND_SIZE, DEMO_SEEDS, TRAINING_SEEDS, gtin13, invent_product
from models.scenes.random_scene import random_scene

SEEDS = st.integers(0, TRAINING_SEEDS.stop - 1)


@given(st.integers(0, 10**9 - 1))
def test_gtin_carries_the_demonstration_prefix_and_a_right_check_digit(number: int) -> None:
    digits = gtin13(number)
    assert digits.startswith("952")
    assert len(digits) == 13
    assert sum(int(d) * (1, 3)[place % 2] for place, d in enumerate(digits)) % 10 == 0


def test_gtin_of_a_known_number() -> None:
    assert gtin13(123456789) == "9521234567899"


@pytest.mark.parametrize("number", [-1, 10**9])
def test_gtin_refuses_numbers_that_do_not_fit(number: int) -> None:
    with pytest.raises(ValueError, match="nine digits"):
        gtin13(number)


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_a_seed_always_invents_the_same_product(seed: int) -> None:
    first = invent_product(seed)
    invent_product.cache_clear()
    again = invent_product(seed)
    assert (first.id, first.name, first.owner, first.gtin) == (again.id, again.name, again.owner, again.gtin)
    assert np.array_equal(first.skin.around, again.skin.around)
    assert np.array_equal(first.skin.material, again.skin.material)


@given(SEEDS)
@settings(max_examples=4, deadline=None)
def test_a_brand_shares_name_and_owner_and_its_variants_differ(seed: int) -> None:
    first = seed - seed % BRAND_SIZE
    variants = [invent_product(first + k) for k in range(BRAND_SIZE)]
    assert len({product.brand for product in variants}) == 1
    assert len({product.owner for product in variants}) == 1
    assert len({product.id for product in variants}) == BRAND_SIZE
    assert len({product.gtin for product in variants}) == BRAND_SIZE
    assert len({product.skin.around.tobytes() for product in variants}) == BRAND_SIZE


def test_hundreds_of_brands_hardly_ever_share_a_name() -> None:
    brands = {invent_product(k * BRAND_SIZE).brand for k in range(60)}
    assert len(brands) > 55


def test_demo_seeds_and_training_seeds_never_meet() -> None:
    assert not set(DEMO_SEEDS) & set(TRAINING_SEEDS)


def test_the_demo_uses_its_own_seeds_only() -> None:
    seeds = {product.seed for product in (*demo.catalogue_products(), demo.unknown())}
    assert seeds <= set(DEMO_SEEDS)


@given(st.integers(0, 2**31), st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_random_scenes_use_training_seeds_only(seed: int, number: int) -> None:
    scene, _, _ = random_scene(seed, number)
    assert {column.expected.seed for column in scene.columns} <= set(TRAINING_SEEDS)


@pytest.mark.parametrize("name", [name for name, package in PACKAGES.items() if package.kind != "carton"])
def test_an_outline_is_as_wide_as_its_package(name: str) -> None:
    radius, slope = outline_mm(name)
    assert radius.max() == pytest.approx(PACKAGES[name].width_mm / 2, rel=0.01)
    assert radius.min() > 5
    assert np.isfinite(slope).all()


def test_pack_shots_differ_by_seed_and_repeat_for_the_same() -> None:
    product = demo.competitor()
    one, same, other = (pack_shot(product, seed=seed, size=96) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert one.shape[0] == 96
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_a_pack_shot_shows_its_product_in_its_colours() -> None:
    red, blue = demo.competitor(), invent_product(demo.COMPETITOR_SEED + 1)
    shots = [pack_shot(product, seed=3, size=128).astype(float) for product in (red, blue)]
    middle = [shot[40:100, shot.shape[1] // 4 : -shot.shape[1] // 4].mean(axis=(0, 1)) for shot in shots]
    assert middle[0][2] > middle[0][0] + 40
    assert middle[1][0] > middle[1][2] + 40
