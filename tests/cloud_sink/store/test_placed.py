"""What a device says of a store counts where it stands or stood, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloud_sink.collect.triage import read_message
from cloud_sink.store import identities, orders, placements
from cloud_sink.store.database import writing
from cloud_sink.store.facts import Fact
from cloud_sink.store.identities import Identity, Issued
from cloud_sink.store.intake import take
from cloud_sink.store.orders import Order
from cloud_sink.store.placed import out_of_place
from cloud_sink.store.placements import Placement
from edge.contract.payloads import CaptureRejected
from edge.contract.receipts import RefusalReason
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp, seal

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

NOW = datetime(2026, 3, 14, 3, tzinfo=UTC)
EPOCH = "0" * 32


def said(seq: int, *, of: str, device: str) -> Fact:
    """What a device that is at s2 says of a store."""
    rejected = CaptureRejected(capture="c", camera="cam-1", fixture="f1", trigger="scheduled", reason="dark")
    stamp = Stamp("Asia/Ho_Chi_Minh", "synced", "0" * 32, 1)
    body = seal(Draft(NOW, rejected), stamp=stamp, address=Address("acme", of, device), epoch=EPOCH, seq=seq).body
    (fact,) = read_message(body, Address("acme", "s2", device), None)
    assert isinstance(fact, Fact)
    return fact


def test_a_device_that_was_let_in_tells_of_stores_where_it_was_placed_alone(
    database: Database, stores: StoreBook
) -> None:
    with writing(database) as connection:
        for store in ("s1", "s2"):
            placements.begin(connection, Placement("acme", "unit-1", "i", "k", store, "f1", NOW, "installed", ""))
        facts = [said(seq, of=f"s{seq}", device="unit-1") for seq in (1, 2, 3)]
        answers = take(connection, facts, [], stores=stores, received=NOW)
    answer = answers[Address("acme", "s2", "unit-1"), EPOCH]
    assert answer.taken == {1, 2}
    assert answer.refused == {3: (RefusalReason.WRONG_SOURCE, "the device never stood in s3")}


def test_a_device_without_an_identity_is_taken_at_its_word(database: Database, stores: StoreBook) -> None:
    with writing(database) as connection:
        answers = take(connection, [said(1, of="s3", device="demo")], [], stores=stores, received=NOW)
    assert answers[Address("acme", "s2", "demo"), EPOCH].taken == {1}


def test_what_a_broker_kept_of_a_place_that_a_device_has_left_says_nothing(database: Database) -> None:
    board = Identity("i" * 32, "acme", "unit-1", "s1", "f1", "k", "", "", NOW, NOW, "")
    places = [Address("acme", store, name) for name in ("unit-1", "demo") for store in ("s1", "s2")]
    with writing(database) as connection:
        identities.enter(connection, board, Issued("1", board.id, "", NOW))
        orders.enter(connection, Order("o", "acme", "unit-1", board.id, "move", "s2", "f1", "mai", "", NOW))
        assert out_of_place(connection, places) == set()  # it may speak from either
        orders.settle(connection, "o", "done", NOW)
        identities.move(connection, board, store="s2", fixture="f1", now=NOW, by="mai")
        assert out_of_place(connection, places) == {Address("acme", "s1", "unit-1")}
