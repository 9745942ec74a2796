"""Opening hours between two moments, and episodes across a clock that was set back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.business_day import Clockwork
from edge.contract.config import FixtureSection, StockoutSection
from edge.device.stockouts import follow_stockouts, opening_seconds
from edge.shelf.evidence import Evidence

HANOI = Clockwork(ZoneInfo("Asia/Ho_Chi_Minh"), day_starts=time(4), opens=time(8), closes=time(22))
FIXTURE = FixtureSection(id="cooler-1", stockout=StockoutSection(captures=2, minutes=20))
NOON = datetime(2026, 3, 14, 12, tzinfo=HANOI.zone).astimezone(UTC)


def seen(*skus: str) -> Evidence:
    return Evidence({"cola": 1, "lime": 1}, dict.fromkeys(skus, 1), {}, frozenset())


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (timedelta(), timedelta(hours=1), 1),
        (timedelta(hours=-6), timedelta(), 4),  # opens at 8
        (timedelta(), timedelta(hours=24), 14),
        (timedelta(hours=11), timedelta(hours=12), 0),  # at night
        (timedelta(), timedelta(), 0),
    ],
)
def test_only_opening_hours_count(since: timedelta, until: timedelta, hours: int) -> None:
    assert opening_seconds(NOON + since, NOON + until, HANOI) == hours * 3600


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_opening_time_adds_up(first: int, second: int, third: int) -> None:
    a, b, c = (NOON + timedelta(minutes=minutes) for minutes in sorted((first, second, third)))
    assert opening_seconds(a, b, HANOI) + opening_seconds(b, c, HANOI) == opening_seconds(a, c, HANOI)


def test_an_episode_opens_and_closes_with_the_times_of_the_shelf() -> None:
    remembered, told = None, []
    for step, skus in enumerate([("cola", "lime"), ("cola",), ("cola",), ("cola",), ("cola", "lime")]):
        events, remembered = follow_stockouts(
            remembered,
            seen(*skus),
            at=NOON + timedelta(minutes=20 * step),
            capture=f"c-{step}",
            fixture=FIXTURE,
            clockwork=HANOI,
        )
        told += events
    opened, closed = told
    assert (opened.sku, opened.since) == ("lime", NOON + timedelta(minutes=20))
    assert closed.episode == opened.episode
    assert getattr(closed, "until", None) == NOON + timedelta(minutes=80)


def test_a_clock_set_back_neither_stops_the_agent_nor_forgets_an_episode() -> None:
    remembered = None
    for step, at in enumerate((NOON, NOON + timedelta(minutes=20), NOON + timedelta(minutes=45))):
        events, remembered = follow_stockouts(
            remembered,
            seen("cola", "lime") if step == 0 else seen("cola"),
            at=at,
            capture=f"c-{step}",
            fixture=FIXTURE,
            clockwork=HANOI,
        )
    (opened,) = events
    events, _ = follow_stockouts(
        remembered,
        seen("cola", "lime"),
        at=NOON - timedelta(days=1),
        capture="c-back",
        fixture=FIXTURE,
        clockwork=HANOI,
    )
    (closed,) = events
    assert closed.episode == opened.episode


def test_without_a_plan_there_is_nothing_to_be_out_of() -> None:
    assert follow_stockouts(None, None, at=NOON, capture="c", fixture=FIXTURE, clockwork=HANOI) == ([], None)
