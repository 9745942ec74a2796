from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from cloud_sink.store import partitions
from cloud_sink.store.database import Database, reading, writing

if TYPE_CHECKING:
    from sqlalchemy import Connection

TODAY = date(2026, 3, 14)


def put(connection: Connection, seq: int, day: date) -> None:
    connection.execute(
        text(
            "INSERT INTO events VALUES "
            "('t', 'd', 'e', :seq, 's', 'x', '', :day, 0, true, 0, 'clock', 'b', 0, 0, '', '')"
        ),
        {"seq": seq, "day": day},
    )


def kept(connection: Connection, table: str = "events") -> list[int]:
    return list(connection.execute(text(f"SELECT seq FROM {table} ORDER BY seq")).scalars())


def test_events_of_a_day_lie_in_its_partition_and_all_others_with_the_rest(postgresql: Database) -> None:
    with writing(postgresql) as connection:
        assert len(partitions.make_ahead(connection, TODAY)) == 10
        assert partitions.make_ahead(connection, TODAY) == []
        put(connection, 1, TODAY)
        put(connection, 2, date(2021, 1, 1))
    with reading(postgresql) as connection:
        assert kept(connection) == [1, 2]
        assert kept(connection, "events_2026_03_14") == [1]
        assert kept(connection, "events_rest") == [2]


def test_a_day_that_began_without_a_partition_stays_with_the_rest(postgresql: Database) -> None:
    with writing(postgresql) as connection:
        put(connection, 1, TODAY)
        assert TODAY not in partitions.make_ahead(connection, TODAY)
        put(connection, 2, TODAY)
        assert kept(connection, "events_rest") == [1, 2]


def test_old_days_go_with_all_that_is_in_them(postgresql: Database) -> None:
    with writing(postgresql) as connection:
        partitions.make_ahead(connection, TODAY)
        for seq, days in enumerate((-2, -1, 0)):
            put(connection, seq, TODAY + timedelta(days=days))
        assert partitions.drop_before(connection, TODAY) == [TODAY - timedelta(days=2), TODAY - timedelta(days=1)]
        assert kept(connection) == [2]
        assert min(partitions.made(connection)) == TODAY


def test_sqlite_has_none(sqlite: Database) -> None:
    with writing(sqlite) as connection:
        assert partitions.make_ahead(connection, TODAY) == []
        assert partitions.made(connection) == []
