"""A row lifts a facing that nobody would doubt beside its like, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.recognise.context import lift_rows
from edge.recognise.identity import Identity

SURE = Identity("cola", 0.99, "recognised", "lime")
DOUBTED = Identity("cola", 0.8, "unsure", "lime")

identities = st.builds(
    Identity,
    st.sampled_from(["cola", "lime"]),
    st.floats(0, 1),
    st.sampled_from(["recognised", "unsure", "unknown"]),
    st.none(),
)


def lift(*row: Identity, odds: float = 10.0) -> list[Identity]:
    return lift_rows(row, [1] * len(row), range(1, len(row) + 1), row_odds=odds, recognised=0.95)


def test_a_neighbour_of_the_same_sku_lifts() -> None:
    first, second = lift(SURE, DOUBTED)
    assert first == SURE
    assert second.status == "recognised"
    assert second.score == pytest.approx(40 / 41)  # odds of 4, tenfold


def test_two_neighbours_lift_more_than_one() -> None:
    weak = replace(DOUBTED, score=0.5)
    assert lift(SURE, weak)[1].status == "unsure"
    assert lift(SURE, weak, SURE)[1].status == "recognised"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((Identity("lime", 0.99, "recognised", None), DOUBTED), "the neighbour is another SKU"),
        ((DOUBTED, DOUBTED), "doubt does not speak for doubt"),
        ((SURE, Identity("cola", 0.3, "unknown", None)), "what is unknown stays unknown"),
        ((SURE, SURE), "what is sure needs no lifting"),
    ],
)
def test_nothing_else_is_lifted(row: tuple[Identity, ...], why: str) -> None:
    assert lift(*row) == list(row), why


def test_neighbours_are_those_of_the_same_shelf_and_the_next_position() -> None:
    kept = lift_rows([SURE, DOUBTED, DOUBTED], [1, 2, 1], [1, 2, 3], row_odds=10, recognised=0.95)
    assert kept == [SURE, DOUBTED, DOUBTED]


@given(st.lists(identities, max_size=8), st.floats(1, 50))
def test_no_score_falls_and_no_sku_changes(row: list[Identity], odds: float) -> None:
    for before, after in zip(row, lift(*row, odds=odds), strict=True):
        assert after.sku == before.sku
        assert after.score >= before.score - 1e-9
        assert after.status == before.status or (before.status, after.status) == ("unsure", "recognised")


@given(st.lists(identities, max_size=8))
def test_odds_of_one_change_no_status_that_was_below_the_threshold(row: list[Identity]) -> None:
    below = [replace(one, score=min(one.score, 0.9)) for one in row]
    assert [one.status for one in lift(*below, odds=1.0)] == [one.status for one in below]
