"""The time that intervals are cut by: round in the store, and never going back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.business_day import Clockwork
from edge.device.store_time import StoreTime

ZONES = ("Asia/Ho_Chi_Minh", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin")
MOMENT = datetime(2026, 3, 14, 5, 7, tzinfo=UTC)


def store(zone: str = "Asia/Ho_Chi_Minh", *, day_starts: time = time(4)) -> Clockwork:
    return Clockwork(ZoneInfo(zone), day_starts, time(8), time(22))


@given(
    moment=st.floats(1.6e9, 2.8e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    running=st.floats(0, 1e7),
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from([900, 1800, 3600]),
)
def test_whole_intervals_are_round_times_of_the_store(
    moment: datetime, running: float, zone: str, interval: int
) -> None:
    held = StoreTime.fixed(moment, running=running, clockwork=store(zone))
    border = (held.at(running) // interval) * interval
    shown = held.moment(border).astimezone(UTC) + (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta())
    assert (shown.hour * 3600 + shown.minute * 60 + shown.second) % interval == 0
    assert abs((held.moment(held.at(running)) - moment).total_seconds()) < 1e-3


def test_an_interval_of_a_day_is_a_business_day() -> None:
    clockwork = store(day_starts=time(4, 30))
    held = StoreTime.fixed(MOMENT, running=77.0, clockwork=clockwork)
    begins = held.moment((held.at(77.0) // 86400) * 86400)
    assert begins.astimezone(clockwork.zone) == datetime(2026, 3, 14, 4, 30, tzinfo=clockwork.zone)


@pytest.mark.parametrize(("step", "holds"), [(1.5, True), (-1.5, True), (3, False), (-86400, False), (86400, False)])
def test_it_holds_until_the_clock_is_set(step: float, *, holds: bool) -> None:
    held = StoreTime.fixed(MOMENT, running=0.0, clockwork=store())
    later = MOMENT + timedelta(seconds=100 + step)
    assert held.holds(later, running=100.0, clockwork=store(), interval=900) is holds


def test_summer_time_ends_intervals_of_a_day_and_no_shorter_ones() -> None:
    clockwork = store("Europe/Berlin")
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    held = StoreTime.fixed(before, running=0.0, clockwork=clockwork)
    after = before + timedelta(hours=1)
    assert held.holds(after, running=3600.0, clockwork=clockwork, interval=900)
    assert not held.holds(after, running=3600.0, clockwork=clockwork, interval=86400)
