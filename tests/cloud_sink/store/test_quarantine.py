"""The quarantine keeps what was refused, within bounds."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import select

from cloud_sink.collect.commit import commit
from cloud_sink.collect.link import Message
from cloud_sink.store.database import MIGRATIONS, open_database, reading, upgrade, writing
from cloud_sink.store.quarantine import Held, hold, listed, release
from cloud_sink.store.tables import quarantine_use
from edge.contract.topics import Address, Channel
from tests.cloud_sink.words import DEVICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 20, tzinfo=UTC)
NEIGHBOUR = Address("other", "s1", "d1")
ROW = 1000  # bytes that each of these bodies takes, with its row


@pytest.fixture
def said() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def refused(number: int, address: Address = DEVICE) -> Held:
    content = b"%d" % number
    content += b"x" * (ROW - 300 - len(content))
    return Held(address, "", 0, "unreadable", "", content, hashlib.sha256(content).digest())


def numbers(database: Database, tenant: str = DEVICE.tenant) -> list[int]:
    with reading(database) as connection:
        return [int(row.body.rstrip(b"x")) for row in listed(connection, tenant=tenant)]


def use(database: Database) -> dict[str, int]:
    with reading(database) as connection:
        return {row.tenant: row.bytes for row in connection.execute(select(quarantine_use))}


def test_the_oldest_go_when_a_tenant_s_share_is_full_and_its_neighbour_s_stay(
    database: Database, said: list[Any]
) -> None:
    with writing(database) as connection:
        hold(connection, [refused(0, NEIGHBOUR)], NOW, 10 * ROW)
    for first in range(0, 25, 5):
        with writing(database) as connection:
            hold(connection, [refused(first + step) for step in range(5)], NOW, 10 * ROW)
    assert numbers(database) == list(range(15, 25))
    assert numbers(database, "other") == [0]
    assert use(database) == {"acme": 10 * ROW, "other": ROW}
    assert [(line["event"], line["tenant"]) for line in said] == [("quarantine.full", "acme")]


def test_a_batch_larger_than_the_share_leaves_its_last(database: Database) -> None:
    with writing(database) as connection:
        hold(connection, [refused(number) for number in range(2500)], NOW, 10 * ROW)
    assert numbers(database) == list(range(2490, 2500))


def test_what_is_there_already_takes_no_room_and_what_is_released_gives_it_back(database: Database) -> None:
    for _ in range(3):
        with writing(database) as connection:
            hold(connection, [refused(1), refused(2)], NOW, 10 * ROW)
    assert use(database) == {"acme": 2 * ROW}
    with writing(database) as connection:
        release(connection, [listed(connection)[0].id])
    assert numbers(database) == [2]
    assert use(database) == {"acme": ROW}


def test_a_quarantine_of_an_older_version_is_measured(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        connection.exec_driver_sql(
            "INSERT INTO quarantine (tenant, store, device, epoch, seq, reason, detail, received, sha256, body)"
            " VALUES ('acme', 's1', 'd1', '', 0, 'invalid', '12345', 0, x'00', x'010203')"
        )
        connection.commit()
    upgrade(engine)
    assert use(engine) == {"acme": 308}
    engine.dispose()


def test_arrays_of_rubbish_are_a_row_each(database: Database, stores: StoreBook) -> None:
    flood = [b"[%d," % number + b",".join(b"%d" % each for each in range(30_000)) + b"]" for number in range(4)]
    messages = [Message(DEVICE, Channel.EVENTS, body, None, mid=1, qos=1, connection=1) for body in flood]
    commit(messages, engine=database, stores=stores, received=NOW)
    with reading(database) as connection:
        assert [row.body for row in listed(connection)] == flood


def test_the_share_that_is_set_is_the_one_that_holds(database: Database, stores: StoreBook) -> None:
    messages = [Message(DEVICE, Channel.EVENTS, b"?%d" % each, None, mid=1, qos=1, connection=1) for each in range(50)]
    commit(messages, engine=database, stores=stores, received=NOW, quarantine_bytes=10 * ROW)
    assert 0 < use(database)["acme"] <= 10 * ROW
    with reading(database) as connection:
        assert listed(connection)[-1].body == b"?49"
