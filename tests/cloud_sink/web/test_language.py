from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cloud_sink.web.language import UNKNOWN, languages

EN, ZH = languages()["en"], languages()["zh-CN"]
NOON = datetime(2026, 3, 14, 5, 0, tzinfo=UTC)


def test_numbers_dates_and_times_are_the_languages_own() -> None:
    assert (EN.number(1234.5, 1), ZH.number(1234.5, 1)) == ("1,234.5", "1,234.5")
    assert (EN.calendar(date(2026, 3, 14)), ZH.calendar(date(2026, 3, 14))) == ("Mar 14, 2026", "2026年3月14日")
    assert (EN.time(NOON, "Asia/Shanghai"), ZH.time(NOON, "Asia/Ho_Chi_Minh")) == ("13:00", "12:00")
    assert (EN.moment(NOON, "Asia/Shanghai"), ZH.moment(NOON, "Asia/Shanghai")) == ("Mar 14 13:00", "3月14日 13:00")
    assert EN.ago(NOON - timedelta(minutes=5), NOON) == "5 minutes ago"
    assert ZH.ago(NOON - timedelta(minutes=5), NOON) == "5分钟前"
    assert (EN.points(-0.031), EN.points(0.031)) == ("\N{MINUS SIGN}3.1", "+3.1")


@pytest.mark.parametrize(
    ("share", "digits", "text"), [(0.9999, 0, "99%"), (0.9999, 1, "99.9%"), (1.0, 0, "100%"), (0.125, 1, "12.5%")]
)
def test_what_is_not_all_is_not_a_hundred_per_cent(share: float, digits: int, text: str) -> None:
    assert EN.percent(share, digits) == text


def test_what_nobody_knows_is_a_dash_and_not_nought() -> None:
    said = [EN.number(None), EN.percent(None), EN.points(None), EN.calendar(None), EN.time(None), EN.span(None)]
    assert set(said) == {UNKNOWN}


def test_a_zone_that_does_not_exist_is_utc() -> None:
    assert EN.time(NOON, "Nowhere/At_All") == "05:00"
