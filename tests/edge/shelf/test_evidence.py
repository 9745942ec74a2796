from __future__ import annotations

from edge.shelf.evidence import gather_evidence
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
