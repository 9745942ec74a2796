"""What is too old goes, unless it may be the clock that is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cloud_sink.evidence.folder import Folder
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.housekeeping import TRIAL, Housekeeper
from cloud_sink.store.database import reading, writing
from cloud_sink.store.intake import take
from cloud_sink.store.tables import events
from tests.cloud_sink.words import START, fact, rejected

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database

YEARS = timedelta(days=5 * 365)
HOUR = 3600.0


def kept(database: Database) -> int:
    with reading(database) as connection:
        return int(connection.execute(select(func.count()).select_from(events)).scalar_one())


def test_a_clock_that_jumps_deletes_nothing_until_it_has_proved_right(database: Database, tmp_path: Path) -> None:
    with writing(database) as connection:
        take(connection, [fact(rejected(1))], [], stores=StoreBook(), received=START)
    keeper = Housekeeper(database, SinkConfig(), Folder(tmp_path))
    keeper.look(START, 0.0)
    keeper.look(START + YEARS, HOUR)  # the clock jumped, by an hour of the running clock
    assert kept(database) == 1
    keeper.look(START + timedelta(days=1), 24 * HOUR)  # and was set right
    assert kept(database) == 1
    keeper.look(START + YEARS, 25 * HOUR)  # again, and this time it stays
    keeper.look(START + YEARS + timedelta(seconds=TRIAL), 25 * HOUR + TRIAL)
    assert kept(database) == 0


def test_a_sink_that_was_off_for_long_deletes_once_its_clock_went_on_for_a_day(
    database: Database, tmp_path: Path
) -> None:
    with writing(database) as connection:
        take(connection, [fact(rejected(1))], [], stores=StoreBook(), received=START)
    Housekeeper(database, SinkConfig(), Folder(tmp_path)).look(START, 0.0)
    keeper = Housekeeper(database, SinkConfig(), Folder(tmp_path))
    for hours in (0, 12, 23.9):
        keeper.look(START + YEARS + timedelta(hours=hours), hours * HOUR)
        assert kept(database) == 1
    keeper.look(START + YEARS + timedelta(hours=24), 24 * HOUR)
    assert kept(database) == 0
