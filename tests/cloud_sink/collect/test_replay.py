"""What the quarantine gives back, and what it keeps on purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sink.collect.replay import Replayed, replay
from cloud_sink.collect.triage import Claim, read_message
from cloud_sink.store.database import reading, writing
from cloud_sink.store.facts import RefusedBody
from cloud_sink.store.intake import take
from cloud_sink.store.quarantine import listed
from edge.contract.receipts import RefusalReason
from tests.cloud_sink.words import DEVICE, EPOCH, body, fact, rejected

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def hold(database: Database, stores: StoreBook, *refused: RefusedBody) -> None:
    with writing(database) as connection:
        take(connection, [], refused, stores=stores, received=NOW)


def test_a_body_that_contradicted_its_properties_contradicts_them_on_replay(
    database: Database, stores: StoreBook
) -> None:
    (part,) = read_message(body(rejected(10)), DEVICE, Claim(EPOCH, 42))
    assert isinstance(part, RefusedBody)
    hold(database, stores, part)
    assert replay(database, stores) == Replayed(taken=0, kept=1)
    with reading(database) as connection:
        assert [(row.seq, row.reason) for row in listed(connection)] == [(42, "wrong-source")]


def test_what_is_understood_now_is_taken_whoever_named_it(database: Database, stores: StoreBook) -> None:
    named, nameless = fact(rejected(1)), fact(rejected(2))
    older = RefusalReason.UNKNOWN_TYPE  # as an older version judged them
    hold(
        database,
        stores,
        RefusedBody(DEVICE, EPOCH, 1, older, "", named.body, named.sha256),
        RefusedBody(DEVICE, None, None, older, "", nameless.body, nameless.sha256),
    )
    assert replay(database, stores) == Replayed(taken=2, kept=0)
    with reading(database) as connection:
        assert listed(connection) == []
