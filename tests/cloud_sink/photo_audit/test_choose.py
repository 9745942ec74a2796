"""Drawing a sample: each counted facing with the same chance, in proportion over chains, one seed one sample."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.photo_audit.choose import Cell, Seen, allocate, choose

DAY = date(2026, 3, 10)


def cell(store: str, facings: int) -> Cell:
    return Cell(store, DAY, "f1", "front", facings)


def photographed(one: Cell) -> list[Seen]:
    """One photograph of each cell that shows all its facings."""
    box = (0.1, 0.1, 0.2, 0.3)
    return [
        Seen("d1", "ab" * 16, 1, number, one.store, box, 1, box, one.facings, "recognised", f"sku-{number}", "m1")
        for number in range(one.facings)
    ]


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), min_size=1, max_size=8), st.integers(0, 500))
def test_shares_are_whole_and_within_one_of_their_proportion(sizes: dict[str, int], wanted: int) -> None:
    shared = allocate(sizes, wanted)
    total = sum(sizes.values())
    assert sum(shared.values()) == wanted
    assert all(abs(shared[name] - wanted * size / total) < 1 for name, size in sizes.items())


def test_chains_come_in_proportion_to_their_facings() -> None:
    strata = {"big": [cell("a", 60), cell("b", 60)], "small": [cell("c", 40)]}
    found = choose(strata, photographed, 40, Random(1))
    assert Counter(one.chain for one in found) == {"big": 30, "small": 10}
    assert len({(one.cell, one.seen.facing) for one in found}) == 40  # none twice


def test_the_same_seed_draws_the_same_sample_and_another_one_another() -> None:
    strata = {"": [cell(name, 50) for name in "abcdef"]}
    one, again, other = (choose(strata, photographed, 20, Random(seed)) for seed in ("x", "x", "y"))
    assert one == again
    assert one != other


def test_every_facing_has_the_same_chance() -> None:
    strata = {"": [cell("crowded", 90), cell("bare", 10)]}
    drawn = Counter(one.cell.store for seed in range(400) for one in choose(strata, photographed, 5, Random(seed)))
    assert 0.07 < drawn["bare"] / drawn.total() < 0.13


def test_what_kept_no_photograph_is_drawn_again_and_a_chain_without_any_stays_out() -> None:
    strata = {"dark": [cell("a", 50)], "half": [cell("b", 30), cell("c", 20)]}
    found = choose(strata, lambda one: photographed(one) if one.store == "c" else [], 20, Random(1))
    assert {one.cell.store for one in found} == {"c"}
    assert len(found) == 10
