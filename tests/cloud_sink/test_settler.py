"""The thread that settles days beside a collector and follows master data."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from cloud_sink import settler as settler_module
from cloud_sink.fleet.master import MasterData
from cloud_sink.profile import settle
from cloud_sink.settler import PATIENCE, ROUND, Settler
from cloud_sink.store import master, settled, stale
from cloud_sink.store.database import reading, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.fleet.test_master import row
from tests.cloud_sink.words import START, fact, observed

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.course import Settled
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.stale import StoreDayKey

NOW = datetime(2026, 3, 20, tzinfo=UTC)
DAY = date(2026, 3, 14)


@pytest.fixture
def data(sqlite: Database, config: SinkConfig) -> MasterData:
    return MasterData(sqlite, config.stores)


def observe(database: Database, data: MasterData, seq: int, *, day: int = 0) -> None:
    event = observed(seq, [], at=START + timedelta(days=day))
    with writing(database) as connection:
        take(connection, [fact(event)], [], stores=data.book, received=NOW)


def waiting(database: Database) -> int:
    with reading(database) as connection:
        return len(stale.some(connection, 10_000))


def captures(database: Database) -> int | None:
    """Of the settled day; None before it is settled."""
    with reading(database) as connection:
        rows = settled.store_days(connection, "acme", "s1", DAY, DAY)
    return rows[DAY]["accepted"] if rows else None


def test_what_is_stored_is_settled_soon_and_master_data_are_followed(sqlite: Database, data: MasterData) -> None:
    observe(sqlite, data, 1)
    with writing(sqlite) as connection:
        master.put_stores(connection, [row("s2", name="Second")], NOW)
    settler = Settler(sqlite, data, rest=0.02)
    settler.start()
    deadline = time.monotonic() + 20
    while captures(sqlite) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    settler.stop()
    assert captures(sqlite) == 1
    second = data.book.find("acme", "s2")
    assert second is not None
    assert second.name == "Second"


def test_a_day_is_settled_once_it_rests(sqlite: Database, data: MasterData) -> None:
    settler = Settler(sqlite, data)
    observe(sqlite, data, 1)
    assert (settler.look(0), captures(sqlite)) == (1, None)  # seen for the first time
    observe(sqlite, data, 2)
    assert (settler.look(2), captures(sqlite)) == (1, None)  # marked again
    assert (settler.look(4), captures(sqlite)) == (1, 2)
    assert settler.look(6) == 0


def test_a_day_that_cannot_be_worked_out_keeps_no_other_waiting(
    sqlite: Database, data: MasterData, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = settle.work_out, date(2026, 3, 13)

    def faulty(connection: Transaction, stores: StoreBook, key: StoreDayKey) -> Settled | None:
        if key[2] == broken:
            raise OverflowError
        return whole(connection, stores, key)

    monkeypatch.setattr(settle, "work_out", faulty)
    with writing(sqlite) as connection:
        take(connection, [fact(observed(9, [], at=START - timedelta(days=1)))], [], stores=data.book, received=NOW)
    observe(sqlite, data, 1)
    settler = Settler(sqlite, data)
    settler.look(0)
    settler.look(2)
    assert captures(sqlite) == 1
    assert settler.look(4) == 0


def test_a_day_that_never_rests_is_settled_all_the_same(sqlite: Database, data: MasterData) -> None:
    settler = Settler(sqlite, data)
    for seq, at in enumerate((0.0, 20.0, 40.0, PATIENCE), start=1):
        observe(sqlite, data, seq)
        settler.look(at)
        assert captures(sqlite) == (4 if at == PATIENCE else None)


def test_a_day_that_never_rests_is_settled_once_in_a_while_and_not_at_every_look(
    sqlite: Database, data: MasterData
) -> None:
    settler, settled_at = Settler(sqlite, data), []
    for seq in range(1, 61):
        observe(sqlite, data, seq)
        before = captures(sqlite)
        settler.look(5.0 * seq)
        if captures(sqlite) != before:
            settled_at.append(5.0 * seq)
    assert len(settled_at) == 4
    assert min(later - earlier for earlier, later in pairwise(settled_at)) >= PATIENCE


def test_a_look_does_so_much_and_no_more_and_those_first_that_wait_longest(sqlite: Database, data: MasterData) -> None:
    settler = Settler(sqlite, data)
    for seq in range(1, ROUND + 1):
        observe(sqlite, data, seq, day=seq)
    settler.look(0)
    for seq in range(ROUND + 1, ROUND + 6):
        observe(sqlite, data, seq, day=ROUND - seq)  # earlier days, that came later
    settler.look(2)
    assert waiting(sqlite) == 5
    assert settler.look(4) == 5
    assert waiting(sqlite) == 0


def test_of_more_days_than_can_be_looked_at_each_has_its_turn(
    sqlite: Database, data: MasterData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settler_module, "_AT_ONCE", 8)
    monkeypatch.setattr(settler_module, "ROUND", 5)
    settler, days = Settler(sqlite, data), 20
    for look in range(days // 5):
        for day in range(days):  # events come all the time, of all of them
            observe(sqlite, data, 1 + look * days + day, day=-day)
        settler.look(2.0 * look)
    with reading(sqlite) as connection:
        rows = settled.store_days(connection, "acme", "s1", DAY - timedelta(days=days), DAY)
    assert [DAY - day for day in rows] == [timedelta(days=day) for day in reversed(range(days))]
