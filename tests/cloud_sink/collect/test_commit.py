from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from cloud_sink.collect.commit import commit
from cloud_sink.collect.link import Message
from cloud_sink.store import intake, sums
from cloud_sink.store.database import Database, DatabaseAway, reading, writing
from cloud_sink.store.tables import devices, events, quarantine
from edge.contract.receipts import RefusalReason
from edge.contract.topics import Channel
from tests.cloud_sink.words import DEVICE, EPOCH, body, rejected

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def message(payload: bytes, channel: Channel = Channel.EVENTS) -> Message:
    return Message(DEVICE, channel, payload, None, mid=1, qos=1, connection=1)


@pytest.fixture
def broken_at_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the roll-ups that one event brings out."""
    add_event = sums.add_event

    def faulty(counted: Any, payload: Any, **more: Any) -> None:
        if payload.capture == "c2":
            raise ZeroDivisionError
        add_event(counted, payload, **more)

    monkeypatch.setattr(intake, "add_event", faulty)


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


def test_while_the_database_is_away_nothing_is_answered(database: Database, stores: StoreBook) -> None:
    sqlalchemy_event.listen(database, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=1"))
    database.dispose()
    messages = [message(body(rejected(1)))]
    with writing(database), pytest.raises(DatabaseAway):
        commit(messages, engine=database, stores=stores, received=NOW)
    answers = commit(messages, engine=database, stores=stores, received=NOW + timedelta(seconds=1))
    assert answers[DEVICE, EPOCH].taken == {1}
