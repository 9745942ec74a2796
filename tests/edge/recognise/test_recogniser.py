from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.contract.catalogue import PackDesign, Sku
from edge.contract.errors import CatalogueError
from edge.recognise.catalogue import Catalogue, EmbedderId
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.recogniser import SkuRecogniser

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "configs" / "catalogues" / "cooler-vn"
COLOURS = {"red": (40, 40, 220), "green": (60, 190, 60), "yellow": (40, 210, 240)}


@pytest.fixture(scope="module")
def embedder() -> SkuEmbedder:
    return SkuEmbedder.open()


def shelf(*, light: float = 1.0) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A drawn shelf of three packs and their boxes."""
    image = np.full((200, 300, 3), 90, np.uint8)
    boxes = []
    for place, (name, colour) in enumerate(COLOURS.items()):
        left = 20 + 95 * place
        cv2.rectangle(image, (left, 30), (left + 70, 170), colour, -1)
        cv2.putText(image, name[:3].upper(), (left + 8, 110), 0, 1.0, (255, 255, 255), 2)
        boxes.append((left, 30, left + 70, 170))
    return (image * light).clip(0, 255).astype(np.uint8), np.array(boxes, np.float32)


def drawn_catalogue(embedder: SkuEmbedder) -> Catalogue:
    catalogue = Catalogue.empty("drawn", embedder.identity)
    image, boxes = shelf()
    for name, vector in zip(COLOURS, embedder.embed(image, boxes), strict=True):
        catalogue = catalogue.with_sku(Sku(id=name, name=name, brand="Drawn", owner="Nobody")).enrol(name, vector[None])
    return catalogue


def test_embeddings_are_unit_vectors(embedder: SkuEmbedder) -> None:
    embeddings = embedder.embed(*shelf())
    assert embeddings.shape == (3, 128)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-4)


def test_a_facing_does_not_depend_on_its_batch(embedder: SkuEmbedder) -> None:
    image, boxes = shelf()
    many = embedder.embed(image, np.tile(boxes, (30, 1)))
    np.testing.assert_allclose(many[-1], embedder.embed(image, boxes[-1:])[0], atol=1e-5)


def test_enrolled_packs_are_told_apart_in_other_light(embedder: SkuEmbedder) -> None:
    recogniser = SkuRecogniser(embedder, drawn_catalogue(embedder))
    assert [identity.sku for identity in recogniser.recognise(*shelf(light=0.7))] == list(COLOURS)


def test_no_boxes_are_no_identities(embedder: SkuEmbedder) -> None:
    recogniser = SkuRecogniser(embedder, drawn_catalogue(embedder))
    assert recogniser.recognise(shelf()[0], np.zeros((0, 4), np.float32)) == []


def test_a_facing_is_named_by_the_designs_in_use_on_its_day(embedder: SkuEmbedder) -> None:
    catalogue = drawn_catalogue(embedder).with_design("red", PackDesign(id="first", until=date(2025, 12, 31)))
    recogniser = SkuRecogniser(embedder, catalogue)
    for day, red in ((date(2025, 6, 1), True), (date(2026, 12, 1), False), (None, True), (date(2025, 6, 2), True)):
        first = recogniser.recognise(*shelf(), day=day)[0]
        assert (first.sku == "red") == red


def test_a_catalogue_of_another_embedder_is_refused(embedder: SkuEmbedder) -> None:
    other = Catalogue.empty("drawn", EmbedderId("other", "1", "0" * 64))
    with pytest.raises(CatalogueError, match="other 1"):
        SkuRecogniser(embedder, other)


def test_on_a_day_without_any_design_in_use_every_design_counts(embedder: SkuEmbedder) -> None:
    catalogue = drawn_catalogue(embedder)
    for sku in COLOURS:
        catalogue = catalogue.with_design(sku, PackDesign(id="first", until=date(2020, 12, 31)))
    said = SkuRecogniser(embedder, catalogue).recognise(*shelf(), day=date(2026, 6, 1))
    assert [identity.sku for identity in said] == list(COLOURS)
