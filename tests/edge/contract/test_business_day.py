from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.business_day import Clockwork, business_day, day_span, hour_of_day, opening

ZONES = ["UTC", "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]


def clockwork(zone: str, day_starts: time = time(4), opens: time = time(8), closes: time = time(22)) -> Clockwork:
    return Clockwork(ZoneInfo(zone), day_starts, opens, closes)


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    zone=st.sampled_from(ZONES),
    starts=st.integers(0, 23),
)
def test_every_moment_lies_in_its_own_business_day_and_hour(at: datetime, zone: str, starts: int) -> None:
    moment, clock = at.replace(tzinfo=UTC), clockwork(zone, time(starts))
    day = business_day(moment, clock)
    span = day_span(day, clock)
    assert span.since <= moment < span.until
    assert span.since + timedelta(hours=hour_of_day(moment, day, clock)) <= moment
    assert day_span(day + timedelta(days=1), clock).since == span.until


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 28), 23),  # the night to the 29th loses an hour, and belongs to the day that began at 4
        (date(2026, 3, 29), 24),
        (date(2026, 10, 24), 25),
        (date(2026, 10, 25), 24),
    ],
)
def test_days_of_change_are_as_long_as_they_are(day: date, hours: int) -> None:
    assert day_span(day, clockwork("Europe/Berlin")).seconds == hours * 3600


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    clock = clockwork("Europe/Berlin", time(0))
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # both 02:30
    assert [hour_of_day(at, date(2026, 10, 25), clock) for at in (first, second)] == [2, 3]
    assert hour_of_day(datetime(2026, 10, 25, 22, 59, tzinfo=UTC), date(2026, 10, 25), clock) == 24


def test_night_belongs_to_the_day_before() -> None:
    clock = clockwork("Asia/Ho_Chi_Minh")
    assert business_day(datetime(2026, 3, 13, 20, 59, tzinfo=UTC), clock) == date(2026, 3, 13)  # 03:59
    assert business_day(datetime(2026, 3, 13, 21, 0, tzinfo=UTC), clock) == date(2026, 3, 14)  # 04:00


def test_opening_hours_are_the_stores_own() -> None:
    hours = opening(date(2026, 3, 14), clockwork("Asia/Ho_Chi_Minh"))
    assert hours.since == datetime(2026, 3, 14, 1, tzinfo=UTC)
    assert hours.until == datetime(2026, 3, 14, 15, tzinfo=UTC)
