from __future__ import annotations

import pytest

from edge.shelf.evidence import gather_evidence, weigh_votes
from tests.edge.shelf.shop import align


def test_what_a_capture_proves() -> None:
    found = gather_evidence(align("a a b d c", "a ~ ? d? c"))
    assert dict(found.planned) == {"a": 2, "b": 1, "c": 1, "d": 1}
    assert dict(found.seen) == {"a": 1, "c": 1}
    assert found.hidden == {"a"}
    assert set(found.unsure) == {"b", "d"}


def test_a_facing_in_doubt_could_be_its_guess_and_what_is_planned_there() -> None:
    assert dict(gather_evidence(align("a b c", "a c? c")).unsure) == {"b": 1, "c": 1}


def test_what_is_seen_elsewhere_is_seen() -> None:
    assert gather_evidence(align("a b\nc d", "b\nc a d")).seen["a"] == 1


def test_a_guess_counts_for_a_return_only_where_its_sku_is_planned() -> None:
    found = gather_evidence(align("a b\nc d", "a b?\nd? c?"))
    assert dict(found.chance) == {"a": 0.9, "b": 0.4}


@pytest.mark.parametrize(
    ("now", "believed", "lapsing", "appearing"),
    [
        ("a b", "a b", set(), set()),
        ("a b", "a _", set(), {"b"}),
        ("a _", "a b", {"b"}, set()),
        ("a _", "a b?", {"b"}, set()),
        ("a b?", "a b", set(), set()),
        ("a b?", "a _", set(), {"b"}),
        ("a b", "a b?", set(), {"b"}),
        ("a _", "a _", set(), set()),
    ],
    ids=[
        "both agree",
        "seen once",
        "missed once",
        "a doubt missed once",
        "a doubt that the vote lifts",
        "a doubt seen once",
        "recognised once",
        "gone",
    ],
)
def test_where_the_vote_and_the_latest_capture_differ(
    now: str, believed: str, lapsing: set[str], appearing: set[str]
) -> None:
    found = weigh_votes(gather_evidence(align("a b", now)), gather_evidence(align("a b", believed)))
    assert (set(found.lapsing), set(found.appearing)) == (lapsing, appearing)
