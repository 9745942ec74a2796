from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cloud_sink.analyses.demand import Demand, Refill

TODAY = date(2026, 3, 29)
WEEK = (5.0, 6.0, 5.0, 7.0, 9.0, 14.0, 12.0)
GTIN = "09520000000004"
DAYS = [TODAY - timedelta(days=at) for at in range(84, 0, -1)]
SOLD = {day: WEEK[day.weekday()] for day in DAYS}


def ask(days: int = 3, **more: Any) -> tuple[Refill | None, list[str]]:
    told: dict[str, Any] = {"today": TODAY, "told": set(DAYS), "sold": {GTIN: SOLD}, "delivered": {}, "out": {}}
    return Demand(**told | more).refill("cola", GTIN, days)


def refill(days: int = 3, **more: Any) -> Refill:
    found, said = ask(days, **more)
    assert found is not None, said
    return found


def test_the_days_from_today_on_are_forecast() -> None:
    assert refill().expected == pytest.approx(12 + 5 + 6, abs=0.1)
    assert refill(1).expected == pytest.approx(12, abs=0.1)


def test_a_file_that_ends_days_ago_is_forecast_beyond_its_end() -> None:
    """It was told until Wednesday: what is to be brought is still for Sunday to Tuesday."""
    found = refill(told=set(DAYS[:-3]), sold={GTIN: {day: SOLD[day] for day in DAYS[:-3]}})
    assert found.expected == pytest.approx(12 + 5 + 6, abs=0.1)
    assert found.told_until == DAYS[-4]


def test_what_was_sold_since_the_files_end_is_no_longer_in_stock() -> None:
    delivered = {GTIN: {DAYS[0]: sum(SOLD.values()) + 40}}
    assert refill(delivered=delivered).stock == pytest.approx(40)
    told = set(DAYS[:-3])
    found = refill(told=told, sold={GTIN: {day: SOLD[day] for day in told}}, delivered=delivered)
    assert found.stock == pytest.approx(40, abs=0.2)
    assert found.suggested == 0


def test_what_comes_today_is_not_there_yet() -> None:
    assert refill(delivered={GTIN: {TODAY: 100.0}}).stock is None


def test_more_sold_than_delivered_is_no_stock() -> None:
    found, said = ask(delivered={GTIN: {DAYS[0]: 1.0}})
    assert found is not None
    assert (found.stock, found.suggested) == (None, refill().suggested)
    assert said == ["more was sold than delivered: its stock is unknown"]


def test_a_day_on_which_it_was_out_says_nothing_of_demand() -> None:
    """On every Saturday of the last five weeks it sold out in the morning."""
    saturdays = [day for day in DAYS[-35:] if day.weekday() == 5]
    sold = {GTIN: SOLD | dict.fromkeys(saturdays, 1.0)}
    believed = refill(7, sold=sold)
    found = refill(7, sold=sold, out={"cola": dict.fromkeys(saturdays, 0.5)})
    assert found.expected == pytest.approx(sum(WEEK), abs=0.5)
    assert believed.expected < found.expected - 5


def test_a_weekday_that_is_never_told_is_closed_and_another_untold_day_is_unknown() -> None:
    closed = {day for day in DAYS if day.weekday() != 6}
    sold = {GTIN: {day: SOLD[day] for day in closed}}
    assert refill(told=closed, sold=sold).expected == pytest.approx(5 + 6, abs=0.1)
    lost = closed - {DAYS[-10]}
    assert refill(told=lost, sold={GTIN: {day: SOLD[day] for day in lost}}).expected == pytest.approx(11, abs=0.1)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"told": set()}, "no sales file tells units of this store"),
        ({"sold": {}}, "no sales file tells units of it"),
        ({"told": set(DAYS[:-15])}, "sales are told until 2026-03-13 only: too long ago"),
        ({"told": set(DAYS[-20:])}, "20 days of sales on which it was in stock; 28 and 7 of the last two weeks"),
        ({"out": {"cola": dict.fromkeys(DAYS[-14:], 1.0)}}, "70 days of sales on which it was in stock"),
    ],
)
def test_too_little_is_said(more: dict[str, Any], why: str) -> None:
    found, said = ask(**more)
    assert found is None
    assert why in said[0]
