from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.profile.availability import Availability, availability, observed_spans, step_seconds
from edge.contract.business_day import Span

NINE = datetime(2026, 3, 14, 9, tzinfo=UTC)
HOURS = Span(NINE, NINE + timedelta(hours=10))


def minutes(*values: float) -> list[datetime]:
    return [NINE + timedelta(minutes=value) for value in values]


def span(since: float, until: float) -> Span:
    return Span(*minutes(since, until))


@pytest.mark.parametrize(
    ("captures", "due", "expected"),
    [
        ([], 20, 1800),  # the schedule tells
        (minutes(0, 20, 40, 100), 0, 1200),  # the usual distance tells
        (minutes(0), 0, 0),  # one capture alone tells nothing
        ([], 0, 0),
    ],
)
def test_what_one_capture_stands_for(captures: list[datetime], due: int, expected: float) -> None:
    assert step_seconds(captures, due, HOURS) == expected


@pytest.mark.parametrize(
    ("captures", "expected"),
    [
        ([], ()),
        (minutes(0, 30, 60), (span(0, 90),)),
        (minutes(0, 33, 60), (span(0, 90),)),  # jitter leaves no seam
        (minutes(0, 120), (span(0, 30), span(120, 150))),  # three captures were missing
        (minutes(585), (span(585, 600),)),  # nobody asks about the time after closing
        (minutes(-60, -15, 700), (span(0, 15),)),
        (minutes(10, 10), (span(10, 40),)),
    ],
)
def test_what_captures_watched(captures: list[datetime], expected: tuple[Span, ...]) -> None:
    assert observed_spans(captures, 1800, HOURS) == expected


def test_unobserved_time_leaves_both_sides() -> None:
    watched = (span(0, 60), span(120, 180))
    found = availability({"cola": 1.0, "lime": 1.0}, {"cola": [span(30, 150)]}, watched)
    assert found == {"cola": Availability(3600, 7200), "lime": Availability(0, 7200)}
    assert found["cola"].value == 0.5
    assert (found["cola"] + found["lime"]).value == 0.75


def test_nothing_observed_is_unknown() -> None:
    assert availability({"cola": 1.0}, {"cola": [span(0, 60)]}, ())["cola"].value is None


def test_overlapping_episodes_count_once_and_unplanned_skus_not_at_all() -> None:
    found = availability({"cola": 1.0}, {"cola": [span(0, 40), span(20, 60)], "lime": [span(0, 60)]}, (span(0, 120),))
    assert found == {"cola": Availability(3600, 7200)}


def test_a_sku_planned_for_half_the_captures_weighs_half() -> None:
    assert availability({"cola": 0.5}, {}, (span(0, 120),))["cola"].observed == 3600


@given(
    captures=st.lists(st.integers(-100, 800), max_size=30),
    episodes=st.lists(st.tuples(st.integers(-100, 800), st.integers(0, 300)), max_size=6),
    step=st.integers(1, 120),
)
def test_availability_is_a_share(captures: list[int], episodes: list[tuple[int, int]], step: int) -> None:
    watched = observed_spans(minutes(*sorted(captures)), step * 60, HOURS)
    for earlier, later in pairwise(watched):
        assert earlier.until < later.since
    assert all(HOURS.since <= one.since < one.until <= HOURS.until for one in watched)
    out = [span(since, since + length) for since, length in episodes]
    value = availability({"cola": 1.0}, {"cola": out}, watched)["cola"].value
    assert value is None or 0 <= value <= 1
