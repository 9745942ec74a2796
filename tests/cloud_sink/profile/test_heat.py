from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.heat import ask_heat
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.words import START, fact, traffic

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def test_grids_of_a_camera_are_added_up(database: Database, stores: StoreBook) -> None:
    small = {"rows": 1, "columns": 2, "seconds": [1.5, 0]}
    other = {"rows": 2, "columns": 1, "seconds": [4, 4]}
    told = [
        traffic(1, START, fixture="f1", heat=small),
        traffic(2, START + timedelta(hours=1), fixture="f1", heat=small),
        traffic(3, START + timedelta(hours=2), fixture="f1", withheld=["heat", "passers"]),
        traffic(4, START + timedelta(hours=3), fixture="f1", heat=other),
        traffic(5, START + timedelta(days=3), fixture="f1", heat=small),
    ]
    with writing(database) as connection:
        take(connection, [fact(one) for one in told], [], stores=stores, received=NOW)
    day = date(2026, 3, 14)
    wide, tall = ask_heat(database, tenant="acme", store="s1", since=day, until=day)
    assert (wide.rows, wide.columns, wide.seconds, wide.intervals, wide.withheld) == (1, 2, [3, 0], 2, 1)
    assert (tall.rows, tall.seconds, tall.camera, tall.fixture) == (2, [4, 4], "cam", "f1")
    assert ask_heat(database, tenant="rival", store="s1", since=day, until=day) == []
