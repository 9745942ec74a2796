"""When captures are due: interval and cron, opening hours, changes of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.schedule import cron_fault, describe, due_times, next_due
from edge.contract.business_day import Clockwork, business_day
from edge.contract.config import Schedule

HANOI = Clockwork(ZoneInfo("Asia/Ho_Chi_Minh"), day_starts=time(4), opens=time(8), closes=time(22))
BERLIN = Clockwork(ZoneInfo("Europe/Berlin"), day_starts=time(4), opens=time(8), closes=time(22))
DAY = date(2026, 3, 14)


def local(hour: int, minute: int = 0, *, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute), HANOI.zone)


def test_an_interval_counts_from_opening_and_ends_before_closing() -> None:
    due = list(due_times(Schedule(every=1200), DAY, HANOI))
    assert due[0] == local(8)
    assert due[1] == local(8, 20)
    assert due[-1] == local(21, 40)
    assert len(due) == 42


def test_cron_is_read_in_the_zone_of_the_store() -> None:
    due = list(due_times(Schedule(cron="30 9,23 * * *"), DAY, HANOI))
    assert due == [local(9, 30)]  # 23:30 is after closing


@pytest.mark.parametrize(
    ("day", "captures"), [(date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 10, 25), 25)]
)
def test_a_day_on_which_the_clocks_change_has_its_own_length(day: date, captures: int) -> None:
    whole_day = Clockwork(BERLIN.zone, day_starts=time(0), opens=time(0), closes=time(23, 59))
    assert len(list(due_times(Schedule(every=3600), day, whole_day))) == captures


def test_after_closing_the_next_capture_is_at_opening_of_the_next_day() -> None:
    after = local(22, 10)
    assert next_due(Schedule(every=900), after, HANOI) == local(8, day=DAY + timedelta(days=1))


def test_a_cron_that_never_comes_true_has_no_next() -> None:
    assert next_due(Schedule(cron="0 3 * * *"), local(9), HANOI) is None


@given(st.integers(0, 365 * 24 * 60), st.sampled_from([60, 900, 5400]))
def test_the_next_capture_is_the_first_due_one_later_than_now(minute: int, every: int) -> None:
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    schedule = Schedule(every=every)
    due = next_due(schedule, after, BERLIN)
    assert due is not None
    assert due > after
    day = due.astimezone(BERLIN.zone).date()
    for other in (day - timedelta(days=1), day):
        assert not any(after < early < due for early in due_times(schedule, other, BERLIN))


@pytest.mark.parametrize(
    ("at", "day"), [(local(4), DAY), (local(3, 59), DAY - timedelta(days=1)), (local(23, 59), DAY)]
)
def test_a_business_day_begins_at_its_starting_hour(at: datetime, day: date) -> None:
    assert business_day(at, HANOI) == day


@pytest.mark.parametrize(
    ("expression", "fault"), [("61 * * * *", "bad minute"), ("* * *", "wrong number"), ("0 9 * * *", None)]
)
def test_what_is_wrong_with_a_cron_expression_is_said(expression: str, fault: str | None) -> None:
    said = cron_fault(expression)
    assert (said is None) == (fault is None)
    assert (fault or "") in (said or "")


def test_a_schedule_is_described_in_words() -> None:
    assert describe(Schedule(every=900)) == "every 15 min"
    assert describe(Schedule(every=45)) == "every 45 s"
    assert describe(Schedule(cron="0 9 * * *")) == "cron 0 9 * * *"
