"""Pictures for enrolment: as given, and as a shelf camera sees them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from edge.contract.catalogue import PackDesign, Sku
from edge.recognise.catalogue import Catalogue
from edge.recognise.catalogue_speed import drawn_packs
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.enrolment import SHELF_HEIGHTS, Newcomer, enrol_many, enrol_one, show, with_shelf_views


def test_a_sharp_picture_is_also_seen_at_the_resolution_of_a_shelf() -> None:
    picture = np.random.default_rng(3).integers(0, 255, (640, 320, 3), np.uint8)
    given, small = with_shelf_views([picture])
    assert given is picture
    assert small.shape[0] == SHELF_HEIGHTS[0]
    assert small.shape[1] / small.shape[0] == 0.5
    assert float(small.std()) < float(picture.std())


def test_a_crop_from_a_shelf_is_taken_as_it_is() -> None:
    crop = np.zeros((80, 40, 3), np.uint8)
    assert [seen is crop for seen in with_shelf_views([crop])] == [True]


def test_a_picture_as_narrow_as_a_line_keeps_a_pixel() -> None:
    assert with_shelf_views([np.zeros((4000, 1, 3), np.uint8)])[1].shape[1] == 1


def test_pictures_of_one_sku_are_seen_at_different_heights() -> None:
    pictures = [np.zeros((640, 320, 3), np.uint8)] * 4
    assert [view.shape[0] for view in with_shelf_views(pictures)[1::2]] == [*SHELF_HEIGHTS, SHELF_HEIGHTS[0]]


def newcomers(embedder: SkuEmbedder) -> list[Newcomer]:
    """Three drawn SKUs; the second and the third look the same."""
    return [
        Newcomer(
            Sku(id=sku, name=sku, brand="Drawn", owner="Nobody"),
            show(embedder, [(f"{sku}/{place}", picture) for place, picture in enumerate(drawn_packs(number))]),
        )
        for sku, number in (("one", 1), ("two", 2), ("too", 2))
    ]


@pytest.fixture(scope="module")
def embedder() -> SkuEmbedder:
    return SkuEmbedder.open(threads=1)


def test_a_picture_is_shown_with_its_size_and_all_its_views(embedder: SkuEmbedder) -> None:
    sharp, small = show(
        embedder, [("sharp.png", np.zeros((240, 120, 3), np.uint8)), ("small.png", np.zeros((80, 40, 3), np.uint8))]
    )
    assert (sharp.name, sharp.width, sharp.height, len(sharp.embeddings)) == ("sharp.png", 120, 240, 2)
    assert (small.name, small.width, small.height, len(small.embeddings)) == ("small.png", 40, 80, 1)


def test_many_skus_are_enrolled_as_one_change(embedder: SkuEmbedder) -> None:
    before = Catalogue.empty("shop", embedder.identity)
    catalogue, _ = enrol_many(before, newcomers(embedder), embedder)
    assert list(catalogue.skus) == ["one", "two", "too"]
    assert catalogue.version == before.version + 1
    assert {sku: len(held["first"]) for sku, held in catalogue.references.items()} == dict.fromkeys(catalogue.skus, 8)


def test_enrolling_many_again_changes_no_reference(embedder: SkuEmbedder) -> None:
    once, _ = enrol_many(Catalogue.empty("shop", embedder.identity), newcomers(embedder), embedder)
    twice, _ = enrol_many(once, newcomers(embedder), embedder)
    for sku, held in once.references.items():
        np.testing.assert_array_equal(twice.references[sku]["first"], held["first"])


def test_two_new_skus_that_look_the_same_are_told_once(embedder: SkuEmbedder) -> None:
    _, judgements = enrol_many(Catalogue.empty("shop", embedder.identity), newcomers(embedder), embedder)
    close = [(judgement.sku, judgement.other) for judgement in judgements if judgement.kind == "too close"]
    assert ("two", "too") in close
    assert ("too", "two") not in close


def test_enrolling_none_is_no_change(embedder: SkuEmbedder) -> None:
    empty = Catalogue.empty("shop", embedder.identity)
    assert enrol_many(empty, [], embedder) == (empty, [])


def test_a_dated_design_is_listed_with_its_days(embedder: SkuEmbedder) -> None:
    one, *_ = newcomers(embedder)
    design = PackDesign(id="summer", since=date(2026, 6, 1))
    catalogue, _ = enrol_one(Catalogue.empty("shop", embedder.identity), one, embedder, design=design)
    assert catalogue.skus["one"].designs == (design,)
    assert list(catalogue.references["one"]) == ["summer"]
