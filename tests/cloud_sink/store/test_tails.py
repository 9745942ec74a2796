"""What a ledger that was set back asks for, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store import ledger, resends, tails
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.intake import take
from cloud_sink.store.resends import Resend
from tests.cloud_sink.words import DEVICE, EPOCH, START, fact, rejected

if TYPE_CHECKING:
    from datetime import datetime

    from edge.contract.ranges import Ranges

HOUR = timedelta(hours=1)
SET_BACK = START + 10 * HOUR
ONE = (DEVICE.tenant, DEVICE.device, EPOCH)


def tell(database: Database, *numbers: int, at: datetime = START) -> None:
    with writing(database) as connection:
        take(connection, [fact(rejected(seq)) for seq in numbers], [], stores=StoreBook(), received=at)


def due(database: Database, now: datetime) -> list[tails.Tail]:
    with reading(database) as connection:
        return tails.due(connection, heard_since=now - HOUR, asked_before=now - HOUR, limit=10)


@pytest.fixture
def set_back(database: Database) -> Database:
    tell(database, 1, 2, 5)
    with writing(database) as connection:
        assert tails.open_all(connection, SET_BACK) == 1
    return database


def test_an_outbox_is_asked_once_its_device_speaks_again(set_back: Database) -> None:
    assert due(set_back, SET_BACK + HOUR / 2) == []
    tell(set_back, 1, at=SET_BACK + HOUR / 4)
    assert due(set_back, SET_BACK + HOUR / 2) == [tails.Tail(DEVICE, EPOCH, 5)]
    assert due(set_back, SET_BACK + 2 * HOUR) == []  # it fell silent


def test_of_two_collectors_one_asks_and_an_unanswered_question_is_asked_again(set_back: Database) -> None:
    now = SET_BACK + HOUR
    tell(set_back, 1, at=now)
    (tail,) = due(set_back, now)
    with writing(set_back) as connection:
        asked = [tails.note_asked(connection, tail, asked_before=now - HOUR, now=now) for _ in range(2)]
    assert asked == [True, False]
    assert due(set_back, now) == []
    tell(set_back, 1, at=now + 2 * HOUR)
    assert due(set_back, now + 2 * HOUR) == [tail]
    with writing(set_back) as connection:
        tails.close(connection, tail.sequence)
    assert due(set_back, now + 2 * HOUR) == []


@pytest.mark.parametrize(
    ("dropped", "entered"),
    [
        (((6, 7),), ((6, 7),)),
        (((6, tails.LAST_SEQ),), ()),  # the device knows nothing of this outbox
        ((), ()),
    ],
)
def test_an_answer_says_which_numbers_are_gone(set_back: Database, dropped: Ranges, entered: Ranges) -> None:
    open_end = Resend("r1", DEVICE, EPOCH, ((6, tails.LAST_SEQ),), START, START + HOUR)
    with writing(set_back) as connection:
        resends.ask(connection, open_end)
        assert resends.answer(connection, DEVICE, "r1", text="", dropped=dropped, at=START) is not None
        assert resends.answer(connection, DEVICE, "r1", text="", dropped=dropped, at=START) is None
        assert ledger.read(connection, "dropped", {ONE: (1, tails.LAST_SEQ)})[ONE] == entered


def test_being_set_back_again_asks_again(set_back: Database) -> None:
    tell(set_back, 9)
    with writing(set_back) as connection:
        assert tails.open_all(connection, SET_BACK + HOUR) == 1
    tell(set_back, 1, at=SET_BACK + 2 * HOUR)
    assert [tail.after for tail in due(set_back, SET_BACK + 2 * HOUR)] == [9]
