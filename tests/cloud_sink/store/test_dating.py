"""Days of a batch, each worked out once, beside what every moment says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.fleet.settings import StoreSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.dating import Days
from cloud_sink.store.facts import Place
from edge.contract.business_day import business_day, hour_of_day, opening
from tests.cloud_sink.words import DEVICE, fact, rejected

ZONES = ("Europe/Berlin", "Asia/Ho_Chi_Minh", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca")
CHANGE = datetime(2026, 3, 29, tzinfo=UTC)
FACT = fact(rejected(1))
minutes = st.lists(st.integers(-4 * 1440, 4 * 1440), min_size=1, max_size=30)


@given(minutes, st.sampled_from(ZONES), st.sampled_from(["00:00", "05:30"]))
def test_a_day_that_is_known_places_a_moment_as_that_moment_alone_would(
    offsets: list[int], zone: str, starts: str
) -> None:
    hours = {"day_starts": starts, "opens": "08:00", "closes": "22:00"}
    store = StoreSection.model_validate(
        {"tenant": DEVICE.tenant, "id": DEVICE.store, "name": "S", "zone": zone, "hours": hours}
    )
    stores = StoreBook([store])
    clockwork = stores.clockwork(DEVICE.tenant, DEVICE.store, zone)
    days = Days(stores)
    for offset in offsets:
        at = CHANGE + timedelta(minutes=offset)
        day = business_day(at, clockwork)
        open_hours = opening(day, clockwork)
        expected = Place(day, hour_of_day(at, day, clockwork), open_hours.since <= at < open_hours.until)
        assert days.place(FACT, at) == expected
