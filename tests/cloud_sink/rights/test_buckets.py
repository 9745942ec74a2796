from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.rights import buckets
from cloud_sink.rights.buckets import Buckets

if TYPE_CHECKING:
    import pytest


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    held = Buckets(rate=2, burst=3)
    assert [held.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert held.take("a", 0.0) == 0.5
    assert held.take("a", 0.5) == 0
    assert held.take("a", 0.5) > 0


def test_each_name_has_its_own() -> None:
    held = Buckets(rate=1, burst=1)
    assert held.take("a", 0.0) == 0
    assert held.take("b", 0.0) == 0
    assert held.take("a", 0.0) > 0


def test_names_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_MOST", 10)
    held = Buckets(rate=1, burst=1)
    for number in range(100):
        held.take(str(number), 0.0)
    assert len(held._held) == 10


@given(st.lists(st.floats(0, 100), max_size=200))
def test_never_more_than_burst_and_rate_allow(moments: list[float]) -> None:
    held = Buckets(rate=2, burst=5)
    taken = sum(held.take("a", now) == 0 for now in sorted(moments))
    span = max(moments, default=0) - min(moments, default=0)
    assert taken <= 5 + 2 * span + 1e-6
