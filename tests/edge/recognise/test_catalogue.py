from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.contract.catalogue import PackDesign, Sku
from edge.contract.errors import CatalogueError
from edge.recognise.catalogue import (
    EARLY,
    EMBEDDINGS_FILE,
    LATE,
    MAX_REFERENCES,
    SKUS_FILE,
    Catalogue,
    EmbedderId,
)
from edge.recognise.identity import AT_ONCE, Doubt

EMBEDDER = EmbedderId("sku-embedder", "1", "a" * 64)
DOUBT = Doubt(scale=20.0, none_cosine=0.45, recognised=0.9, unknown=0.5)


def sku(name: str) -> Sku:
    return Sku(id=name, name=name.title(), brand="Brand", owner="Owner")


def around(seed: int, count: int, *, spread: float = 0.05, size: int = 16) -> NDArray[np.float32]:
    """Unit vectors near a direction that belongs to the seed."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=size) + spread * rng.normal(size=(count, size))
    units: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


def two_skus() -> Catalogue:
    catalogue = Catalogue.empty("shop", EMBEDDER).with_sku(sku("cola")).with_sku(sku("water"))
    return catalogue.enrol("cola", around(1, 5)).enrol("water", around(2, 3))


def test_a_saved_catalogue_comes_back_the_same(tmp_path: Path) -> None:
    before = two_skus().enrol("cola", around(3, 2), design="summer-2026")
    before.save(tmp_path / "shop")
    after = Catalogue.load(tmp_path / "shop", EMBEDDER)
    assert (after.name, after.version, after.skus, after.embedder) == (
        before.name,
        before.version,
        before.skus,
        before.embedder,
    )
    assert [design.id for design in after.skus["cola"].designs] == ["summer-2026"]
    for name, designs in before.references.items():
        for design, vectors in designs.items():
            np.testing.assert_array_equal(after.references[name][design], vectors)


def test_only_the_two_files_are_left_after_saving(tmp_path: Path) -> None:
    two_skus().save(tmp_path)
    two_skus().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [SKUS_FILE, EMBEDDINGS_FILE]


def test_near_embeddings_are_recognised_and_far_ones_unknown() -> None:
    catalogue = two_skus()
    near, far = catalogue.identify(np.concatenate([around(1, 1), -around(1, 1)]), DOUBT)
    assert (near.sku, near.status, near.runner_up) == ("cola", "recognised", "water")
    assert far.status == "unknown"
    assert near.score > 0.9
    assert far.score < 0.1


def test_between_two_skus_is_unsure() -> None:
    middle = around(1, 1, spread=0) + around(2, 1, spread=0)
    (identity,) = two_skus().identify((middle / np.linalg.norm(middle)).astype(np.float32), DOUBT)
    assert identity.status == "unsure"


@given(st.integers(0, 1000), st.integers(1, 6))
def test_scores_are_probabilities(seed: int, count: int) -> None:
    for identity in two_skus().identify(around(seed, count), DOUBT):
        assert 0 <= identity.score <= 1
        assert identity.sku != identity.runner_up


def test_another_embedder_is_refused(tmp_path: Path) -> None:
    two_skus().save(tmp_path)
    with pytest.raises(CatalogueError, match=r"not of sku-embedder 2 .*enrol its SKUs again"):
        Catalogue.load(tmp_path, EmbedderId("sku-embedder", "2", "b" * 64))


def test_many_pictures_are_kept_as_few_prototypes() -> None:
    catalogue = two_skus().enrol("cola", around(1, 100, spread=0.5))
    held = catalogue.references["cola"]["first"]
    assert len(held) <= MAX_REFERENCES
    np.testing.assert_allclose(np.linalg.norm(held, axis=1), 1, atol=1e-5)


def test_enrolling_leaves_the_catalogue_it_came_from_alone() -> None:
    before = two_skus()
    before.enrol("cola", around(9, 1))
    assert len(before.references["cola"]["first"]) == 5


def test_a_sku_must_be_listed_to_be_enrolled() -> None:
    with pytest.raises(CatalogueError, match="juice is not listed"):
        two_skus().enrol("juice", around(1, 1))


@pytest.mark.parametrize(
    "vectors",
    [np.zeros((0, 16)), np.ones((1, 16)), np.full((1, 16), np.nan), np.ones(16), around(1, 1, size=8)],
    ids=["none", "not of length 1", "no numbers", "no rows", "of another size"],
)
def test_what_is_no_embedding_is_refused(vectors: NDArray[np.float32]) -> None:
    with pytest.raises(CatalogueError, match="cola"):
        two_skus().enrol("cola", vectors)


def test_an_empty_catalogue_says_so_when_asked() -> None:
    with pytest.raises(CatalogueError, match="knows no SKU yet"):
        Catalogue.empty("shop", EMBEDDER).identify(around(1, 1), DOUBT)


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_cut_embeddings_file_is_one_clear_error(tmp_path: Path, size: int) -> None:
    two_skus().save(tmp_path)
    path = tmp_path / EMBEDDINGS_FILE
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CatalogueError, match=r"embeddings\.npz"):
        Catalogue.load(tmp_path)


def test_embeddings_of_an_unlisted_sku_are_refused(tmp_path: Path) -> None:
    two_skus().save(tmp_path)
    path = tmp_path / SKUS_FILE
    path.write_text(path.read_text().replace("id: water", "id: wine"))
    with pytest.raises(CatalogueError, match="embeddings of water"):
        Catalogue.load(tmp_path)


def test_a_folder_that_is_no_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"no catalogue\.yaml"):
        Catalogue.load(tmp_path)


SUMMER = PackDesign(id="summer", since=date(2026, 6, 1), until=date(2026, 8, 31))


def with_summer() -> Catalogue:
    """Two SKUs; cola has a summer design beside its first one, and ale a summer design alone."""
    catalogue = two_skus().with_sku(sku("ale")).with_design("cola", SUMMER).with_design("ale", SUMMER)
    return catalogue.enrol("cola", around(3, 2), design="summer").enrol("ale", around(4, 1), design="summer")


@pytest.mark.parametrize(
    ("day", "used"),
    [
        (SUMMER.since, True),
        (SUMMER.until, True),
        (date(2026, 6, 1) - timedelta(EARLY), True),
        (date(2026, 6, 1) - timedelta(EARLY + 1), False),
        (date(2026, 8, 31) + timedelta(LATE), True),
        (date(2026, 8, 31) + timedelta(LATE + 1), False),
        (date.min, False),
        (date.max, False),
        (None, True),
    ],
)
def test_a_design_is_looked_for_on_its_days_and_somewhat_around_them(day: date | None, *, used: bool) -> None:
    assert with_summer().designs_in_use("cola", day) == (["first", "summer"] if used else ["first"])


def test_the_index_of_a_day_holds_what_is_in_use_that_day() -> None:
    summer, winter = with_summer().index(date(2026, 7, 1)), with_summer().index(date(2027, 2, 1))
    assert (summer.skus, len(summer.references)) == (("cola", "water", "ale"), 5 + 2 + 3 + 1)
    assert (winter.skus, len(winter.references)) == (("cola", "water"), 5 + 3)
    np.testing.assert_array_equal(with_summer().index().references, summer.references)


def test_a_catalogue_without_days_is_the_same_every_day() -> None:
    np.testing.assert_array_equal(two_skus().index(date(2026, 7, 1)).references, two_skus().index().references)


def test_a_day_on_which_nothing_is_in_use_is_one_clear_error() -> None:
    catalogue = Catalogue.empty("shop", EMBEDDER).with_sku(sku("ale")).with_design("ale", SUMMER)
    with pytest.raises(CatalogueError, match="no pack design in use on 2027-02-01"):
        catalogue.enrol("ale", around(4, 1), design="summer").index(date(2027, 2, 1))


def test_the_days_of_a_design_come_back_from_disk_and_may_be_changed(tmp_path: Path) -> None:
    with_summer().save(tmp_path)
    later = SUMMER.model_copy(update={"until": date(2026, 9, 30)})
    Catalogue.load(tmp_path).with_design("cola", later).save(tmp_path)
    after = Catalogue.load(tmp_path)
    assert after.skus["cola"].designs == (later,)
    assert after.skus["ale"].designs == (SUMMER,)
    assert after.designs_in_use("cola") == ["first", "summer"]


def test_enrolling_afresh_forgets_what_a_design_was_known_by() -> None:
    held = two_skus().enrol("cola", around(7, 2), afresh=True).references["cola"]["first"]
    np.testing.assert_array_equal(held, around(7, 2))


def test_a_catalogue_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    two_skus().save(tmp_path)
    doubled = two_skus()
    for name in ("cola", "water"):
        doubled = doubled.with_sku(sku(name).model_copy(update={"gtin": "9521234543213"}))
    with pytest.raises(CatalogueError, match="cola and water have the same GTIN"):
        doubled.save(tmp_path)
    assert Catalogue.load(tmp_path).skus["cola"].gtin is None


def test_many_facings_are_named_as_each_alone() -> None:
    index, facings = two_skus().index(), around(1, AT_ONCE + 7, spread=2.0)
    many = index.identify(facings, DOUBT)
    assert len(many) == len(facings)
    for place in (0, AT_ONCE - 1, AT_ONCE, len(facings) - 1):
        (alone,) = index.identify(facings[place : place + 1], DOUBT)
        assert (many[place].sku, many[place].status) == (alone.sku, alone.status)
        assert many[place].score == pytest.approx(alone.score, abs=1e-5)


def test_the_runner_up_is_the_second_nearest() -> None:
    catalogue = two_skus().with_sku(sku("ale")).enrol("ale", around(8, 1))
    index, facings = catalogue.index(), around(1, 30, spread=2.0)
    order = np.argsort(-index.cosines(facings), axis=1)
    named = [(identity.sku, identity.runner_up) for identity in index.identify(facings, DOUBT)]
    assert named == [(index.skus[first], index.skus[second]) for first, second, _ in order]
    assert len(set(named)) > 1


def test_alone_in_a_catalogue_there_is_no_runner_up() -> None:
    catalogue = Catalogue.empty("shop", EMBEDDER).with_sku(sku("cola")).enrol("cola", around(1, 2))
    assert catalogue.identify(around(1, 1), DOUBT)[0].runner_up is None
