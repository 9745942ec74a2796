from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shelf.facing import Facing
from edge.shelf.kpis import Widths, compute_kpis, tally_brand
from edge.shelf.ratio import Purity, Ratio, linear_share, occupancy, purity, share_of_shelf
from tests.edge.shelf.shop import WIDTH, align, facing, shop

OWNERS = {"a": "us", "b": "us", "x": "them"}
COUNT = st.integers(0, 1000)


def test_counts_of_a_fixture() -> None:
    there = shop("a a b x # ? b? _ _")
    kpis = compute_kpis(
        there.facings, there.gaps, owner_of=OWNERS, own=frozenset({"us"}), must_stock=["a", "c", "a", "x"]
    )
    assert (kpis.facings, kpis.own, kpis.foreign, kpis.unknown, kpis.unsure, kpis.gaps) == (7, 3, 1, 1, 2, 2)
    assert kpis.assortment == 2
    assert kpis.must_stock == Ratio(2, 3)
    assert kpis.compliance is None
    assert kpis.purity == Purity(3 / 4, 3 / 7, 6 / 7)
    assert kpis.occupancy == 7 / 9


def test_an_unsure_facing_is_no_proof_of_its_guess() -> None:
    kpis = compute_kpis([facing("a?")], [], owner_of=OWNERS, own={"us"}, must_stock=["a"])
    assert (kpis.assortment, kpis.must_stock) == (0, Ratio(0, 1))


def test_a_must_stock_sku_whose_place_is_hidden_leaves_both_sides() -> None:
    def must(planned: str, seen: str) -> Ratio | None:
        alignment = align(planned, seen)
        return compute_kpis(
            alignment.facings,
            alignment.gaps,
            owner_of=OWNERS,
            own={"us"},
            alignment=alignment,
            must_stock=["a", "b", "z"],
            blind="~" in seen,
        ).must_stock

    assert must("a b x", "a ~ x") == Ratio(1, 1)  # what is not planned may stand there too
    assert must("a b x", "~ b x") == Ratio(1, 1)
    assert must("a b x", "a x") == Ratio(1, 3)
    assert must("a b b", "a b ~") == Ratio(2, 2)


def test_widths_give_the_linear_share() -> None:
    wide = replace(facing("x"), box=(0.0, 0.0, 3 * WIDTH, 90.0))
    kpis = compute_kpis([facing("a"), facing("b"), wide, facing("?")], [], owner_of=OWNERS, own={"us"})
    assert kpis.widths == Widths(own=2 * WIDTH, foreign=3 * WIDTH, unsure=WIDTH)
    assert kpis.linear_share == 2 / 6
    assert compute_kpis([], [], owner_of=OWNERS, own={"us"}).linear_share is None


def test_a_sku_without_an_owner_is_in_no_catalogue() -> None:
    kpis = compute_kpis([facing("z")], [], owner_of=OWNERS, own={"us"})
    assert (kpis.unknown, kpis.own, kpis.foreign, kpis.must_stock) == (1, 0, 0, None)


def test_compliance_comes_with_a_plan() -> None:
    alignment = align("a b", "a")
    kpis = compute_kpis(alignment.facings, alignment.gaps, owner_of=OWNERS, own={"us"}, alignment=alignment)
    assert kpis.compliance is not None
    assert kpis.compliance.facings == Ratio(1, 2)


@given(st.lists(st.sampled_from(["a", "b", "x", "z", "#", "?", "a?", "_"]), max_size=30))
def test_facings_add_up(words: list[str]) -> None:
    there = shop(" ".join(words))
    kpis = compute_kpis(there.facings, there.gaps, owner_of=OWNERS, own={"us"})
    assert kpis.own + kpis.foreign + kpis.unknown + kpis.unsure == kpis.facings == len(there.facings)
    assert kpis.facings + kpis.gaps == len(words)


def test_nothing_of_nothing_is_unknown() -> None:
    assert purity(0, 0, 0, 0) == Purity(None, None, None)
    assert purity(0, 0, 2, 1) == Purity(None, 0.0, 1.0)
    assert occupancy(0, 0) is None
    assert share_of_shelf(brand=0, others=0, unsure=0) is None
    assert linear_share(brand=0.0, others=0.0, unsure=0.0) is None
    assert Ratio(0, 0).value is None


@given(COUNT, COUNT, COUNT, COUNT)
def test_purity_lies_within_its_range(own: int, foreign: int, unknown: int, unsure: int) -> None:
    found = purity(own, foreign, unknown, unsure)
    if found.value is not None:
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert (found.low == found.high) == (unknown + unsure == 0)


def test_unsure_facings_stay_in_the_denominator_and_gaps_do_not_count() -> None:
    there = shop("a a x ? _ _")
    tally = tally_brand(there.facings, brand=["a"])
    assert (tally.facings, tally.others, tally.unsure) == (2, 1, 1)
    assert tally.share == 0.5


def test_a_category_leaves_other_products_out() -> None:
    there = shop("a a x b # ?")
    tally = tally_brand(there.facings, brand=["a"], category=["a", "x"])
    assert (tally.facings, tally.others, tally.unsure) == (2, 1, 1)


def test_linear_share_goes_by_width() -> None:
    wide = Facing((0.0, 0.0, 60.0, 90.0), 0.9, 1, 1, "a", 0.9, "recognised")
    narrow = Facing((60.0, 0.0, 80.0, 90.0), 0.9, 1, 2, "x", 0.9, "recognised")
    assert tally_brand([wide, narrow], brand=["a"]).linear_share == 0.75


@given(COUNT, COUNT, COUNT, COUNT)
def test_ratios_add_up_as_counts(a: int, b: int, c: int, d: int) -> None:
    assert Ratio(a, a + b) + Ratio(c, c + d) == Ratio(a + c, a + b + c + d)


@pytest.mark.parametrize("counts", [(-1, 2, 0, 0), (1, 0, 0, -3)])
def test_negative_counts_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="no count"):
        purity(*counts)


def test_more_than_the_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="no ratio"):
        Ratio(3, 2)
