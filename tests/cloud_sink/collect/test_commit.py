from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select

from cloud_sink.collect.commit import commit
from cloud_sink.collect.link import Message
from cloud_sink.store.database import Database, DatabaseAway, reading, writing
from cloud_sink.store.dating import Days
from cloud_sink.store.tables import devices, events, quarantine
from edge.contract.receipts import RefusalReason
from edge.contract.topics import Address, Channel
from tests.cloud_sink.words import DEVICE, EPOCH, body, rejected

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.facts import Fact, Place

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def message(payload: bytes, channel: Channel = Channel.EVENTS) -> Message:
    return Message(DEVICE, channel, payload, None, mid=1, qos=1, connection=1)


@pytest.fixture
def broken_at_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in placing that one event brings out."""
    place = Days.place

    def faulty(days: Days, fact: Fact, at: datetime) -> Place:
        if fact.seq == 2:
            raise ZeroDivisionError
        return place(days, fact, at)

    monkeypatch.setattr(Days, "place", faulty)


@pytest.mark.usefixtures("broken_at_two")
def test_an_event_that_breaks_its_batch_is_refused_and_the_others_are_stored(
    database: Database, stores: StoreBook
) -> None:
    messages = [message(body(rejected(seq))) for seq in (1, 2, 3)]
    messages.append(
        message(
            b'{"state": "born", "connection": "c", "epoch": "' + EPOCH.encode() + b'", "boot": "0123abcd"}',
            Channel.STATE,
        )
    )
    answers = commit(messages, engine=database, stores=stores, received=NOW)
    answer = answers[DEVICE, EPOCH]
    assert answer.taken == {1, 3}
    assert answer.refused == {2: (RefusalReason.INVALID, "it cannot be stored: ZeroDivisionError")}
    with reading(database) as connection:
        assert [row.seq for row in connection.execute(select(events).order_by(events.c.seq))] == [1, 3]
        assert [row.body for row in connection.execute(select(quarantine))] == [body(rejected(2))]
        assert connection.execute(select(devices.c.state)).scalar_one() == "born"


@pytest.mark.usefixtures("broken_at_two")
def test_one_that_breaks_costs_a_few_transactions_and_not_one_for_each_of_the_others(
    sqlite: Database, stores: StoreBook
) -> None:
    begun: list[object] = []
    sqlalchemy_event.listen(sqlite, "begin", begun.append)
    messages = [message(body(rejected(seq))) for seq in range(1, 257)]
    answers = commit(messages, engine=sqlite, stores=stores, received=NOW)
    assert (len(answers[DEVICE, EPOCH].taken), set(answers[DEVICE, EPOCH].refused)) == (255, {2})
    assert len(begun) <= 2 * 8 + 2  # two for each time 256 is halved


def test_a_database_that_may_only_be_read_is_away_and_no_event_is_to_blame(
    postgresql: Database, stores: StoreBook
) -> None:
    messages = [message(body(rejected(1)))]
    set_reading_only(postgresql, "on")
    with pytest.raises(DatabaseAway, match="read-only"):
        commit(messages, engine=postgresql, stores=stores, received=NOW)
    set_reading_only(postgresql, "off")
    assert commit(messages, engine=postgresql, stores=stores, received=NOW)[DEVICE, EPOCH].taken == {1}


def set_reading_only(database: Database, value: str) -> None:
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = off")
        connection.exec_driver_sql(
            f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = {value}"
        )
    database.dispose()


def test_while_the_database_is_away_nothing_is_answered(sqlite: Database, stores: StoreBook) -> None:
    sqlalchemy_event.listen(sqlite, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=1"))
    sqlite.dispose()
    messages = [message(body(rejected(1)))]
    with writing(sqlite), pytest.raises(DatabaseAway):
        commit(messages, engine=sqlite, stores=stores, received=NOW)
    answers = commit(messages, engine=sqlite, stores=stores, received=NOW + timedelta(seconds=1))
    assert answers[DEVICE, EPOCH].taken == {1}


def test_collectors_that_hear_of_the_same_devices_do_not_wait_for_each_other_in_a_ring(
    postgresql: Database, stores: StoreBook
) -> None:
    first, last = Address("acme", "s1", "d1"), Address("acme", "s1", "d9")

    def hear(speaks: Address, stands: Address, offset: int) -> None:
        for seq in range(1, 41):
            told = Message(speaks, Channel.EVENTS, body(rejected(seq, device=speaks)), None, 1, 1, 1)
            word = {"state": "born", "connection": f"c{seq + offset}", "epoch": EPOCH, "boot": "0123abcd"}
            state = Message(stands, Channel.STATE, json.dumps(word).encode(), None, 2, 1, 1)
            commit([told, state], engine=postgresql, stores=stores, received=NOW)

    with ThreadPoolExecutor(2) as pool:
        for done in (pool.submit(hear, first, last, 0), pool.submit(hear, last, first, 100)):
            done.result()  # a deadlock would be a DatabaseAway
    with reading(postgresql) as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 80
