"""What judgements say of the machine: shares, and intervals that hold for facings of one photograph too."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.photo_audit.accuracy import Judged, agreement, measure, rate, split, wilson

WEEK = date(2026, 3, 9)


def judged(says: str, said: str | None = None, **told: Any) -> Judged:
    known: dict[str, Any] = {
        "week": WEEK,
        "place": 0,
        "chain": "",
        "model": "m1",
        "store": "s1",
        "fixture": "f1",
        "day": WEEK,
        "evidence": "p1",
        "status": "recognised",
        "sku": "a",
        "shelf": 1,
        "counted": 5,
        "said_counted": None,
    }
    return Judged(**known | told, says=says, said_sku=said)  # type: ignore[arg-type]  # one of the words


@pytest.mark.parametrize(
    ("one", "right"),
    [
        (judged("sku", "a"), True),
        (judged("sku", "b"), False),
        (judged("unlisted"), False),
        (judged("nothing"), False),
        (judged("unlisted", status="unknown", sku=None), True),
        (judged("sku", "a", status="unsure"), False),
    ],
    ids=["same", "another", "of no list", "nothing", "unknown as it said", "it was unsure"],
)
def test_what_is_right(one: Judged, *, right: bool) -> None:
    assert one.is_right is right


def test_wilson_is_as_published() -> None:
    """Newcombe (1998), table I: 81 of 263 and 0 of 20."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=60))
def test_an_interval_holds_its_share(marks: list[tuple[int, bool]]) -> None:
    found = rate([judged("sku", "a" if right else "b", evidence=f"p{photo}") for photo, right in marks], _right)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1


def _right(one: Judged) -> bool:
    return one.is_right


def test_facings_that_are_wrong_together_widen_the_interval() -> None:
    apart = [judged("sku", "a" if number % 5 else "b", evidence=f"p{number}") for number in range(100)]
    together = [judged("sku", "a" if number % 50 >= 10 else "b", evidence=f"p{number // 10}") for number in range(100)]
    one, other = rate(apart, _right), rate(together, _right)
    assert one.value == other.value == 0.8
    assert (one.low, one.high) == pytest.approx(wilson(0.8, 100), abs=0.001)
    assert other.low is not None
    assert one.low is not None
    assert other.low < one.low - 0.1


def test_where_all_are_right_each_photograph_counts_once() -> None:
    found = rate([judged("sku", "a", evidence=f"p{number % 4}") for number in range(40)], _right)
    assert (found.low, found.high) == wilson(1.0, 4)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Photographs of 4 facings, of which one in 8 is wrong throughout and of the others 4 % of the facings."""
    chance, hits, rounds = Random(5), 0, 400
    truth = 7 / 8 * 0.96
    for _ in range(rounds):
        bad = [chance.random() < 1 / 8 for _ in range(30)]
        marks = [
            judged("sku", "b" if is_bad or chance.random() < 0.04 else "a", evidence=f"p{photo}")
            for photo, is_bad in enumerate(bad)
            for _ in range(4)
        ]
        found = rate(marks, _right)
        hits += (found.low or 0) <= truth <= (found.high or 0)
    assert 0.90 <= hits / rounds <= 0.99


def test_shelves_are_counted_once_and_what_is_unclear_is_in_no_share() -> None:
    found = measure(
        [
            judged("sku", "a", said_counted=5),
            judged("sku", "b", place=1, said_counted=5),  # on the same shelf of the same photograph
            judged("unclear", place=2, evidence="p2", said_counted=7),
            judged("nothing", place=3, evidence="p3"),
        ]
    )
    assert (found.sku.right, found.sku.judged, found.unclear) == (1, 3, 1)
    assert (found.real.right, found.named.judged) == (2, 3)
    assert (found.shelves.right, found.shelves.judged) == (1, 2)
    assert (found.machine_counted, found.person_counted) == (10, 12)


def test_a_part_with_too_few_judgements_is_not_told() -> None:
    many = [judged("sku", "a", chain="big", evidence=f"p{number}") for number in range(30)]
    assert list(split([*many, judged("sku", "a", chain="small")], lambda one: one.chain)) == ["big"]


def test_kappa_is_agreement_beyond_chance() -> None:
    """Cohen's own kind of table: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no give 0.4."""
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement(pairs)
    assert (found.pairs, found.same) == (50, 35)
    assert found.kappa == pytest.approx(0.4)
    assert agreement([]).kappa is None
    assert agreement([("y", "y")]).kappa is None
