"""What devices say of themselves, and which of it is news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from cloud_sink.store import fleet_log
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.moments import from_ms
from cloud_sink.store.tables import devices
from edge.contract.receipts import DeviceState
from tests.cloud_sink.words import DEVICE, EPOCH

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def state(said: str, connection: str) -> DeviceState:
    return DeviceState.model_validate({"state": said, "connection": connection, "epoch": EPOCH, "boot": "0123abcd"})


def hear(database: Database, *words: tuple[str, str], at: datetime = NOW) -> int:
    with writing(database) as connection:
        return fleet_log.note_states(connection, [(DEVICE, state(*word)) for word in words], at)


def standing(database: Database) -> tuple[str, str, datetime]:
    with reading(database) as connection:
        row = connection.execute(select(devices.c.state, devices.c.connection, devices.c.last_seen)).one()
    return row.state, row.connection, from_ms(row.last_seen)


WORDS = [
    (("born", "c1"), True),
    (("born", "c2"), True),
    (("lost", "c1"), False),
    (("offline", "c1"), False),
    (("lost", "c2"), True),
    (("born", "c3"), True),
    (("offline", "c3"), True),
    (("lost", "c3"), False),  # a last will that a broker sent all the same
    (("born", "c3"), True),
]


def test_an_older_connection_changes_nothing(database: Database) -> None:
    for word, changes in WORDS:
        assert hear(database, word) == changes, word
    assert standing(database)[:2] == ("born", "c3")


def test_words_that_come_together_are_taken_in_their_order(database: Database) -> None:
    assert hear(database, *(word for word, _ in WORDS)) == sum(changes for _, changes in WORDS)
    assert standing(database)[:2] == ("born", "c3")


def test_a_word_that_is_known_says_nothing_of_today(database: Database) -> None:
    hear(database, ("born", "c1"))
    assert hear(database, ("born", "c1"), at=NOW + timedelta(days=1)) == 0  # retained: a collector has started
    assert standing(database) == ("born", "c1", NOW)
    assert hear(database, ("born", "c2"), at=NOW + timedelta(days=2)) == 1
    assert standing(database) == ("born", "c2", NOW + timedelta(days=2))
