from __future__ import annotations

from datetime import date

import pytest

from cloud_sink.analyses.outcomes import facings, stoppers

DAYS = [date(2026, 3, day) for day in range(1, 9)]
FRONT, SIDE, NEW = ("s1", "f1", "front"), ("s1", "f1", "side"), ("s1", "f2", "front")


def test_facings_are_means_over_the_captures_of_each_view() -> None:
    seen = {FRONT: {DAYS[0]: 4}, SIDE: {DAYS[0]: 2}}
    shown = {FRONT: {DAYS[0]: {"facings": 8, "unsure": 1}}, SIDE: {DAYS[0]: {"facings": 1, "unsure": 0}}}
    assert facings(seen, shown) == {("s1", DAYS[0]): 2.5}


def test_what_was_seen_and_does_not_show_it_has_none() -> None:
    assert facings({FRONT: {DAYS[0]: 4}}, {}) == {("s1", DAYS[0]): 0}


def test_a_day_on_which_one_view_was_blind_is_unknown() -> None:
    seen = {FRONT: dict.fromkeys(DAYS, 1), SIDE: dict.fromkeys(DAYS[1:], 1)}
    shown = {view: {day: {"facings": 3, "unsure": 0} for day in days} for view, days in seen.items()}
    assert facings(seen, shown) == {("s1", day): 6 for day in DAYS[1:]}


def test_a_camera_that_came_late_is_no_change() -> None:
    seen = {FRONT: dict.fromkeys(DAYS, 1), NEW: dict.fromkeys(DAYS[5:], 1)}
    shown = {view: {day: {"facings": 3, "unsure": 0} for day in days} for view, days in seen.items()}
    assert set(facings(seen, shown).values()) == {3}


@pytest.mark.parametrize(
    ("counted", "expected"),
    [(100, 40), (80, 50), (79, None), (120, 40)],
)
def test_stops_are_those_of_a_whole_day(counted: int, expected: float | None) -> None:
    row = {"stoppers": 40, "stoppers_days": 1, "counted_ms": counted, "countable_ms": 100}
    assert stoppers(row) == expected
    assert stoppers(row | {"stoppers_days": 0}) is None
