"""Webhooks to a real receiver, checked by the standard's own library."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cloud_sink.evidence.folder import Folder
from cloud_sink.fleet.alert_settings import WebhookSection
from cloud_sink.out.channels import Channels
from cloud_sink.out.post import AddressRefused, check_url, post
from cloud_sink.out.sender import BACK_OFF, PAUSES, Sender
from cloud_sink.out.signing import new_secret
from cloud_sink.store import outgoing
from cloud_sink.store.database import Database, DatabaseAway, reading, writing
from cloud_sink.store.deletion import delete_all
from cloud_sink.store.intake import take
from edge.contract.topics import Address
from tests.cloud_sink.out.receiver import Receiver, receiving
from tests.cloud_sink.words import EPOCH, START, fact, rejected, stockout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)
RIVAL = Address("rival", "s1", "d1")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept


def sender(database: Database) -> Sender:
    return Sender(database, WebhookSection(allow_private=True), Channels({}), None)


def hook(database: Database, receiver: Receiver, *types: str, tenant: str = "acme") -> outgoing.Outlet:
    made = outgoing.Outlet("hook-1", "webhook", tenant, types, receiver.url, new_secret(), NOW, "mai")
    with writing(database) as connection:
        outgoing.put_outlet(connection, made)
    return made


def come(database: Database, stores: StoreBook, *events: dict[str, Any], device: Address | None = None) -> None:
    with writing(database) as connection:
        facts = [fact(one, device=device) if device else fact(one) for one in events]
        take(connection, facts, [], stores=stores, received=NOW)


def state(database: Database) -> tuple[int, outgoing.Outlet]:
    with reading(database) as connection:
        found = outgoing.find_outlet(connection, "hook-1")
        assert found is not None
        return outgoing.waiting(connection), found


def test_an_event_of_its_types_arrives_signed_and_once(
    database: Database, stores: StoreBook, receiver: Receiver
) -> None:
    made = hook(database, receiver, "stockout.opened.v1")
    opened = stockout(1, "a", START)
    come(database, stores, opened, rejected(2))
    come(database, stores, opened)  # sent twice by the device, stored once
    sender(database).turn(NOW)
    sender(database).turn(NOW)
    ((headers, body),) = receiver.taken
    (told,) = [Webhook(made.secret).verify(body, stamped(made, headers, body))]
    assert (told["type"], told["data"]) == ("stockout.opened.v1", opened)
    assert headers["webhook-id"] == f"msg_{EPOCH}-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    assert state(database)[0] == 0


def stamped(made: outgoing.Outlet, headers: dict[str, str], body: bytes) -> dict[str, str]:
    """The headers as they came: the library refuses them when they are older than five minutes."""
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300, (made, body)
    return headers


def test_another_tenants_events_do_not_arrive(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    hook(sqlite, receiver, "stockout.opened.v1", tenant="rival")
    come(sqlite, stores, stockout(1, "a", START))
    assert state(sqlite)[0] == 0
    come(sqlite, stores, stockout(1, "a", START, device=RIVAL), device=RIVAL)
    assert state(sqlite)[0] == 1


def test_what_is_not_taken_is_tried_later_and_later_and_then_given_up(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    come(sqlite, stores, stockout(1, "a", START))
    receiver.status, now, tries = 500, NOW, []
    for wait in BACK_OFF[:4]:
        sender(sqlite).turn(now)
        tries.append(len(receiver.taken))
        sender(sqlite).turn(now + wait - timedelta(seconds=1))
        assert len(receiver.taken) == tries[-1]
        now += wait + timedelta(seconds=1)  # sending takes a moment, too
    assert tries == [1, 2, 3, 4]
    assert {headers["webhook-id"] for headers, _ in receiver.taken} == {f"msg_{EPOCH}-1"}
    assert state(sqlite)[1].trouble.startswith("HTTP 500")
    receiver.status = 204
    sender(sqlite).turn(now)
    assert state(sqlite)[0] == 0
    assert state(sqlite)[1].trouble == ""
    come(sqlite, stores, stockout(2, "b", START, episode="e2"))
    sender(sqlite).turn(NOW + timedelta(days=4))
    assert (state(sqlite)[0], len(receiver.taken)) == (0, 5)


def test_of_many_that_wait_one_tries_for_all(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    come(sqlite, stores, *[stockout(seq, "a", START, episode=f"e{seq}") for seq in range(1, 16)])
    receiver.status = 503
    sender(sqlite).turn(NOW)
    assert len(receiver.taken) == 1
    receiver.status = 200
    sender(sqlite).turn(NOW + BACK_OFF[0] + timedelta(seconds=1))
    assert state(sqlite)[0] == 0
    arrived = [headers["webhook-id"].rpartition("-")[2] for headers, _ in receiver.taken[1:]]
    assert arrived == [*map(str, range(2, 16)), "1"]  # the one that failed before goes last


def test_what_comes_while_a_receiver_fails_waits_with_the_rest(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    receiver.status, now = 503, NOW
    for turn in range(1, 4):
        come(sqlite, stores, *[stockout(30 * turn + n, "a", START, episode=f"e{turn}-{n}") for n in range(30)])
        sender(sqlite).turn(now)
        sender(sqlite).turn(now + PAUSES[turn - 1] - timedelta(seconds=1))
        assert len(receiver.taken) == turn
        now += PAUSES[turn - 1] + timedelta(seconds=1)
    receiver.status = 200
    sender(sqlite).turn(now)
    assert (state(sqlite)[0], state(sqlite)[1].failures, len(receiver.taken)) == (0, 0, 93)


def test_a_message_that_is_never_taken_holds_up_no_other(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    receiver.refused = "poison"
    come(sqlite, stores, *[stockout(n, "poison" if n == 1 else "a", START, episode=f"e{n}") for n in range(1, 6)])
    sender(sqlite).turn(NOW)
    sender(sqlite).turn(NOW + timedelta(seconds=7))
    assert state(sqlite)[0] == 1
    come(sqlite, stores, stockout(6, "b", START, episode="e6"))
    sender(sqlite).turn(NOW + timedelta(seconds=30))
    assert state(sqlite)[0] == 1


def test_a_receiver_that_does_not_answer_holds_up_no_other(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    receiver.hold = threading.Event()
    with receiving() as other:
        with writing(sqlite) as connection:
            types, secret = ("stockout.opened.v1",), new_secret()
            outgoing.put_outlet(
                connection, outgoing.Outlet("hook-2", "webhook", "acme", types, other.url, secret, NOW, "")
            )
        running = sender(sqlite)
        for seq in (1, 2):
            come(sqlite, stores, stockout(seq, "a", START, episode=f"e{seq}"))
            running._look(NOW + timedelta(seconds=seq))
            until(other, seq)
        assert len(receiver.taken) == 1
        receiver.hold.set()
        running.turn(NOW + timedelta(seconds=5))
    assert len(receiver.taken) == 2


def until(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(receiver.taken) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_answer_that_never_ends_is_none(receiver: Receiver) -> None:
    receiver.dripping = True
    outcome = post(receiver.url, b"{}", {}, allow_private=True, longest=0.3)
    assert not outcome.arrived
    assert outcome.why


def test_what_was_sent_and_not_marked_is_sent_again_under_its_id(
    sqlite: Database, stores: StoreBook, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    come(sqlite, stores, stockout(1, "a", START))
    with monkeypatch.context() as killed:
        killed.setattr(Sender, "_note", lambda *_: (_ for _ in ()).throw(DatabaseAway("the plug is pulled", "")))
        sender(sqlite).turn(NOW)
    sender(sqlite).turn(NOW + timedelta(minutes=4))  # somebody else may still be at it
    assert len(receiver.taken) == 1
    sender(sqlite).turn(NOW + timedelta(minutes=6))
    first, second = (headers["webhook-id"] for headers, _ in receiver.taken)
    assert (first, state(sqlite)[0]) == (second, 0)


def test_what_a_library_cannot_send_ends_nobody_elses_messages(
    sqlite: Database, stores: StoreBook, receiver: Receiver
) -> None:
    made = hook(sqlite, receiver, "stockout.opened.v1")
    with writing(sqlite) as connection:
        outgoing.put_outlet(connection, replace(made, id="hook-0", url=f"{receiver.url}/例え"))
    come(sqlite, stores, stockout(1, "a", START))
    sender(sqlite).turn(NOW)
    assert len(receiver.taken) == 1
    with reading(sqlite) as connection:
        broken = outgoing.find_outlet(connection, "hook-0")
    assert broken is not None
    assert "UnicodeEncodeError" in broken.trouble


def test_a_queue_has_its_bound(database: Database, stores: StoreBook, receiver: Receiver) -> None:
    hook(database, receiver, "stockout.opened.v1")
    receiver.status = 503
    come(database, stores, *[stockout(n, "a", START, episode=f"e{n}") for n in range(1, 9)])
    bounded = Sender(database, WebhookSection(allow_private=True, most_waiting=3), Channels({}), None)
    bounded.turn(NOW)
    assert state(database)[0] == 3
    receiver.status = 200
    sender(database).turn(NOW + timedelta(minutes=2))
    assert sorted(headers["webhook-id"][-1] for headers, _ in receiver.taken[1:]) == ["6", "7", "8"]


def test_what_is_deleted_of_a_store_is_not_sent(
    sqlite: Database, stores: StoreBook, receiver: Receiver, tmp_path: Path
) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    come(sqlite, stores, stockout(1, "a", START))
    delete_all(sqlite, Folder(tmp_path), tenant="acme", kind="store", name="s1", by="mai", now=NOW)
    assert state(sqlite)[0] == 0


def test_a_receiver_that_is_gone_is_asked_no_more(sqlite: Database, stores: StoreBook, receiver: Receiver) -> None:
    hook(sqlite, receiver, "stockout.opened.v1")
    receiver.status = 410
    come(sqlite, stores, stockout(1, "a", START))
    sender(sqlite).turn(NOW)
    come(sqlite, stores, stockout(2, "b", START, episode="e2"))
    sender(sqlite).turn(NOW)
    assert state(sqlite)[1].disabled
    assert (len(receiver.taken), state(sqlite)[0]) == (1, 0)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, receiver.url
    outcome = post(receiver.url, b"{}", {}, allow_private=True)
    assert not outcome.arrived
    assert len(receiver.taken) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://192.0.0.8/",
        "https://[64:ff9b::a00:1]/",  # 10.0.0.1 behind a translator
        "https://[2002:a00:1::]/",  # and through a tunnel
        "https://[::127.0.0.1]/",
        "https://[fec0::1]/",
        "https://user:word@example.com/",
        "https:///nowhere",
    ],
)
def test_addresses_of_our_own_network_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, allow_private=False)


def test_a_name_that_leads_into_our_network_is_refused_when_it_is_used(receiver: Receiver) -> None:
    check_url("https://localhost/", allow_private=False)  # a name says nothing yet
    outcome = post(f"https://localhost:{receiver.port}/", b"{}", {}, allow_private=False)
    assert "address of this network" in outcome.why
    assert receiver.taken == []
