"""Copied identities in the store: found, kept, and over once they are settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.lives import SETTLING
from cloud_sink.store import clones, fleet_log, identities
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.identities import Identity, Issued
from cloud_sink.store.intake import take
from edge.contract.receipts import DeviceState
from edge.contract.topics import Address
from tests.cloud_sink.words import DEVICE, EPOCH, fact, rejected

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NAMED = DEVICE.tenant, DEVICE.device
A, B, C = "aaaaaaaa", "bbbbbbbb", "cccccccc"


def born(boot: str, at: datetime, epoch: str = EPOCH) -> DeviceState:
    return DeviceState(state="born", connection=f"c-{at.timestamp():.0f}", epoch=epoch, boot=boot, at=at)


def connect(database: Database, *boots: str, at: datetime = NOW, device: Address = DEVICE) -> list[clones.Named]:
    """Boots that connect one after the other, each heard alone; returns what they newly prove."""
    found = []
    for number, boot in enumerate(boots):
        moment = at + 5 * number * SECOND
        with writing(database) as connection:
            fleet_log.note_states(connection, [(device, born(boot, moment))], moment)
            found += clones.note_lives(connection, [(device, born(boot, moment))], moment)
    return found


def let_in(database: Database, at: datetime, name: str = "first") -> None:
    ends = at + timedelta(days=300)
    one = Identity(name, *NAMED, "s1", "f1", "k" * 64, "PEM", "ca", at, ends, "t" * 64)
    with writing(database) as connection:
        identities.enter(connection, one, Issued(f"{name}-serial", name, "ca", ends))


def standing(database: Database) -> dict[clones.Named, clones.Clone]:
    with reading(database) as connection:
        return clones.standing(connection)


def test_two_boards_are_found_once_and_the_last_time_is_kept(database: Database) -> None:
    let_in(database, NOW - timedelta(seconds=5))
    assert connect(database, A, B, A, B, A) == [NAMED]
    (found,) = standing(database).values()
    assert (found.device, found.store, found.mark) == ("d1", "s1", "boot")
    assert (found.since, found.last) == (NOW + 15 * SECOND, NOW + 20 * SECOND)


def test_words_that_come_in_one_batch_prove_the_same(database: Database) -> None:
    words = [(DEVICE, born(boot, NOW + number * SECOND)) for number, boot in enumerate((A, B, A, B))]
    with writing(database) as connection:
        assert clones.note_lives(connection, words, NOW) == [NAMED]


def test_words_that_two_collectors_hear_prove_nothing(database: Database) -> None:
    words = [(DEVICE, born(boot, NOW + number * SECOND)) for number, boot in enumerate((A, A, B, C))]
    for heard in (words, words[:2], words):  # the second one lags
        for word in heard:
            with writing(database) as connection:
                clones.note_lives(connection, [word], NOW)
    assert standing(database) == {}


def test_restarts_are_no_copies(database: Database) -> None:
    connect(database, *(f"{number:08x}" for number in range(40)))
    assert standing(database) == {}


def test_a_revoked_device_is_settled(database: Database) -> None:
    let_in(database, NOW - timedelta(days=9))
    connect(database, A, B, A, B)
    with writing(database) as connection:
        identities.revoke(connection, "first", NOW + timedelta(minutes=1))
    assert standing(database) == {}
    assert connect(database, A, B, A, B, at=NOW + timedelta(minutes=1)) == []  # a broker that has not heard of it yet


def test_a_new_board_under_the_name_settles_it_though_both_old_ones_go_on_for_a_while(database: Database) -> None:
    let_in(database, NOW - timedelta(days=9))
    connect(database, A, B, A, B)
    let_in(database, NOW + timedelta(minutes=1), "second")
    assert connect(database, A, B, C, A, B, C, at=NOW + timedelta(minutes=1, seconds=5)) == []
    assert standing(database) == {}
    later = NOW + timedelta(minutes=2, milliseconds=SETTLING)
    assert connect(database, C, C, at=later) == []
    assert connect(database, A, C, A, C, at=later + timedelta(minutes=1)) == [NAMED]  # that broker lets all in


def test_what_somebody_cleared_is_found_again_while_both_speak(database: Database) -> None:
    connect(database, A, B, A, B)
    with writing(database) as connection:
        assert clones.clear(connection, *NAMED, by="mai", now=NOW + timedelta(minutes=1))
        assert not clones.clear(connection, *NAMED, by="mai", now=NOW + timedelta(minutes=1))
    assert standing(database) == {}
    assert connect(database, A, A, at=NOW + timedelta(minutes=2)) == []
    assert connect(database, B, A, B, at=NOW + timedelta(minutes=3)) == [NAMED]
    (found,) = standing(database).values()
    assert found.since > NOW + timedelta(minutes=3)


def test_one_tenants_device_is_no_copy_of_anothers(database: Database) -> None:
    other = Address("rival", DEVICE.store, DEVICE.device)
    for number, device in enumerate((DEVICE, other, DEVICE, other)):
        connect(database, A if device is DEVICE else B, at=NOW + number * SECOND, device=device)
    assert standing(database) == {}


@pytest.mark.parametrize("hours", [1, 25])
def test_numbers_that_come_twice_raise_a_doubt_for_a_day(database: Database, stores: StoreBook, hours: int) -> None:
    with writing(database) as connection:
        take(connection, [fact(rejected(1))], [], stores=stores, received=NOW)
        take(connection, [fact(rejected(1, reason="blurred"))], [], stores=stores, received=NOW + SECOND)
        take(connection, [fact(rejected(1, reason="moved"))], [], stores=stores, received=NOW + 2 * SECOND)
    with reading(database) as connection:
        found = clones.doubts(connection, "acme", NOW + timedelta(hours=hours))
    assert found == ({NAMED: clones.Doubt(2, NOW + 2 * SECOND)} if hours == 1 else {})
    assert standing(database) == {}
