from __future__ import annotations

import pytest

from edge.contract.releases import Limits
from edge.update.comparison import Tried, Unit, agreement, misfit

BOXES: tuple[tuple[float, float, float, float], ...] = ((0, 0, 40, 100), (50, 0, 90, 100), (100, 0, 140, 100))


def tried(*skus: str | None, ms: float = 100.0, mb: float = 200.0) -> Tried:
    units = [Unit(box=box, sku=sku) for box, sku in zip(BOXES, skus, strict=False)]
    return Tried(frames={"cam-1/1.jpg": units}, milliseconds=[ms], memory_mb=mb)


SAME = tried("a", "b", "c")


def test_what_sees_the_same_fits() -> None:
    assert misfit(SAME, SAME, Limits()) == ""


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (tried("a", "b", "c", ms=151), "151 ms of processor a frame, 100 before; at most 1.5 times as long"),
        (tried("a", "b", "c", mb=301), "301 MB of memory, 200 before; at most 1.5 times as much"),
        (tried("a", "x", "y"), "agrees in 0.33 of the facings; at least 0.8"),
        (tried("a", None, None), "agrees in 0.33 of the facings; at least 0.8"),
        (tried("a"), "agrees in 0.50 of the facings; at least 0.8"),
        (Tried(frames={}, milliseconds=[], memory_mb=1), "it did not read every frame"),
    ],
)
def test_what_is_too_far_from_it_does_not(candidate: Tried, why: str) -> None:
    assert misfit(SAME, candidate, Limits()) == why


@pytest.mark.parametrize("candidate", [tried("a", "b", "c", ms=150), tried("a", "b", "c", mb=264)])
def test_what_is_within_the_limits_fits(candidate: Tried) -> None:
    assert misfit(SAME, candidate, Limits()) == ""


def test_an_outbox_that_what_runs_could_not_read_after_a_way_back_does_not_fit() -> None:
    sealed = SAME.model_copy(update={"outbox_reads": 3, "outbox_writes": 3})
    before = SAME.model_copy(update={"outbox_reads": 2})
    assert misfit(before, sealed, Limits()) == (
        "its outbox is of version 3, and what runs reads 2 at most: there would be no way back"
    )
    assert misfit(before, sealed.model_copy(update={"outbox_writes": 2}), Limits()) == ""


def test_what_had_no_name_may_get_one() -> None:
    assert misfit(tried("a", None, None), SAME, Limits()) == ""


def test_small_differences_of_small_figures_are_noise() -> None:
    assert misfit(tried("a", ms=5, mb=10), tried("a", ms=24, mb=70), Limits()) == ""


def test_frames_without_facings_say_nothing() -> None:
    assert agreement(tried(), tried()) is None


def test_a_facing_is_matched_once() -> None:
    twice = Tried(frames={"cam-1/1.jpg": [Unit(box=BOXES[0], sku="a")] * 2}, milliseconds=[1], memory_mb=1)
    assert agreement(tried("a"), twice) == pytest.approx(2 / 3)
